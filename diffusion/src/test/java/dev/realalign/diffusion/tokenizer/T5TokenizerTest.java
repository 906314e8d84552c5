package dev.realalign.diffusion.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.diffusion.ModelFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class T5TokenizerTest {

    private static final String SMALL_T5 =
            """
            {"version": "1.0", "truncation": null, "padding": null,
             "added_tokens": [
               {"id": 0, "content": "<pad>", "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true},
               {"id": 1, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true},
               {"id": 2, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true}],
             "normalizer": null,
             "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true},
             "post_processor": {"type": "TemplateProcessing",
               "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
               "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
               "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
             "decoder": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true},
             "model": {"type": "Unigram", "unk_id": 2, "vocab":
               [["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["▁a", -1.0], ["▁cat", -2.0], ["s", -3.0], ["▁", -9.0]]}}
            """;

    private final Path folder;

    T5TokenizerTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @BeforeEach
    void write() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), SMALL_T5);
    }

    @Test
    void a_prompt_ends_with_one_end_marker_and_zeros() {
        try (T5Tokenizer tokenizer = T5Tokenizer.load(folder, 8)) {
            assertThat(tokenizer.length()).isEqualTo(8);
            assertThat(tokenizer.encode("a cats").ids()).containsExactly(3, 4, 5, 1, 0, 0, 0, 0);
            assertThat(tokenizer.encode("").ids()).containsExactly(1, 0, 0, 0, 0, 0, 0, 0);
        }
    }

    @Test
    void a_prompt_that_is_too_long_keeps_its_end_marker_and_names_the_lost_words() {
        try (T5Tokenizer tokenizer = T5Tokenizer.load(folder, 4)) {
            Tokens tokens = tokenizer.encode("a cat a cat a");
            assertThat(tokens.ids()).containsExactly(3, 4, 3, 1);
            assertThat(tokens.lost()).isEqualTo("cat a");
        }
    }

    @Test
    void a_folder_without_tokenizer_json_is_refused_with_the_way_to_make_one() throws IOException {
        Files.delete(folder.resolve("tokenizer.json"));
        assertThatThrownBy(() -> T5Tokenizer.load(folder, 256))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(folder + " cannot be used: it holds no tokenizer.json");
        Files.writeString(folder.resolve("spiece.model"), "");
        assertThatThrownBy(() -> T5Tokenizer.load(folder, 256))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("T5TokenizerFast.from_pretrained(FOLDER).save_pretrained(FOLDER)");
    }

    @Test
    void a_tokenizer_json_of_another_kind_is_refused() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), "{\"added_tokens\": []}");
        assertThatThrownBy(() -> T5Tokenizer.load(folder, 256))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("has no </s>: this is not a T5 tokenizer");
    }
}
