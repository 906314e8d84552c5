package dev.realalign.diffusion.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * CLIP's lower-cased byte-level BPE (Radford et al. 2021, arXiv 2103.00020), from the {@code vocab.json} and
 * {@code merges.txt} that diffusers folders hold.
 *
 * <p>A prompt becomes: start marker, at most {@code length - 2} tokens, end marker, padding. The padding token is the
 * folder's own ({@code tokenizer_config.json}, else {@code special_tokens_map.json}): the end marker in Stable
 * Diffusion 1.5, {@code !} in the second tokenizer of Stable Diffusion 3. A {@code merges.txt} without merges is a
 * byte-level tokenizer and valid.
 */
public final class ClipTokenizer implements TextTokenizer {

    private static final JsonMapper MAPPER = new JsonMapper();

    /** The word pattern of the published tokenizer: contractions, letters, single digits, runs of anything else. */
    private static final String WORDS = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

    private final NativeTokenizer tokenizer;
    private final int length;
    private final long start;
    private final long end;
    private final long pad;

    private ClipTokenizer(NativeTokenizer tokenizer, int length, long start, long end, long pad) {
        this.tokenizer = tokenizer;
        this.length = length;
        this.start = start;
        this.end = end;
        this.pad = pad;
    }

    /**
     * @param folder a {@code tokenizer} folder: vocab.json, merges.txt and, if it has them, tokenizer_config.json and
     *     special_tokens_map.json
     * @throws ModelFormatException naming the file and what is wrong with it
     */
    public static ClipTokenizer load(Path folder) {
        Map<String, Integer> vocabulary = readVocabulary(folder.resolve("vocab.json"));
        List<String> merges = readMerges(folder.resolve("merges.txt"), vocabulary);
        Settings settings = Settings.read(folder);
        List<String> problems = new ArrayList<>();
        for (String marker : List.of(settings.start, settings.end, settings.unknown, settings.pad)) {
            if (!vocabulary.containsKey(marker)) {
                problems.add("the special token \"" + marker + "\" is not in vocab.json");
            }
        }
        if (settings.length < 3) {
            problems.add("model_max_length " + settings.length + " leaves no room for a word");
        }
        if (!problems.isEmpty()) {
            throw new ModelFormatException(folder.toString(), problems);
        }
        NativeTokenizer tokenizer = NativeTokenizer.parse(
                folder.toString(), tokenizerJson(vocabulary, merges, settings).toString());
        return new ClipTokenizer(
                tokenizer,
                settings.length,
                id(vocabulary, settings.start),
                id(vocabulary, settings.end),
                id(vocabulary, settings.pad));
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public Tokens encode(String text) {
        Encoding encoding = tokenizer.encode(text);
        long[] words = encoding.getIds();
        int kept = Math.min(words.length, length - 2);
        long[] ids = new long[length];
        ids[0] = start;
        System.arraycopy(words, 0, ids, 1, kept);
        ids[kept + 1] = end;
        Arrays.fill(ids, kept + 2, length, pad);
        return new Tokens(text, ids, NativeTokenizer.textFrom(text, encoding, kept));
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    private static long id(Map<String, Integer> vocabulary, String token) {
        return Objects.requireNonNull(vocabulary.get(token), token);
    }

    private static Map<String, Integer> readVocabulary(Path file) {
        return JsonConfig.read(file, json -> {
            Map<String, Integer> vocabulary = new LinkedHashMap<>();
            json.keys().forEach(token -> vocabulary.put(token, json.integer(token, -1)));
            return vocabulary;
        });
    }

    /** Reads "left right" lines; the first line is a version comment. */
    private static List<String> readMerges(Path file, Map<String, Integer> vocabulary) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new ModelFormatException(file.toString(), "it cannot be read (" + e + ")");
        }
        List<String> merges = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.isBlank() || (i == 0 && line.startsWith("#version"))) {
                continue;
            }
            String[] pair = line.split(" ", -1);
            if (pair.length != 2) {
                problems.add("line " + (i + 1) + " is not a pair of symbols: \"" + line + "\"");
            } else if (!vocabulary.containsKey(pair[0] + pair[1])) {
                problems.add("line " + (i + 1) + " merges to \"" + pair[0] + pair[1] + "\", which vocab.json lacks");
            } else {
                merges.add(line);
            }
        }
        if (!problems.isEmpty()) {
            throw new ModelFormatException(file.toString(), problems.subList(0, Math.min(problems.size(), 10)));
        }
        return merges;
    }

    /** The same tokenizer in the format of the {@code tokenizers} library. */
    private static ObjectNode tokenizerJson(Map<String, Integer> vocabulary, List<String> merges, Settings settings) {
        ObjectNode json = MAPPER.createObjectNode().put("version", "1.0");
        ArrayNode added = json.putArray("added_tokens");
        for (String marker : List.of(settings.start, settings.end)) {
            added.addObject()
                    .put("id", vocabulary.get(marker))
                    .put("content", marker)
                    .put("special", true)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", marker.equals(settings.start));
        }
        ArrayNode normalizers =
                json.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        normalizers.addObject().put("type", "NFC");
        ObjectNode spaces = normalizers.addObject().put("type", "Replace").put("content", " ");
        spaces.putObject("pattern").put("Regex", "\\s+");
        normalizers.addObject().put("type", "Lowercase");

        ArrayNode splitters =
                json.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        ObjectNode split = splitters
                .addObject()
                .put("type", "Split")
                .put("behavior", "Removed")
                .put("invert", true);
        split.putObject("pattern").put("Regex", WORDS);
        splitters
                .addObject()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true);

        ObjectNode model = json.putObject("model")
                .put("type", "BPE")
                .put("unk_token", settings.unknown)
                .put("continuing_subword_prefix", "")
                .put("end_of_word_suffix", "</w>")
                .put("fuse_unk", false);
        model.set("vocab", MAPPER.valueToTree(vocabulary));
        model.set("merges", MAPPER.valueToTree(merges));
        return json;
    }

    /** The special tokens and the length; the defaults are those of transformers' CLIPTokenizer. */
    private record Settings(int length, String start, String end, String unknown, String pad) {

        static final String END = "<|endoftext|>";

        static Settings read(Path folder) {
            Path config = folder.resolve("tokenizer_config.json");
            Path map = folder.resolve("special_tokens_map.json");
            int length =
                    Files.exists(config) ? JsonConfig.read(config, json -> json.integer("model_max_length", 77)) : 77;
            return new Settings(
                    length,
                    special("bos_token", config, map).orElse("<|startoftext|>"),
                    special("eos_token", config, map).orElse(END),
                    special("unk_token", config, map).orElse(END),
                    special("pad_token", config, map).orElse(END));
        }

        private static Optional<String> special(String key, Path... files) {
            for (Path file : files) {
                if (Files.exists(file)) {
                    Optional<String> token = JsonConfig.read(file, json -> content(json, key));
                    if (token.isPresent()) {
                        return token;
                    }
                }
            }
            return Optional.empty();
        }

        /** A special token is written as a text or as an object with a {@code content}. */
        private static Optional<String> content(JsonConfig json, String key) {
            JsonNode value = json.node(key);
            if (value == null) {
                return Optional.empty();
            }
            JsonNode content = value.isObject() ? value.path("content") : value;
            if (!content.isTextual()) {
                json.problem("\"" + key + "\" must be a text or an object with a \"content\" but is " + value);
                return Optional.empty();
            }
            return Optional.of(content.textValue());
        }
    }
}
