package dev.realalign.diffusion.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipTokenizerTest {

    private final Path folder;

    ClipTokenizerTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void every_published_reference_prompt_gives_the_reference_ids() throws IOException {
        JsonNode cases = new JsonMapper()
                .readTree(SharedData.path("golden/clip_tokenizer.json").toFile());
        try (ClipTokenizer tokenizer = ClipTokenizer.load(SharedData.path("golden/models/sd15-tiny/tokenizer"))) {
            assertThat(cases.size()).isGreaterThan(0);
            for (JsonNode one : cases) {
                long[] expected = new long[one.get("ids").size()];
                Arrays.setAll(expected, i -> one.get("ids").get(i).asLong());
                assertThat(tokenizer.encode(one.get("text").asText()).ids())
                        .as(one.get("text").asText())
                        .containsExactly(expected);
            }
        }
    }

    @Test
    void a_word_is_merged_and_a_short_prompt_is_padded() throws IOException {
        write("a t</w>", "c at</w>");
        try (ClipTokenizer tokenizer = ClipTokenizer.load(folder)) {
            assertThat(tokenizer.encode("A Cat").ids())
                    .containsExactly(concat(77, id("<|startoftext|>"), id("a</w>"), id("cat</w>")));
        }
    }

    @Test
    void a_tokenizer_without_merges_works_on_single_bytes() throws IOException {
        write();
        try (ClipTokenizer tokenizer = ClipTokenizer.load(folder)) {
            assertThat(tokenizer.encode("cat").ids())
                    .containsExactly(concat(77, id("<|startoftext|>"), id("c"), id("a"), id("t</w>")));
        }
        Files.writeString(folder.resolve("merges.txt"), "");
        try (ClipTokenizer tokenizer = ClipTokenizer.load(folder)) {
            assertThat(tokenizer.encode("").ids()).containsExactly(concat(77, id("<|startoftext|>")));
        }
    }

    @Test
    void the_padding_is_the_folders_own_pad_token() throws IOException {
        write();
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"model_max_length\": 8, \"pad_token\": {\"content\": \"!\", \"lstrip\": false}}");
        try (ClipTokenizer tokenizer = ClipTokenizer.load(folder)) {
            assertThat(tokenizer.encode("c").ids())
                    .containsExactly(id("<|startoftext|>"), id("c</w>"), id("<|endoftext|>"), 0, 0, 0, 0, 0);
        }
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"model_max_length\": 4}");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"pad_token\": \"!\"}");
        try (ClipTokenizer tokenizer = ClipTokenizer.load(folder)) {
            assertThat(tokenizer.encode("").ids()).containsExactly(id("<|startoftext|>"), id("<|endoftext|>"), 0, 0);
        }
    }

    @Test
    void a_prompt_that_is_too_long_is_cut_and_the_lost_words_are_named() throws IOException {
        write("a t</w>", "c at</w>", "d o", "do g</w>");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"model_max_length\": 5}");
        try (ClipTokenizer tokenizer = ClipTokenizer.load(folder)) {
            Tokens tokens = tokenizer.encode("cat 🙂 dog, a Cat  🙂 ");
            assertThat(tokens.ids()).hasSize(5).endsWith(id("<|endoftext|>"));
            assertThat(tokens.lost()).isEqualTo("🙂 dog, a Cat  🙂");

            assertThat(tokenizer.encode("cat dog cat").warning()).isEmpty();
            assertThat(tokenizer.encode("cat dog cat Dog's cat").warning())
                    .contains("the prompt is longer than 5 tokens; these words have no effect, shorten the prompt"
                            + " to keep them: \"Dog's cat\"");
        }
    }

    @Test
    void a_prompt_of_thousands_of_words_is_not_cut_by_the_library_before_we_see_it() throws IOException {
        write("a t</w>", "c at</w>");
        try (ClipTokenizer tokenizer = ClipTokenizer.load(folder)) {
            assertThat(tokenizer.encode("cat ".repeat(3000)).lost()).hasSize((3000 - 75) * 4 - 1);
        }
    }

    @Test
    void what_is_wrong_with_a_folder_is_named() throws IOException {
        assertThatThrownBy(() -> ClipTokenizer.load(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(folder.resolve("vocab.json") + " cannot be used: the file does not exist");
        write("a t</w>");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\na t</w>\nq q q\nx y\n");
        assertThatThrownBy(() -> ClipTokenizer.load(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("line 3 is not a pair of symbols: \"q q q\"")
                .hasMessageContaining("line 4 merges to \"xy\", which vocab.json lacks");
        write();
        Files.writeString(
                folder.resolve("tokenizer_config.json"), "{\"model_max_length\": 2, \"pad_token\": \"<pad>\"}");
        assertThatThrownBy(() -> ClipTokenizer.load(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("the special token \"<pad>\" is not in vocab.json")
                .hasMessageContaining("model_max_length 2 leaves no room for a word");
    }

    private final Map<String, Integer> vocabulary = new LinkedHashMap<>();

    /** A vocabulary of printable ASCII and the bytes of emoji, the merges' results, and the two markers. */
    private void write(String... merges) throws IOException {
        vocabulary.clear();
        List<String> symbols = LongStream.rangeClosed('!', 0x17F)
                .mapToObj(c -> Character.toString((int) c))
                .toList();
        symbols.forEach(s -> vocabulary.put(s, vocabulary.size()));
        symbols.forEach(s -> vocabulary.put(s + "</w>", vocabulary.size()));
        for (String merge : merges) {
            vocabulary.put(merge.replace(" ", ""), vocabulary.size());
        }
        vocabulary.put("<|startoftext|>", vocabulary.size());
        vocabulary.put("<|endoftext|>", vocabulary.size());
        Files.writeString(folder.resolve("vocab.json"), new JsonMapper().writeValueAsString(vocabulary));
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n" + String.join("\n", merges) + "\n");
    }

    private long id(String token) {
        return Objects.requireNonNull(vocabulary.get(token), token);
    }

    private long[] concat(int length, long... head) {
        long[] ids = Arrays.copyOf(head, length);
        Arrays.fill(ids, head.length, length, id("<|endoftext|>"));
        return ids;
    }
}
