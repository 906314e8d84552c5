package dev.realalign.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonConfigTest {

    record Sizes(int width, double scale, boolean flag, String act, List<Integer> channels, List<String> types) {
        static Sizes from(JsonConfig json) {
            return new Sizes(
                    json.integer("width", 3),
                    json.number("scale", 0.5),
                    json.flag("flag", true),
                    json.text("act", "silu"),
                    json.integers("channels", List.of(1)),
                    json.texts("types", List.of("a")));
        }
    }

    @Test
    void an_absent_key_and_a_null_both_mean_the_default() {
        Sizes defaults = new Sizes(3, 0.5, true, "silu", List.of(1), List.of("a"));
        assertThat(JsonConfig.parse("c.json", "{}", Sizes::from)).isEqualTo(defaults);
        assertThat(JsonConfig.parse("c.json", "{\"width\": null, \"types\": null}", Sizes::from))
                .isEqualTo(defaults);
    }

    @Test
    void bare_minus_infinity_as_python_writes_it_is_a_number() {
        double value = JsonConfig.parse("c.json", "{\"scale\": -Infinity}", json -> json.number("scale", 0));
        assertThat(value).isEqualTo(Double.NEGATIVE_INFINITY);
    }

    @Test
    void every_wrong_value_is_named_in_one_error() {
        assertThatThrownBy(() -> JsonConfig.parse(
                        "unet/config.json",
                        "{\"width\": \"wide\", \"flag\": 1, \"channels\": [1, \"x\"], \"scale\": 2}",
                        Sizes::from))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage("unet/config.json cannot be used: "
                        + "\n  - \"width\" must be a whole number but is \"wide\""
                        + "\n  - \"flag\" must be true or false but is 1"
                        + "\n  - \"channels\" must be a list of whole numbers but is [1,\"x\"]");
    }

    @Test
    void what_the_mapping_itself_refuses_is_reported_with_the_file() {
        assertThatThrownBy(() -> JsonConfig.parse("c.json", "{}", json -> {
                    throw new IllegalArgumentException("width must be even");
                }))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage("c.json cannot be used: width must be even");
    }

    @Test
    void a_missing_file_and_broken_json_are_named(@TempDir Path folder) {
        Path absent = folder.resolve("config.json");
        assertThatThrownBy(() -> JsonConfig.read(absent, Sizes::from))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(absent + " cannot be used: the file does not exist");
        assertThatThrownBy(() -> JsonConfig.parse("c.json", "{\"width\": ", Sizes::from))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith("c.json cannot be used: it is not valid JSON");
        assertThatThrownBy(() -> JsonConfig.parse("c.json", "[1]", Sizes::from))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage("c.json cannot be used: it is not a JSON object");
    }
}
