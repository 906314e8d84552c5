package dev.realalign.curator.negative;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.curator.CuratorConfig;
import dev.realalign.curator.TestPictures;
import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.gate.GateMode;
import dev.realalign.curator.gate.GateModes;
import dev.realalign.curator.gate.Measure;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.gate.Rejection;
import dev.realalign.curator.image.DamagedImageException;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.PngEncoder;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.image.TrainingPicture;
import dev.realalign.curator.pair.PairFilter;
import dev.realalign.curator.pair.PairMaker;
import dev.realalign.curator.pair.PerceptualDistance;
import dev.realalign.curator.pair.Sight;
import dev.realalign.curator.pair.WindowsInMemory;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Keeps docs/curation.md and its pictures true. */
class CurationPageTest {
    private static final int SIDE = 96;
    private static final double STRENGTH = 0.6;
    /** Chosen so that every local kind meets the car. */
    private static final long SEED = 4;
    /** Photographs of Apache Commons Imaging (Apache-2.0): a car, and a dish. */
    private static final String PHOTOGRAPH = "data/images/jpg/1/Oregon Scientific DS6639 - DSC_0307.JPG";

    private static final String ANOTHER = "data/images/jpg/3/img_F028c_small.jpg";

    private static final Path DOCS = Path.of(System.getProperty("realalign.home"), "docs");
    private static final Pattern NAMED_IN_FIRST_COLUMN = Pattern.compile("(?m)^\\| `([A-Z_]+)` \\|");

    @Test
    void the_page_lists_every_reason_in_order_and_then_every_kind() throws IOException {
        String page = Files.readString(DOCS.resolve("curation.md"));

        assertThat(NAMED_IN_FIRST_COLUMN.matcher(page).results().map((MatchResult row) -> row.group(1)))
                .containsExactly(Stream.concat(
                                Arrays.stream(Reason.values()).map(Reason::name),
                                Arrays.stream(NegativeKind.values()).map(NegativeKind::name))
                        .toArray(String[]::new));
        for (NegativeKind kind : perturbations()) {
            assertThat(page).contains("](images/curation/" + fileName(kind) + ")");
        }
    }

    @Test
    void the_real_picture_of_the_page_is_the_one_its_negatives_are_made_of() throws Exception {
        assertFresh("real.png", photograph(PHOTOGRAPH));
    }

    @ParameterizedTest
    @MethodSource("perturbations")
    void the_picture_of_every_kind_is_what_the_kind_makes_today(NegativeKind kind) throws Exception {
        Negative negative = PerturbedNegatives.make(kind, photograph(PHOTOGRAPH), STRENGTH, SEED);

        assertFresh(fileName(kind), negative.image());
    }

    static List<NegativeKind> perturbations() {
        return Arrays.stream(NegativeKind.values())
                .filter(kind -> !kind.isGenerated())
                .toList();
    }

    @Test
    void a_picture_with_hardly_any_contrast_is_flat() throws Exception {
        assertRejected(Reason.FLAT, levels(photograph(PHOTOGRAPH), level -> 120 + level / 64));
    }

    @Test
    void a_picture_that_is_almost_black_is_badly_exposed() throws Exception {
        RgbImage photograph = photograph(PHOTOGRAPH);
        RgbImage night = levels(photograph, level -> level / 64);
        for (int y = 40; y < 56; y++) { // one lit spot, or it would be flat before
            System.arraycopy(photograph.rgb(), photograph.index(60, y), night.rgb(), night.index(60, y), 3 * 16);
        }
        assertRejected(Reason.BADLY_EXPOSED, night);
    }

    @Test
    void a_picture_without_any_sharp_detail_is_blurred() throws Exception {
        RgbImage blurred = photograph(PHOTOGRAPH);
        for (int pass = 0; pass < 4; pass++) {
            blurred = boxFiltered(blurred, 10);
        }
        assertRejected(Reason.BLURRED, blurred);
    }

    @Test
    void a_picture_with_hardly_any_colour_is_not_colourful() throws Exception {
        RgbImage dull = photograph(PHOTOGRAPH);
        for (int at = 0; at < dull.rgb().length; at += RgbImage.CHANNELS) {
            int luma = dull.luma(at);
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                dull.rgb()[at + c] = Pixels.level(luma + ((dull.rgb()[at + c] & 0xFF) - luma) * 0.15);
            }
        }
        assertRejected(Reason.NOT_COLOURFUL, dull);
    }

    @Test
    void a_strip_has_the_wrong_aspect_ratio() throws Exception {
        RgbImage photograph = photograph(PHOTOGRAPH);
        byte[] strip = Arrays.copyOfRange(photograph.rgb(), photograph.index(0, 44), photograph.index(0, 64));

        assertRejected(Reason.ASPECT_RATIO, new RgbImage(SIDE, 20, strip));
    }

    @Test
    void a_picture_of_few_pixels_is_too_small() throws Exception {
        RgbImage small = new TrainingPicture(16, 0).of(container(TestPictures.commonsImaging(PHOTOGRAPH)));
        RgbImage enlarged = new RgbImage(SIDE, SIDE, new byte[SIDE * SIDE * RgbImage.CHANNELS]);
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                System.arraycopy(small.rgb(), small.index(x / 6, y / 6), enlarged.rgb(), enlarged.index(x, y), 3);
            }
        }
        assertThat(reason(TestPictures.file(small, "png"))).contains(Reason.TOO_SMALL);
        assertFresh(fileName(Reason.TOO_SMALL), enlarged);
    }

    @Test
    void half_of_a_file_is_truncated() throws Exception {
        RgbImage photograph = photograph(PHOTOGRAPH);
        byte[] file = TestPictures.file(photograph, "jpeg");
        assertThat(reason(Arrays.copyOf(file, file.length / 2))).contains(Reason.TRUNCATED);
        // what a viewer makes of it
        RgbImage shown = photograph.copy();
        Arrays.fill(shown.rgb(), shown.index(0, SIDE / 2), shown.rgb().length, (byte) 128);
        assertFresh(fileName(Reason.TRUNCATED), shown);
    }

    @Test
    void a_negative_that_is_almost_the_picture_has_too_small_a_gap() throws Exception {
        RgbImage real = photograph(PHOTOGRAPH);
        assertPair(Reason.GAP_TOO_SMALL, real, levels(real, level -> level * 0.98));
    }

    @Test
    void another_picture_altogether_has_too_large_a_gap() throws Exception {
        assertPair(Reason.GAP_TOO_LARGE, photograph(PHOTOGRAPH), photograph(ANOTHER));
    }

    /** The picture is on the page, and its file is rejected for the reason. */
    private static void assertRejected(Reason reason, RgbImage picture) throws Exception {
        assertThat(reason(PngEncoder.encode(picture))).contains(reason);
        assertFresh(fileName(reason), picture);
    }

    private static Optional<Reason> reason(byte[] file) {
        PairMaker pairs = new PairMaker(config().pairs());
        Sight sight = pairs.look(file, pairs.startOfColourfulness(), pairs.nothingFound());
        return sight instanceof Sight.Rejected rejected
                ? Optional.of(rejected.rejection().reason())
                : Optional.empty();
    }

    /** Both pictures are on the page, and the pair is rejected for the reason. */
    private static void assertPair(Reason reason, RgbImage real, RgbImage negative) throws Exception {
        Findings findings = new Findings(new GateModes(Map.of(Reason.GAP_TOO_LARGE, GateMode.ON)));
        findings.measured(Measure.PERCEPTUAL_DISTANCE, PerceptualDistance.of(real, negative));
        assertThat(new PairFilter(config().pairs().filter())
                        .judge(Map.of(), findings, new WindowsInMemory())
                        .rejection()
                        .map(Rejection::reason))
                .contains(reason);
        RgbImage both = new RgbImage(2 * SIDE, SIDE, new byte[2 * SIDE * SIDE * RgbImage.CHANNELS]);
        for (int y = 0; y < SIDE; y++) {
            System.arraycopy(real.rgb(), real.index(0, y), both.rgb(), both.index(0, y), 3 * SIDE);
            System.arraycopy(negative.rgb(), negative.index(0, y), both.rgb(), both.index(SIDE, y), 3 * SIDE);
        }
        assertFresh(fileName(reason), both);
    }

    private static CuratorConfig config() {
        return CuratorConfig.from(Map.of(
                "bootstrap.servers", "localhost:1",
                "schema.registry.url", "mock://page",
                "blob.store.uri", "file:///none",
                "curation.resolution.px", Integer.toString(SIDE),
                "curation.gate.min.side.px", "17",
                "curation.gate.modes", "NOT_COLOURFUL:on"));
    }

    private static RgbImage photograph(String name) throws DamagedImageException {
        return new TrainingPicture(SIDE, 0).of(container(TestPictures.commonsImaging(name)));
    }

    private static ImageContainer container(byte[] file) throws DamagedImageException {
        return ImageContainer.read(file, ImageType.detect(file).orElseThrow());
    }

    private static RgbImage levels(RgbImage image, DoubleUnaryOperator change) {
        RgbImage changed = image.copy();
        for (int i = 0; i < changed.rgb().length; i++) {
            changed.rgb()[i] = Pixels.level(change.applyAsDouble(changed.rgb()[i] & 0xFF));
        }
        return changed;
    }

    /** Means over squares; the rim stands for what lies beyond. */
    private static RgbImage boxFiltered(RgbImage image, int radius) {
        RgbImage filtered = image.copy();
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    double sum = 0;
                    for (int dy = -radius; dy <= radius; dy++) {
                        for (int dx = -radius; dx <= radius; dx++) {
                            int u = Math.max(0, Math.min(image.width() - 1, x + dx));
                            int v = Math.max(0, Math.min(image.height() - 1, y + dy));
                            sum += image.rgb()[image.index(u, v) + c] & 0xFF;
                        }
                    }
                    int side = 2 * radius + 1;
                    filtered.rgb()[filtered.index(x, y) + c] = Pixels.level(sum / (side * side));
                }
            }
        }
        return filtered;
    }

    private static void assertFresh(String name, RgbImage fresh) throws IOException {
        assertThat(Files.readString(DOCS.resolve("curation.md"))).contains("](images/curation/" + name + ")");
        Path file = DOCS.resolve("images").resolve("curation").resolve(name);
        if (Boolean.getBoolean("realalign.write.docs")) {
            Files.createDirectories(file.getParent());
            Files.write(file, PngEncoder.encode(fresh));
        }
        // another JDK's JPEG may round differently
        assertThat(shown(file).rmsDifference(fresh))
                .as("%s; draw it anew with -Drealalign.write.docs=true", file)
                .isLessThan(1);
    }

    private static RgbImage shown(Path png) throws IOException {
        BufferedImage image = ImageIO.read(png.toFile());
        byte[] rgb = new byte[image.getWidth() * image.getHeight() * RgbImage.CHANNELS];
        int at = 0;
        for (int pixel : image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth())) {
            rgb[at++] = (byte) (pixel >> 16);
            rgb[at++] = (byte) (pixel >> 8);
            rgb[at++] = (byte) pixel;
        }
        return new RgbImage(image.getWidth(), image.getHeight(), rgb);
    }

    private static String fileName(NegativeKind kind) {
        return "negative-" + fileName(kind.name());
    }

    private static String fileName(Reason reason) {
        return "gate-" + fileName(reason.name());
    }

    private static String fileName(String name) {
        return name.toLowerCase(Locale.ROOT).replace('_', '-') + ".png";
    }
}
