package dev.realalign.trainer.triple;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.realalign.schemas.PreferenceTriple;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TrainingPairTest {

    @Test
    void pixels_become_planes_of_numbers_from_minus_one_to_one() throws Exception {
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, 0xff0000);
        image.setRGB(1, 0, 0x00ff80);
        byte[] png = Triples.png(image);
        Pixels pixels = Pixels.decodePng(ByteBuffer.wrap(png), 2, 1, "preferred");

        float[] numbers = new float[7];
        pixels.normalise(numbers, 1, false);
        assertThat(numbers).containsExactly(0f, 1f, -1f, -1f, 1f, -1f, 128 / 127.5f - 1f);
        pixels.normalise(numbers, 1, true);
        assertThat(numbers).containsExactly(0f, -1f, 1f, 1f, -1f, 128 / 127.5f - 1f, -1f);
    }

    @Test
    void a_good_triple_becomes_a_pair() throws Exception {
        TrainingPair pair = TrainingPair.of(Triples.imageId(1), Triples.triple(1, 8), 8);
        assertThat(pair.preferred().planes()).hasSize(3 * 64);
        assertThat(pair.rejected().planes())
                .hasSize(3 * 64)
                .isNotEqualTo(pair.preferred().planes());
        assertThat(pair.eventTime()).isEqualTo(Instant.ofEpochMilli(1_700_000_000_001L));
    }

    static Stream<Arguments> unusable() {
        PreferenceTriple good = Triples.triple(1, 8);
        byte[] png = good.getReal().array();
        byte[] damaged = png.clone();
        Arrays.fill(damaged, png.length / 2, png.length, (byte) 0);
        byte[] torn = Arrays.copyOf(png, png.length - 30);
        byte[] larger = Triples.triple(1, 16).getReal().array();
        byte[] jpeg = "\u00ff\u00d8 no png".getBytes(StandardCharsets.ISO_8859_1);
        return Stream.of(
                Arguments.of(
                        "a foreign key", "00", good, SkipReason.ID_MISMATCH, "the record's key is 00, its image id"),
                Arguments.of(
                        "no PNG",
                        null,
                        of(jpeg, png),
                        SkipReason.UNREADABLE_IMAGE,
                        "the preferred image is no PNG (9 bytes)"),
                Arguments.of(
                        "nothing",
                        null,
                        of(png, new byte[0]),
                        SkipReason.UNREADABLE_IMAGE,
                        "the rejected image is no PNG (0 bytes)"),
                Arguments.of(
                        "damaged",
                        null,
                        of(damaged, png),
                        SkipReason.UNREADABLE_IMAGE,
                        "the preferred image does not decode: "),
                Arguments.of(
                        "torn",
                        null,
                        of(png, torn),
                        SkipReason.UNREADABLE_IMAGE,
                        "the rejected image does not decode: "),
                Arguments.of(
                        "another size",
                        null,
                        of(png, larger),
                        SkipReason.WRONG_SIZE,
                        "the rejected image has 16x16 pixels, the model trains at 8x8"));
    }

    private static PreferenceTriple of(byte[] real, byte[] negative) {
        return Triples.triple(1, "", real, negative, 8);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unusable")
    void an_unusable_triple_is_refused_with_its_reason(
            String name, @Nullable String key, PreferenceTriple triple, SkipReason reason, String explanation) {
        UnusableTripleException refused = catchThrowableOfType(
                UnusableTripleException.class,
                () -> TrainingPair.of(key == null ? triple.getImageId() : key, triple, 8));
        assertThat(refused.reason()).isEqualTo(reason);
        assertThat(refused.explanation()).startsWith(explanation);
    }

    @Test
    void the_digest_depends_on_what_is_trained_and_on_nothing_else() {
        PreferenceTriple triple = Triples.triple(1, 8);
        String digest = TrainingPair.digest(triple);
        assertThat(TrainingPair.digest(Triples.draft(1, 8)
                        .setAcceptedAt(Instant.EPOCH)
                        .setIngestTime(Instant.EPOCH)
                        .setSource("elsewhere")
                        .build()))
                .isEqualTo(digest);
        assertThat(TrainingPair.digest(Triples.draft(1, 8)
                        .setReal(triple.getNegative())
                        .setNegative(triple.getReal())
                        .build()))
                .isNotEqualTo(digest);
        assertThat(TrainingPair.digest(Triples.draft(1, 8).setCaption("another").build()))
                .isNotEqualTo(digest);
    }
}
