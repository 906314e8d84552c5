package dev.realalign.curator;

import static dev.realalign.curator.TestPictures.file;
import static dev.realalign.curator.TestPictures.scene;
import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.pair.PerceptualDistance;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PairGap;
import dev.realalign.schemas.PreferenceTriple;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the records say about measures and pairs. */
class PairFilterTopologyTest {
    private static final String[] OF_THE_PICTURE = {
        "BYTES",
        "WIDTH",
        "HEIGHT",
        "SCANS",
        "LUMA_DEVIATION",
        "BLACK_SHARE",
        "WHITE_SHARE",
        "SHARPNESS",
        "COLOURFULNESS"
    };

    @TempDir
    private Path folder;

    @Test
    void a_triple_carries_everything_that_was_measured_and_its_gap() throws Exception {
        byte[] original = file(scene(64, 48), "png");
        try (TopologyHarness curator = new TopologyHarness(folder, Map.of())) {
            PreferenceTriple triple = (PreferenceTriple) curator.feed(original);

            double distance = PerceptualDistance.of(decoded(triple.getReal()), decoded(triple.getNegative()));
            assertThat(triple.getMeasures())
                    .containsOnlyKeys(with(OF_THE_PICTURE, "RMS_DIFFERENCE", "PERCEPTUAL_DISTANCE"))
                    .containsEntry("BYTES", (double) original.length)
                    .containsEntry("WIDTH", 64.0)
                    .containsEntry("HEIGHT", 48.0)
                    .containsEntry("SCANS", 1.0)
                    .containsEntry("RMS_DIFFERENCE", triple.getRmsDifference())
                    .containsEntry("COLOURFULNESS", triple.getColourfulness().getValue())
                    .containsEntry("PERCEPTUAL_DISTANCE", distance);
            assertThat(triple.getGap())
                    .isEqualTo(PairGap.newBuilder()
                            .setMeasure("PERCEPTUAL_DISTANCE")
                            .setValue(distance)
                            .setLeast(0.005)
                            .setGreatest(0.7)
                            .setRule("from 0.005 to 0.7")
                            .build());
        }
    }

    @Test
    void a_rejection_carries_what_was_measured_until_then() {
        try (TopologyHarness curator = new TopologyHarness(folder, Map.of())) {
            byte[] small = file(scene(20, 64), "png");
            byte[] noPicture = {1, 2, 3};
            byte[] flat = file(TestPictures.flat(64, 64, 0x808080), "png");

            assertThat(((ImageRejection) curator.feed(small)).getMeasures())
                    .isEqualTo(Map.of("BYTES", (double) small.length, "WIDTH", 20.0, "HEIGHT", 64.0, "SCANS", 1.0));
            assertThat(((ImageRejection) curator.feed(noPicture)).getMeasures()).isEqualTo(Map.of("BYTES", 3.0));
            assertThat(((ImageRejection) curator.feed(flat)).getMeasures())
                    .containsOnlyKeys(OF_THE_PICTURE)
                    .containsEntry("LUMA_DEVIATION", 0.0);
            assertThat(((ImageRejection) curator.feed(flat)).getMeasures())
                    .as("of a duplicate")
                    .isEqualTo(Map.of("BYTES", (double) flat.length));
        }
    }

    @Test
    void a_gap_out_of_bounds_rejects_with_its_measures() {
        try (TopologyHarness curator = new TopologyHarness(
                folder, Map.of("curation.gate.gap.min.distance", "0.9", "curation.gate.gap.max.distance", "1"))) {
            ImageRejection rejection = (ImageRejection) curator.feed(file(scene(64, 48), "png"));

            assertThat(rejection.getReason()).isEqualTo(Reason.GAP_TOO_SMALL.name());
            assertThat(rejection.getGap().getLeast()).isEqualTo(0.9);
            assertThat(rejection.getEvidence())
                    .isEqualTo(String.format(
                            "the perceptual distance of the pair is %.4f, at least 0.9 is needed",
                            rejection.getGap().getValue()));
            assertThat(rejection.getMeasures())
                    .containsOnlyKeys(with(OF_THE_PICTURE, "RMS_DIFFERENCE", "PERCEPTUAL_DISTANCE"));
        }
    }

    @Test
    void a_filter_that_is_off_measures_no_distance() {
        try (TopologyHarness curator = new TopologyHarness(
                folder, Map.of("curation.gate.modes", "GAP_TOO_SMALL:off,GAP_TOO_LARGE:off,NOT_IN_TOP:off"))) {
            PreferenceTriple triple = (PreferenceTriple) curator.feed(file(scene(64, 48), "png"));

            assertThat(triple.getGap()).isNull();
            assertThat(triple.getMeasures()).containsOnlyKeys(with(OF_THE_PICTURE, "RMS_DIFFERENCE"));
        }
    }

    @Test
    void the_records_alone_tell_why_each_pair_was_among_the_best_or_not() {
        try (TopologyHarness curator = new TopologyHarness(
                folder,
                Map.of(
                        "curation.gate.modes", "NOT_IN_TOP:on",
                        "curation.gate.top.share", "0.25",
                        "curation.gate.top.window.pairs", "12"))) {
            List<Double> before = new ArrayList<>();
            int best = 0;
            for (int i = 0; i < 60; i++) {
                SpecificRecord verdict = curator.feed(file(scene(40 + i, 48), "png"));
                PairGap gap = verdict instanceof PreferenceTriple triple
                        ? triple.getGap()
                        : ((ImageRejection) verdict).getGap();

                assertThat(gap.getRankedBy()).isEqualTo("PERCEPTUAL_DISTANCE");
                assertThat(gap.getRank()).isEqualTo(gap.getValue());
                assertThat(gap.getWindow()).isEqualTo(Math.min(12, i));
                List<Double> window = new ArrayList<>(before.subList(Math.max(0, i - 12), i));
                Collections.sort(window, Collections.reverseOrder());
                Double least = i == 0 ? null : window.get((window.size() + 3) / 4 - 1);
                assertThat(gap.getRankLeast()).isEqualTo(least);
                boolean inTop = least == null || gap.getValue() >= least;
                assertThat(verdict).isInstanceOf(inTop ? PreferenceTriple.class : ImageRejection.class);
                best += inTop ? 1 : 0;
                before.add(gap.getValue());
            }
            assertThat(best).isBetween(8, 30);
            assertThat(curator.counts.rejected()).isEqualTo(Map.of(Reason.NOT_IN_TOP, 60L - best));
        }
    }

    private static String[] with(String[] names, String... more) {
        List<String> all = new ArrayList<>(List.of(names));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private static RgbImage decoded(ByteBuffer png) throws Exception {
        byte[] bytes = new byte[png.remaining()];
        png.duplicate().get(bytes);
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(bytes));
        byte[] rgb = new byte[image.getWidth() * image.getHeight() * RgbImage.CHANNELS];
        int at = 0;
        for (int pixel : image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth())) {
            rgb[at++] = (byte) (pixel >> 16);
            rgb[at++] = (byte) (pixel >> 8);
            rgb[at++] = (byte) pixel;
        }
        return new RgbImage(image.getWidth(), image.getHeight(), rgb);
    }
}
