package dev.realalign.diffusion.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import com.fasterxml.jackson.databind.JsonNode;
import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * T5's SentencePiece unigram tokenizer (Raffel et al. 2019, arXiv 1910.10683), from the {@code tokenizer.json} of a
 * diffusers folder.
 *
 * <p>A prompt becomes: at most {@code length - 1} tokens, the end marker {@code </s>} (id 1 in every published T5), and
 * {@code <pad>} (id 0).
 */
public final class T5Tokenizer implements TextTokenizer {

    /** Ids per prompt in Stable Diffusion 3's published pipeline. */
    public static final int STABLE_DIFFUSION_3_LENGTH = 256;

    private static final String END = "</s>";
    private static final String PAD = "<pad>";

    private final NativeTokenizer tokenizer;
    private final int length;
    private final long end;
    private final long pad;

    private T5Tokenizer(NativeTokenizer tokenizer, int length, long end, long pad) {
        this.tokenizer = tokenizer;
        this.length = length;
        this.end = end;
        this.pad = pad;
    }

    /**
     * @param folder a {@code tokenizer_3} folder with a tokenizer.json
     * @param length ids per prompt, at least 2
     * @throws ModelFormatException naming the file and the remedy
     */
    public static T5Tokenizer load(Path folder, int length) {
        if (length < 2) {
            throw new IllegalArgumentException("a T5 prompt needs at least 2 tokens, not " + length);
        }
        Path file = folder.resolve("tokenizer.json");
        if (!Files.exists(file)) {
            throw new ModelFormatException(
                    folder.toString(),
                    Files.exists(folder.resolve("spiece.model"))
                            ? "it holds spiece.model but no tokenizer.json; write one with transformers:"
                                    + " T5TokenizerFast.from_pretrained(FOLDER).save_pretrained(FOLDER)"
                            : "it holds no tokenizer.json");
        }
        String json;
        try {
            json = Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new ModelFormatException(file.toString(), "it cannot be read (" + e + ")");
        }
        Map<String, Long> markers = JsonConfig.parse(file.toString(), json, T5Tokenizer::markers);
        return new T5Tokenizer(
                NativeTokenizer.parse(file.toString(), json),
                length,
                Objects.requireNonNull(markers.get(END)),
                Objects.requireNonNull(markers.get(PAD)));
    }

    private static Map<String, Long> markers(JsonConfig json) {
        Map<String, Long> markers = new HashMap<>();
        JsonNode added = json.node("added_tokens");
        if (added != null) {
            added.forEach(token ->
                    markers.put(token.path("content").asText(), token.path("id").asLong()));
        }
        for (String marker : List.of(END, PAD)) {
            if (!markers.containsKey(marker)) {
                json.problem("\"added_tokens\" has no " + marker + ": this is not a T5 tokenizer");
            }
        }
        return markers;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public Tokens encode(String text) {
        Encoding encoding = tokenizer.encode(text);
        long[] words = encoding.getIds();
        int kept = Math.min(words.length, length - 1);
        long[] ids = new long[length];
        System.arraycopy(words, 0, ids, 0, kept);
        ids[kept] = end;
        Arrays.fill(ids, kept + 1, length, pad);
        return new Tokens(text, ids, NativeTokenizer.textFrom(text, encoding, kept));
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
