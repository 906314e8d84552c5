package dev.realalign.curator.negative;

import static dev.realalign.curator.TestPictures.flat;
import static dev.realalign.curator.TestPictures.largePhotographs;
import static dev.realalign.curator.TestPictures.scene;
import static dev.realalign.curator.TestPictures.smallPhotographs;
import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.curator.image.DamagedImageException;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.image.TrainingPicture;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PerturbedNegativesTest {
    private static final double LEAST_RMS = 4;
    private static final NegativeMix EVERY_KIND = NegativeMix.parse(List.of(
            "PATCH_DISPLACEMENT:25",
            "LOCAL_WARP:25",
            "LOCAL_BLUR:15",
            "LOCAL_NOISE:10",
            "RESAMPLE_BLUR:10",
            "JPEG_ARTEFACTS:5",
            "SENSOR_NOISE:5",
            "COLOUR_CAST:5"));
    private static final PerturbedNegatives NEGATIVES = new PerturbedNegatives(EVERY_KIND, LEAST_RMS, 0);

    @ParameterizedTest
    @EnumSource(
            value = NegativeKind.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"TEXT_TO_IMAGE", "SDEDIT", "SALIENCY_INPAINTING"})
    void the_same_seed_makes_the_same_negative(NegativeKind kind) {
        Negative first = PerturbedNegatives.make(kind, scene(48, 48), 0.5, 77);

        assertThat(PerturbedNegatives.make(kind, scene(48, 48), 0.5, 77)).isEqualTo(first);
        assertThat(PerturbedNegatives.make(kind, scene(48, 48), 0.5, 78).image())
                .as("another seed, unless nothing in this kind is drawn")
                .satisfies(other -> {
                    if (kind != NegativeKind.RESAMPLE_BLUR && kind != NegativeKind.JPEG_ARTEFACTS) {
                        assertThat(other).isNotEqualTo(first.image());
                    }
                });
    }

    @ParameterizedTest
    @EnumSource(
            value = NegativeKind.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"TEXT_TO_IMAGE", "SDEDIT", "SALIENCY_INPAINTING"})
    void the_real_half_is_not_touched(NegativeKind kind) {
        RgbImage real = scene(48, 48);

        PerturbedNegatives.make(kind, real, 1, 5);

        assertThat(real).isEqualTo(scene(48, 48));
    }

    @ParameterizedTest
    @EnumSource(
            value = NegativeKind.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"TEXT_TO_IMAGE", "SDEDIT", "SALIENCY_INPAINTING"})
    void outside_of_its_region_a_local_negative_equals_the_real_half_byte_for_byte(NegativeKind kind) {
        for (int size : new int[] {8, 32, 61, 128}) {
            for (int seed = 0; seed < 40; seed++) {
                RgbImage real = scene(size, size);
                Negative negative = PerturbedNegatives.make(kind, real, 1, seed);
                assertThat(negative.region().isPresent()).isEqualTo(kind.isLocal());
                negative.region().ifPresent(region -> assertConfined(real, negative.image(), region));
            }
        }
    }

    private static void assertConfined(RgbImage real, RgbImage negative, PixelRegion region) {
        assertThat(region.x()).isNotNegative();
        assertThat(region.y()).isNotNegative();
        assertThat(region.x() + region.width()).isLessThanOrEqualTo(real.width());
        assertThat(region.y() + region.height()).isLessThanOrEqualTo(real.height());
        assertThat((double) region.width() / real.width()).isBetween(0.35, 0.70);
        for (int y = 0; y < real.height(); y++) {
            for (int x = 0; x < real.width(); x++) {
                if (!region.contains(x, y)) {
                    for (int c = 0; c < 3; c++) {
                        int at = real.index(x, y) + c;
                        if (real.rgb()[at] != negative.rgb()[at]) {
                            throw new AssertionError("pixel " + x + "," + y + " outside of " + region + " changed");
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = NegativeKind.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"TEXT_TO_IMAGE", "SDEDIT", "SALIENCY_INPAINTING"})
    void more_strength_makes_more_difference(NegativeKind kind) {
        // one seed may meet a lucky place: the mean over several must grow
        double weak = 0;
        double strong = 0;
        for (int seed = 0; seed < 25; seed++) {
            weak += PerturbedNegatives.make(kind, scene(64, 64), 0.3, seed).rmsDifference();
            strong += PerturbedNegatives.make(kind, scene(64, 64), 1.0, seed).rmsDifference();
        }

        assertThat(strong).isGreaterThan(1.1 * weak);
    }

    @Test
    void the_recorded_difference_is_the_one_of_the_pixels() {
        Negative negative = NEGATIVES.of("e".repeat(64), scene(64, 64)).orElseThrow();

        double squares = 0;
        for (int i = 0; i < negative.image().rgb().length; i++) {
            double d = (negative.image().rgb()[i] & 0xFF) - (scene(64, 64).rgb()[i] & 0xFF);
            squares += d * d;
        }
        assertThat(negative.rmsDifference())
                .isEqualTo(Math.sqrt(squares / negative.image().rgb().length))
                .isGreaterThanOrEqualTo(LEAST_RMS);
    }

    @Test
    void the_record_of_a_negative_is_enough_to_make_it_again() {
        for (int i = 0; i < 50; i++) {
            Negative negative = NEGATIVES.of(id(i), scene(32, 32)).orElseThrow();

            assertThat(PerturbedNegatives.make(negative.kind(), scene(32, 32), negative.strength(), negative.seed()))
                    .isEqualTo(negative);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "PATCH_DISPLACEMENT, 604cace390e7ded3",
        "LOCAL_WARP, 1d251d57e8b9cf8f",
        "LOCAL_BLUR, 7fb0a1fd2e60face",
        "LOCAL_NOISE, 70f51440af696d7b",
        "RESAMPLE_BLUR, c4a306d1a63ca4bb",
        "SENSOR_NOISE, 9d7f5a97679d261d",
        "COLOUR_CAST, 92d94d5f2a115598",
    })
    void a_kind_of_our_own_arithmetic_stays_what_it_was_on_every_machine(NegativeKind kind, String sha256) {
        Negative negative = PerturbedNegatives.make(kind, scene(32, 32), 0.5, 42);

        assertThat(Sha256.hex(negative.image().rgb())).startsWith(sha256);
    }

    @Test
    void the_negative_of_a_known_id_stays_what_it_was() {
        Negative negative = NEGATIVES.of(id(0), scene(32, 32)).orElseThrow();

        assertThat(negative.seed()).isEqualTo(SplitMix64.seedOf(id(0), 0));
        assertThat(negative.kind()).isEqualTo(NegativeKind.PATCH_DISPLACEMENT);
        assertThat(negative.strength()).isEqualTo(0.6989792315996517);
        assertThat(negative.region()).contains(new PixelRegion(4, 8, 14, 16));
    }

    @Test
    void over_2000_ids_every_pair_is_far_enough_apart_and_the_kinds_have_their_shares() {
        EnumMap<NegativeKind, Integer> counts = new EnumMap<>(NegativeKind.class);
        RgbImage real = scene(32, 32);
        for (int i = 0; i < 2000; i++) {
            Negative negative = NEGATIVES.of(id(i), real).orElseThrow();
            counts.merge(negative.kind(), 1, Integer::sum);
            assertThat(negative.rmsDifference()).isGreaterThanOrEqualTo(LEAST_RMS);
            assertThat(negative.strength()).isGreaterThanOrEqualTo(0.3).isLessThanOrEqualTo(1);
        }

        // the scene is textured enough that no kind is replaced by another: shares are those of the mix
        Map<NegativeKind, Double> expected = new EnumMap<>(Map.of(
                NegativeKind.PATCH_DISPLACEMENT, 0.25,
                NegativeKind.LOCAL_WARP, 0.25,
                NegativeKind.LOCAL_BLUR, 0.15,
                NegativeKind.LOCAL_NOISE, 0.10,
                NegativeKind.RESAMPLE_BLUR, 0.10,
                NegativeKind.JPEG_ARTEFACTS, 0.05,
                NegativeKind.SENSOR_NOISE, 0.05,
                NegativeKind.COLOUR_CAST, 0.05));
        expected.forEach((kind, share) -> assertThat(counts.getOrDefault(kind, 0) / 2000.0)
                .as(kind.name())
                .isBetween(share - 0.04, share + 0.04));
        assertThat(local(counts)).isGreaterThanOrEqualTo((int) (0.7 * 2000));
    }

    @Test
    void a_flat_picture_gets_a_kind_that_still_shows() {
        RgbImage flat = flat(32, 32, 0x7F7F7F);
        EnumMap<NegativeKind, Integer> counts = new EnumMap<>(NegativeKind.class);
        for (int i = 0; i < 200; i++) {
            counts.merge(NEGATIVES.of(id(i), flat).orElseThrow().kind(), 1, Integer::sum);
        }

        assertThat(counts)
                .containsOnlyKeys(NegativeKind.LOCAL_NOISE, NegativeKind.SENSOR_NOISE, NegativeKind.COLOUR_CAST);
        assertThat(local(counts)).as("falling back keeps the mix local").isGreaterThanOrEqualTo(150);
    }

    @Test
    void a_picture_that_no_kind_of_the_mix_can_change_has_no_negative() {
        NegativeMix moving = NegativeMix.parse(List.of("PATCH_DISPLACEMENT:1", "LOCAL_WARP:1", "LOCAL_BLUR:1"));

        assertThat(new PerturbedNegatives(moving, LEAST_RMS, 0).of(id(1), flat(32, 32, 0x336699)))
                .isEqualTo(Optional.empty());
    }

    @Test
    void a_weak_start_is_raised_step_by_step() {
        // a blur that only just shows: the first strength is between 0.3 and 0.7, some must have been raised beyond
        NegativeMix blur = NegativeMix.parse(List.of("LOCAL_BLUR:1"));
        double strongest = 0;
        for (int i = 0; i < 300; i++) {
            Optional<Negative> negative = new PerturbedNegatives(blur, 13.5, 0).of(id(i), scene(32, 32));
            strongest = Math.max(strongest, negative.map(Negative::strength).orElse(0.0));
        }

        assertThat(strongest).isGreaterThan(0.7);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"LOCAL_BLUR, true", "LOCAL_NOISE, false"})
    void blur_smooths_its_region_and_noise_roughens_it(NegativeKind kind, boolean smoother) {
        RgbImage real = scene(128, 128);
        for (int seed = 0; seed < 10; seed++) {
            Negative negative = PerturbedNegatives.make(kind, real, 0.8, seed);
            PixelRegion region = negative.region().orElseThrow();
            assertThat(roughness(negative.image(), region) < roughness(real, region))
                    .isEqualTo(smoother);
        }
    }

    @Test
    void a_displaced_patch_consists_of_pixels_from_elsewhere_in_the_picture() {
        RgbImage real = scene(128, 128);
        Negative negative = PerturbedNegatives.make(NegativeKind.PATCH_DISPLACEMENT, real, 0.5, 9);
        PixelRegion region = negative.region().orElseThrow();
        int centreX = region.x() + region.width() / 2;
        int centreY = region.y() + region.height() / 2;

        List<int[]> sources = new ArrayList<>();
        for (int dy = -region.height(); dy <= region.height(); dy++) {
            for (int dx = -region.width(); dx <= region.width(); dx++) {
                if (sameNeighbourhood(negative.image(), real, centreX, centreY, dx, dy)) {
                    sources.add(new int[] {dx, dy});
                }
            }
        }

        assertThat(sources).isNotEmpty();
        assertThat(sources).noneMatch(shift -> shift[0] == 0 && shift[1] == 0);
    }

    private static boolean sameNeighbourhood(RgbImage a, RgbImage b, int x, int y, int dx, int dy) {
        for (int v = -4; v <= 4; v++) {
            for (int u = -4; u <= 4; u++) {
                int bx = x + u + dx;
                int by = y + v + dy;
                if (bx < 0 || by < 0 || bx >= b.width() || by >= b.height()) {
                    return false;
                }
                for (int c = 0; c < 3; c++) {
                    if (a.rgb()[a.index(x + u, y + v) + c] != b.rgb()[b.index(bx, by) + c]) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    @Test
    void a_colour_cast_keeps_shapes_and_shifts_the_balance() {
        Negative negative = PerturbedNegatives.make(NegativeKind.COLOUR_CAST, flat(32, 32, 0x808080), 0.5, 3);

        int red = negative.image().rgb()[0] & 0xFF;
        int green = negative.image().rgb()[1] & 0xFF;
        int blue = negative.image().rgb()[2] & 0xFF;
        assertThat(negative.image()).isEqualTo(flat(32, 32, red << 16 | green << 8 | blue));
        assertThat(Math.max(red, Math.max(green, blue)) - Math.min(red, Math.min(green, blue)))
                .isGreaterThan(30);
    }

    @Test
    void sensor_noise_is_stronger_where_it_is_brighter() {
        double dark = PerturbedNegatives.make(NegativeKind.SENSOR_NOISE, flat(64, 64, 0x404040), 0.5, 3)
                .rmsDifference();
        double bright = PerturbedNegatives.make(NegativeKind.SENSOR_NOISE, flat(64, 64, 0xA0A0A0), 0.5, 3)
                .rmsDifference();

        // var = 2.25 x + 121
        assertThat(dark).isBetween(15.5, 17.0);
        assertThat(bright).isBetween(21.0, 23.0);
    }

    @Test
    void photographs_of_32_pixels_keep_the_mix() throws Exception {
        EnumMap<NegativeKind, Integer> counts = new EnumMap<>(NegativeKind.class);
        int pictures = 0;
        for (byte[] file : smallPhotographs(500).values()) {
            RgbImage real = picture(file, 32);
            Negative negative = NEGATIVES.of(ImageId.of(file).hex(), real).orElseThrow();
            negative.region().ifPresent(region -> assertConfined(real, negative.image(), region));
            assertThat(negative.rmsDifference()).isGreaterThanOrEqualTo(LEAST_RMS);
            counts.merge(negative.kind(), 1, Integer::sum);
            pictures++;
        }

        assertThat(counts)
                .as("every kind occurs")
                .hasSize(CurationPageTest.perturbations().size());
        assertThat(local(counts)).isGreaterThanOrEqualTo((int) (0.7 * pictures));
    }

    @Test
    void photographs_of_512_pixels_have_negatives_of_every_kind() throws Exception {
        for (byte[] file : largePhotographs().values()) {
            RgbImage real = picture(file, 512);
            for (NegativeKind kind : CurationPageTest.perturbations()) {
                Negative negative = PerturbedNegatives.make(kind, real, 1, 11);
                negative.region().ifPresent(region -> assertConfined(real, negative.image(), region));
                assertThat(negative.rmsDifference()).as(kind.name()).isGreaterThanOrEqualTo(LEAST_RMS);
            }
        }
    }

    @Test
    void a_picture_of_another_size_works_too() {
        assertThat(NEGATIVES.of(id(4), scene(8, 8))).isPresent();
        assertThat(NEGATIVES.of(id(4), scene(768, 768))).isPresent();
    }

    private static RgbImage picture(byte[] file, int resolution) throws DamagedImageException {
        ImageType type = ImageType.detect(file).orElseThrow();
        return new TrainingPicture(resolution, 0xFFFFFF).of(ImageContainer.read(file, type));
    }

    private static int local(Map<NegativeKind, Integer> counts) {
        return counts.entrySet().stream()
                .filter(entry -> entry.getKey().isLocal())
                .mapToInt(Map.Entry::getValue)
                .sum();
    }

    private static double roughness(RgbImage image, PixelRegion region) {
        double sum = 0;
        for (int y = region.y() + 2; y < region.y() + region.height() - 2; y++) {
            for (int x = region.x() + 2; x < region.x() + region.width() - 2; x++) {
                int at = image.index(x, y) + 1;
                double d = (image.rgb()[at] & 0xFF) - (image.rgb()[at + 3] & 0xFF);
                sum += d * d;
            }
        }
        return sum;
    }

    private static String id(int number) {
        return Sha256.hex(("image " + number).getBytes(StandardCharsets.UTF_8));
    }
}
