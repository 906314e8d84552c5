package dev.realalign.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.schemas.HeldOutErrors.Measurement;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class HeldOutErrorsTest {
    private static final String A = "a".repeat(64);
    private static final String B = "b".repeat(64);

    @Test
    @DisplayName("The file is canonical: sorted by image and slot, whatever the order of measuring was")
    void canonical() throws Exception {
        Measurement first = new Measurement(A, 0, 62, 0.25, 0.5, 0.125, 0.75);
        Measurement second = new Measurement(A, 1, 187, 1, 2, 3, 4);
        Measurement third = new Measurement(B, 0, 62, 5, 6, 7, 8);
        byte[] bytes = HeldOutErrors.of(List.of(third, second, first)).toBytes();

        assertThat(bytes)
                .isEqualTo(HeldOutErrors.of(List.of(first, second, third)).toBytes());
        assertThat(HeldOutErrors.parse(bytes, "file").measurements()).containsExactly(first, second, third);
        assertThat(new String(bytes, StandardCharsets.UTF_8))
                .startsWith("{\n  \"format\" : 1,\n  \"measurements\" : [\n    {\n      \"imageId\" : \"" + A
                        + "\",\n      \"mL\" : 0.5,\n      \"mW\" : 0.25,\n      \"rL\" : 0.75,\n      \"rW\" : 0.125,\n"
                        + "      \"slot\" : 0,\n      \"timestep\" : 62.0\n    },\n");
    }

    @Test
    @DisplayName("An error that is not finite survives the file, so that the gate can name it")
    void notFinite() throws Exception {
        HeldOutErrors written = HeldOutErrors.of(
                List.of(new Measurement(A, 0, 1, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1)));

        HeldOutErrors read = HeldOutErrors.parse(written.toBytes(), "file");

        assertThat(read).isEqualTo(written);
        assertThat(read.measurements().get(0).allFinite()).isFalse();
    }

    @Test
    @DisplayName("What could not be paired is refused by name")
    void refusals() {
        assertThatThrownBy(() -> HeldOutErrors.of(
                        List.of(new Measurement(A, 2, 62, 1, 1, 1, 1), new Measurement(A, 2, 62, 2, 2, 2, 2))))
                .hasMessage("measurements hold slot 2 of image " + A + " at timestep 62.0 twice");
        assertThatThrownBy(() -> new Measurement(A, -1, 62, 1, 1, 1, 1))
                .hasMessage("slot of " + A + " must be at least 0, not -1");
        assertThatThrownBy(() -> new Measurement(A, 0, Double.NaN, 1, 1, 1, 1))
                .hasMessage("timestep of " + A + " must be finite, not NaN");
        assertThatThrownBy(() -> new Measurement("cat", 0, 1, 1, 1, 1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> HeldOutErrors.parse("{\"format\":2}".getBytes(StandardCharsets.UTF_8), "the file"))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessage(
                        "the file has format 2, this release reads format 1: read it with the release that wrote it");
    }
}
