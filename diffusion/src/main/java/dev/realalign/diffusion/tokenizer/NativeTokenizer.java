package dev.realalign.diffusion.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import dev.realalign.diffusion.ModelFormatException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The {@code tokenizers} library without its own markers, truncation and padding, which the callers do themselves. */
final class NativeTokenizer implements AutoCloseable {

    /** Without these the library cuts at 512 tokens and says so only in its log. */
    private static final Map<String, String> WHOLE_TEXT = Map.of("truncation", "do_not_truncate", "padding", "false");

    private final HuggingFaceTokenizer tokenizer;

    private NativeTokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    static NativeTokenizer parse(String name, String tokenizerJson) {
        try {
            byte[] bytes = tokenizerJson.getBytes(StandardCharsets.UTF_8);
            return new NativeTokenizer(HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(bytes), WHOLE_TEXT));
        } catch (IOException | RuntimeException e) {
            throw new ModelFormatException(name, "the tokenizer library refuses it (" + e.getMessage() + ")");
        }
    }

    /** All tokens of the text, without start and end markers. */
    Encoding encode(String text) {
        return tokenizer.encode(text, false, false);
    }

    /** The text from the first token that was not kept to the end; empty if all were kept. */
    static String textFrom(String text, Encoding encoding, int kept) {
        @Nullable CharSpan[] spans = encoding.getCharTokenSpans();
        for (int i = kept; i < spans.length; i++) {
            CharSpan span = spans[i];
            if (span != null) { // in code points of the original text
                return text.substring(text.offsetByCodePoints(0, span.getStart()))
                        .strip();
            }
        }
        return "";
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
