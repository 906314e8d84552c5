package dev.realalign.curator;

import static dev.realalign.curator.TestPictures.file;
import static dev.realalign.curator.TestPictures.scene;
import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.curator.image.RgbImage;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PairGap;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.TrustedRecords;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VerdictReplayTest {
    private static final Instant NOW = Instant.ofEpochMilli(1_900_000_000_000L);

    @BeforeAll
    static void trustRecords() {
        TrustedRecords.allow();
    }

    @TempDir
    private Path folder;

    @Test
    void a_stricter_limit_rejects_exactly_the_triples_whose_measures_are_beyond_it() {
        Random random = new Random(11);
        VerdictReplay replay = new VerdictReplay(
                config("curation.gate.min.sharpness.squared.levels", "50", "curation.gate.gap.min.distance", "0.2"));
        int accepted = 0;
        for (int i = 0; i < 500; i++) {
            double sharpness = random.nextDouble() * 100;
            double distance = random.nextDouble() * 0.5;
            PreferenceTriple triple = triple(i, sharpness, distance, Map.of());

            Rejudged judged = replay.again(triple, NOW);

            String expected = sharpness < 50 ? "BLURRED" : distance < 0.2 ? "GAP_TOO_SMALL" : Rejudged.ACCEPTED;
            assertThat(judged.before()).isEqualTo(Rejudged.ACCEPTED);
            assertThat(judged.after()).isEqualTo(expected);
            if (expected.equals(Rejudged.ACCEPTED)) {
                accepted++;
                assertThat(triple(judged).getGap().getRule()).isEqualTo("from 0.2 to 0.7");
                assertThat(PreferenceTriple.newBuilder(triple(judged))
                                .setGap(triple.getGap())
                                .setColourfulness(triple.getColourfulness())
                                .setShadow(triple.getShadow())
                                .build())
                        .as("everything else is as it was")
                        .isEqualTo(triple);
            } else {
                assertThat(rejection(judged).getReason()).isEqualTo(expected);
                assertThat(rejection(judged).getRecord()).isEqualTo(triple.getRecord());
                assertThat(rejection(judged).getMeasures()).isEqualTo(triple.getMeasures());
                assertThat(rejection(judged).getRejectedAt()).isEqualTo(NOW);
            }
        }
        assertThat(accepted).isBetween(100, 200);
    }

    @Test
    void pairs_that_were_scored_are_judged_by_their_scores() {
        VerdictReplay replay = new VerdictReplay(config("curation.gate.gap.min.pickscore", "0.05"));
        PreferenceTriple clear =
                triple(1, 90, 0.001, Map.of("PICKSCORE_REAL", 22.0 / 26, "PICKSCORE_NEGATIVE", 20.0 / 26));
        PreferenceTriple close =
                triple(2, 90, 0.4, Map.of("PICKSCORE_REAL", 22.0 / 26, "PICKSCORE_NEGATIVE", 21.0 / 26));

        assertThat(replay.again(clear, NOW).after()).isEqualTo(Rejudged.ACCEPTED);
        assertThat(rejection(replay.again(close, NOW)).getEvidence())
                .isEqualTo(
                        "the PickScore of the picture is 0.8462, that of the negative 0.8077 (both over 26): the gap of"
                                + " 0.0385 must be above 0.05");
    }

    @Test
    void a_rejection_that_would_pass_now_is_undecided_and_keeps_what_was_written() {
        ImageRejection blurred = rejection(
                "BLURRED",
                Map.of(
                        "BYTES", 100.0,
                        "WIDTH", 64.0,
                        "HEIGHT", 64.0,
                        "SCANS", 1.0,
                        "LUMA_DEVIATION", 3.0,
                        "BLACK_SHARE", 0.0,
                        "WHITE_SHARE", 0.0,
                        "SHARPNESS", 1.5,
                        "COLOURFULNESS", 20.0));

        assertThat(new VerdictReplay(config()).again(blurred, NOW).after()).isEqualTo("BLURRED");
        Rejudged loose =
                new VerdictReplay(config("curation.gate.min.sharpness.squared.levels", "1")).again(blurred, NOW);
        assertThat(loose.after()).isEqualTo(Rejudged.UNDECIDED);
        assertThat(loose.record()).isSameAs(blurred);
        Rejudged flat = new VerdictReplay(config("curation.gate.min.luma.deviation.levels", "4")).again(blurred, NOW);
        assertThat(flat.after()).isEqualTo("FLAT");
        Rejudged dull = new VerdictReplay(config(
                        "curation.gate.min.sharpness.squared.levels", "1",
                        "curation.gate.modes", "NOT_COLOURFUL:on"))
                .again(blurred, NOW);
        assertThat(dull.after()).isEqualTo("NOT_COLOURFUL");
        assertThat(rejection(dull).getColourfulness().getMean()).isEqualTo(43.66);
    }

    @ParameterizedTest
    @ValueSource(strings = {"CORRUPT", "DUPLICATE", "UNREADABLE_RECORD", "A_REASON_OF_TOMORROW"})
    void a_rejection_that_no_measure_explains_stays_what_it_is(String reason) {
        Rejudged judged = new VerdictReplay(config()).again(rejection(reason, Map.of()), NOW);

        assertThat(judged.before()).isEqualTo(reason);
        assertThat(judged.after()).isEqualTo(reason);
        assertThat(rejection(judged).getEvidence()).isEqualTo("what was found");
    }

    @Test
    void a_gate_switched_off_leaves_its_rejections_undecided() {
        assertThat(new VerdictReplay(config("curation.gate.modes", "DUPLICATE:off"))
                        .again(rejection("DUPLICATE", Map.of("BYTES", 10.0)), NOW)
                        .after())
                .isEqualTo(Rejudged.UNDECIDED);
    }

    /** What a replay says about the verdicts of one curator is what another curator says about the pictures. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "curation.gate.min.sharpness.squared.levels=9000",
                "curation.gate.max.aspect.ratio=1.6",
                "curation.gate.max.bytes=3000",
                "curation.gate.modes=NOT_COLOURFUL:on;curation.gate.colourfulness.half.life.images=7",
                "curation.gate.gap.min.distance=0.1;curation.gate.gap.max.distance=0.3;curation.gate.modes=GAP_TOO_LARGE:on",
                "curation.gate.modes=NOT_IN_TOP:on;curation.gate.top.window.pairs=15;curation.gate.top.share=0.3",
                "curation.gate.licences.denied=CC-BY-NC*",
                "curation.gate.modes=NOT_IN_TOP:shadow,GAP_TOO_SMALL:shadow;curation.gate.gap.min.distance=0.15"
            })
    void a_replay_under_other_settings_is_what_curating_under_them_gives(String settings) {
        Map<String, String> stricter = new HashMap<>();
        for (String setting : settings.split(";")) {
            stricter.put(setting.substring(0, setting.indexOf('=')), setting.substring(setting.indexOf('=') + 1));
        }
        int changed = 0;
        try (TopologyHarness first = new TopologyHarness(folder.resolve("first"), Map.of());
                TopologyHarness second = new TopologyHarness(folder.resolve("second"), stricter)) {
            VerdictReplay replay = new VerdictReplay(second.config);
            for (byte[] picture : pictures()) {
                String licence = picture.length % 3 == 0 ? "CC-BY-NC-4.0" : "CC0-1.0";
                SpecificRecord was = first.feed(
                        TopologyHarness.image(picture).setLicence(licence).build());
                SpecificRecord expected = second.feed(
                        TopologyHarness.image(picture).setLicence(licence).build());

                if (settings.contains("licences") && was instanceof ImageRejection) {
                    continue; // a rejection does not say under which licence its picture came
                }
                Rejudged judged = was instanceof PreferenceTriple triple
                        ? replay.again(triple, TopologyHarness.NOW)
                        : replay.again((ImageRejection) was, TopologyHarness.NOW);

                if (expected instanceof PreferenceTriple triple) {
                    assertThat(triple(judged).getGap()).isEqualTo(triple.getGap());
                    assertThat(triple(judged).getShadow()).isEqualTo(triple.getShadow());
                    assertThat(triple(judged).getColourfulness()).isEqualTo(triple.getColourfulness());
                } else {
                    ImageRejection rejection = (ImageRejection) expected;
                    assertThat(judged.after()).isEqualTo(rejection.getReason());
                    assertThat(rejection(judged).getEvidence()).isEqualTo(rejection.getEvidence());
                    assertThat(rejection(judged).getGap()).isEqualTo(rejection.getGap());
                    assertThat(rejection(judged).getShadow()).isEqualTo(rejection.getShadow());
                    assertThat(rejection(judged).getGateVersion()).isEqualTo(rejection.getGateVersion());
                }
                changed += judged.before().equals(judged.after()) ? 0 : 1;
            }
        }
        assertThat(changed).isGreaterThanOrEqualTo(settings.contains("shadow") ? 0 : 3);
    }

    /** Scenes of many shapes, with more or less colour, among them some that are rejected by every configuration. */
    private static List<byte[]> pictures() {
        List<byte[]> pictures = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            RgbImage scene = scene(40 + 2 * i, 60);
            byte[] rgb = scene.rgb();
            for (int at = 0; at < rgb.length; at += RgbImage.CHANNELS) {
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    int luma = scene.luma(at);
                    rgb[at + c] = (byte) (luma + ((rgb[at + c] & 0xFF) - luma) * (i % 8) / 8);
                }
            }
            pictures.add(file(scene, "png"));
        }
        pictures.add(file(scene(20, 60), "png"));
        pictures.add(new byte[] {1, 2, 3});
        pictures.add(file(TestPictures.flat(64, 64, 0x123456), "png"));
        pictures.add(pictures.get(3));
        return pictures;
    }

    private static PreferenceTriple triple(Rejudged judged) {
        return (PreferenceTriple) judged.record();
    }

    private static ImageRejection rejection(Rejudged judged) {
        return (ImageRejection) judged.record();
    }

    private static CuratorConfig config(String... settings) {
        Map<String, String> given = new HashMap<>(Map.of(
                "bootstrap.servers", "localhost:1",
                "schema.registry.url", "mock://replay",
                "blob.store.uri", "file:///none",
                "curation.resolution.px", "32"));
        for (int i = 0; i < settings.length; i += 2) {
            given.put(settings[i], settings[i + 1]);
        }
        return CuratorConfig.from(given);
    }

    private static PreferenceTriple triple(int offset, double sharpness, double distance, Map<String, Double> scores) {
        return PreferenceTriple.newBuilder()
                .setImageId(Integer.toString(offset))
                .setCaption("")
                .setReal(ByteBuffer.allocate(0))
                .setNegative(ByteBuffer.allocate(0))
                .setWidth(32)
                .setHeight(32)
                .setKind("LOCAL_BLUR")
                .setStrength(0.5)
                .setSeed(1L)
                .setRmsDifference(9)
                .setRecord(new RecordPosition(0, (long) offset))
                .setSource("test")
                .setCuratorVersion("2-abc")
                .setIngestTime(Instant.EPOCH)
                .setAcceptedAt(Instant.EPOCH)
                .setScores(scores)
                .setMeasures(Map.of(
                        "BYTES", 1000.0,
                        "WIDTH", 64.0,
                        "HEIGHT", 64.0,
                        "SCANS", 1.0,
                        "LUMA_DEVIATION", 40.0,
                        "BLACK_SHARE", 0.0,
                        "WHITE_SHARE", 0.0,
                        "SHARPNESS", sharpness,
                        "COLOURFULNESS", 60.0,
                        "PERCEPTUAL_DISTANCE", distance))
                .setGap(PairGap.newBuilder()
                        .setMeasure("PERCEPTUAL_DISTANCE")
                        .setValue(distance)
                        .setRule("another")
                        .build())
                .build();
    }

    private static ImageRejection rejection(String reason, Map<String, Double> measures) {
        return ImageRejection.newBuilder()
                .setImageId("id")
                .setReason(reason)
                .setEvidence("what was found")
                .setRecord(new RecordPosition(0, 7L))
                .setSource("test")
                .setGateVersion("2-abc")
                .setRejectedAt(Instant.EPOCH)
                .setMeasures(measures)
                .build();
    }
}
