package dev.realalign.curator.gate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.curator.image.Damage;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.Provenance;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GatesTest {
    private static final GateLimits LIMITS = new GateLimits(1000, 1_000_000, 32, 4, 2, 0.95, 2, 43.66, 1000);
    private static final Gates GATES = new Gates(LIMITS, RightsPolicy.EVERY_LICENCE);

    @ParameterizedTest(name = "{0} bytes: {1}")
    @CsvSource({
        "0, EMPTY, the picture has 0 bytes",
        "1001, TOO_MANY_BYTES, 'the picture has 1001 bytes, at most 1000 are allowed'",
        "9999999999, TOO_MANY_BYTES, 'the picture has 9999999999 bytes, at most 1000 are allowed'",
    })
    void a_size_out_of_bounds_is_named(long bytes, Reason reason, String evidence) {
        assertThat(GATES.judgeSize(bytes)).contains(new Rejection(reason, evidence));
    }

    @ParameterizedTest
    @CsvSource({"1", "1000"})
    void a_size_within_bounds_passes(long bytes) {
        assertThat(GATES.judgeSize(bytes)).isEmpty();
    }

    @ParameterizedTest(name = "{0}x{1} in {2} scans: {3}")
    @CsvSource({
        "1001, 1000, 1, PIXEL_BOMB, '1001x1000 pixels are 1001000 pixels, at most 1000000 are decoded'",
        "65535, 65535, 1, PIXEL_BOMB, '65535x65535 pixels are 4294836225 pixels, at most 1000000 are decoded'",
        "1000, 1000, 5, PIXEL_BOMB, '1000x1000 pixels in 5 scans are 5000000 pixels to walk over, at most 4000000 are decoded'",
        "100, 100, 101, PIXEL_BOMB, 'the picture comes in 101 scans, at most 100 are decoded'",
        "31, 100, 1, TOO_SMALL, '31x100 pixels: the shorter side must have at least 32 pixels'",
        "1, 1, 1, TOO_SMALL, '1x1 pixels: the shorter side must have at least 32 pixels'",
        "32, 129, 1, ASPECT_RATIO, '32x129 pixels: one side is 4.03 times the other, at most 4.0 times is allowed'",
        "900, 60, 1, ASPECT_RATIO, '900x60 pixels: one side is 15.00 times the other, at most 4.0 times is allowed'",
    })
    void a_shape_out_of_bounds_is_named(int width, int height, int scans, Reason reason, String evidence) {
        assertThat(GATES.judgeStructure(
                        picture(width, height, scans, Optional.empty()), new Findings(GateModes.DEFAULTS)))
                .contains(new Rejection(reason, evidence));
    }

    @ParameterizedTest(name = "{0}x{1} in {2} scans")
    @CsvSource({"1000,1000,1", "32,128,1", "128,32,10", "32,32,100"})
    void a_shape_within_bounds_passes(int width, int height, int scans) {
        assertThat(GATES.judgeStructure(
                        picture(width, height, scans, Optional.empty()), new Findings(GateModes.DEFAULTS)))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"TRUNCATED, TRUNCATED", "CORRUPT, CORRUPT", "UNSUPPORTED, UNKNOWN_TYPE"})
    void damage_has_its_own_reasons(Damage.Kind kind, Reason reason) {
        Damage damage = new Damage(kind, "it hurts");

        assertThat(GATES.judgeStructure(picture(64, 64, 1, Optional.of(damage)), new Findings(GateModes.DEFAULTS)))
                .contains(new Rejection(reason, "JPEG: it hurts"));
    }

    @Test
    void a_bomb_that_is_also_truncated_is_called_a_bomb() {
        Damage damage = new Damage(Damage.Kind.TRUNCATED, "cut");

        assertThat(GATES.judgeStructure(picture(9000, 9000, 1, Optional.of(damage)), new Findings(GateModes.DEFAULTS)))
                .hasValueSatisfying(rejection -> assertThat(rejection.reason()).isEqualTo(Reason.PIXEL_BOMB));
    }

    @Test
    void an_unknown_type_is_described_with_what_is_accepted() {
        assertThat(Gates.unknownType("%PDF-1.7".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(new Rejection(
                        Reason.UNKNOWN_TYPE,
                        "the file looks like PDF; JPEG, PNG, GIF, WebP, BMP and TIFF are accepted"));
    }

    private static ImageContainer picture(int width, int height, int scans, Optional<Damage> damage) {
        return new ImageContainer(
                ImageType.JPEG,
                width,
                height,
                scans,
                false,
                new byte[0],
                Optional.empty(),
                Optional.empty(),
                Provenance.NONE,
                damage);
    }
}
