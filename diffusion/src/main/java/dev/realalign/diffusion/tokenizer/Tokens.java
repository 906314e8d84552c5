package dev.realalign.diffusion.tokenizer;

import java.util.Arrays;
import java.util.Optional;

/** The token ids of one prompt, padded to the tokenizer's length, and what did not fit. */
public final class Tokens {

    private final String text;
    private final long[] ids;
    private final String lost;

    Tokens(String text, long[] ids, String lost) {
        this.text = text;
        this.ids = ids;
        this.lost = lost;
    }

    /** The prompt as it was given. */
    public String text() {
        return text;
    }

    /** The ids (N), start and end markers and padding included; a copy. */
    public long[] ids() {
        return ids.clone();
    }

    /** The words of the prompt that did not fit, exactly as they were written; empty if everything fitted. */
    public String lost() {
        return lost;
    }

    /** A sentence for the user that names the lost words, if there are any. */
    public Optional<String> warning() {
        return lost.isEmpty()
                ? Optional.empty()
                : Optional.of("the prompt is longer than " + ids.length
                        + " tokens; these words have no effect, shorten the prompt to keep them: \"" + lost + "\"");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Tokens that
                && text.equals(that.text)
                && Arrays.equals(ids, that.ids)
                && lost.equals(that.lost);
    }

    @Override
    public int hashCode() {
        return 31 * text.hashCode() + Arrays.hashCode(ids);
    }

    @Override
    public String toString() {
        return "Tokens" + Arrays.toString(ids) + (lost.isEmpty() ? "" : " lost \"" + lost + "\"");
    }
}
