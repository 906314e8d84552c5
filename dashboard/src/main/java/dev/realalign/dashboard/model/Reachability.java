package dev.realalign.dashboard.model;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Whether something the dashboard reads from answers.
 *
 * @param answers null before it was asked
 * @param since since when that is so
 * @param trouble why it does not answer, in a sentence; empty while it does
 */
public record Reachability(@Nullable Boolean answers, @Nullable Instant since, String trouble) {
    /** Before it was asked. */
    static final Reachability UNKNOWN = new Reachability(null, null, "");

    /** After an answer. */
    Reachability answered(Instant now) {
        return Boolean.TRUE.equals(answers) ? this : new Reachability(true, now, "");
    }

    /** After none; the reason is the newest, the time the first. */
    Reachability failed(String reason, Instant now) {
        return new Reachability(
                false, Boolean.FALSE.equals(answers) && since != null ? since : now, Texts.shortened(reason, 400));
    }

    /** Whether it is known not to answer. */
    boolean isDown() {
        return Boolean.FALSE.equals(answers);
    }
}
