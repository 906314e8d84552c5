package dev.realalign.tests.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.curator.CuratorService;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Replay and inspection on a real broker: 60 pictures of a camera, curated once. */
@Timeout(200)
class ReplayTest {
    private static final int TILES = 60;
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final String SHARPNESS = "curation.gate.min.sharpness.squared.levels";

    @TempDir
    static Path folder;

    private static EmbeddedCluster embedded;
    private static ClusterConfig cluster;
    private static Path configuration;

    @BeforeAll
    static void curate() throws IOException {
        embedded = EmbeddedCluster.start(EmbeddedOptions.in(folder.resolve("cluster")));
        cluster = ClusterConfig.from(embedded.properties());
        Map<String, String> properties = new HashMap<>(embedded.properties());
        properties.put("blob.store.uri", folder.resolve("blobs").toUri().toString());
        properties.put("curator.state.dir", folder.resolve("state").toString());
        List<String> lines = new ArrayList<>();
        properties.forEach((key, value) -> lines.add(key + "=" + value));
        configuration = Files.write(folder.resolve("cluster.properties"), lines);
        List<Path> tiles = Pictures.tiles(folder.resolve("tiles"), TILES);
        Files.write(folder.resolve("tiles").resolve("zz-broken.png"), new byte[] {1, 2, 3});
        Files.copy(tiles.get(0), folder.resolve("tiles").resolve("zz-again.png"));
        assertThat(realalign("feed", folder.resolve("tiles").toString()).exitCode())
                .isZero();
        properties.put("curation.resolution.px", Integer.toString(Pictures.SIDE));
        try (CuratorService curator = new CuratorService(CuratorConfig.from(properties))) {
            curator.start();
            await().atMost(SOON).until(() -> curator.counts().all() == TILES + 2);
        }
    }

    @AfterAll
    static void stop() {
        embedded.close();
    }

    @Test
    @DisplayName(
            "A stricter threshold gives exactly the subset of the triples beyond it, and so does judging the pictures again")
    void stricter() throws IOException {
        List<PreferenceTriple> triples = read(Topics.PREFERENCE_TRIPLES);
        assertThat(triples).hasSizeGreaterThan(TILES - 10);
        List<Double> sharpness = triples.stream()
                .map(triple -> sharpness(triple.getMeasures()))
                .sorted()
                .toList();
        double limit = sharpness.get(sharpness.size() / 3);
        List<PreferenceTriple> expected = triples.stream()
                .filter(triple -> sharpness(triple.getMeasures()) >= limit)
                .toList();
        int blurred = triples.size() - expected.size();

        JsonNode counted = json(realalign("replay", "--dry-run", "--json", "-D", SHARPNESS + "=" + limit));

        assertThat(counted.get("before").get("accepted").asLong()).isEqualTo(triples.size());
        assertThat(counted.get("before").has("BLURRED")).isFalse();
        assertThat(counted.get("after").get("accepted").asLong()).isEqualTo(expected.size());
        assertThat(counted.get("after").get("BLURRED").asLong()).isEqualTo(blurred);
        assertThat(counted.get("after").get("UNKNOWN_TYPE").asLong()).isEqualTo(1);
        assertThat(counted.get("after").get("DUPLICATE").asLong()).isEqualTo(1);
        assertThat(counted.get("records").asLong()).isEqualTo(TILES + 2);

        JsonNode replayed = json(realalign("replay", "--to", "sharp", "--json", "-D", SHARPNESS + "=" + limit));
        assertThat(replayed).isEqualTo(counted);
        assertThat(byRecord(read(Topics.PREFERENCE_TRIPLES.named("sharp")))).isEqualTo(byRecord(expected));
        List<ImageRejection> rejections = read(Topics.IMAGE_REJECTIONS.named("sharp-rejections"));
        assertThat(rejections).hasSize(TILES + 2 - expected.size());
        assertThat(rejections.stream().filter(r -> r.getReason().equals("BLURRED")))
                .hasSize(blurred)
                .allMatch(r -> sharpness(r.getMeasures()) < limit);

        JsonNode again =
                json(realalign("replay", "--stateful", "--to", "anew", "--json", "-D", SHARPNESS + "=" + limit));
        assertThat(again).isEqualTo(counted);
        assertThat(read(Topics.PREFERENCE_TRIPLES.named("anew")))
                .extracting(PreferenceTriple::getNegative)
                .containsExactlyInAnyOrderElementsOf(
                        expected.stream().map(PreferenceTriple::getNegative).toList());

        Realalign.Ended twice = realalign("replay", "--to", "sharp");
        assertThat(twice.exitCode()).isEqualTo(2);
        assertThat(twice.complaints())
                .containsExactly(
                        "realalign: The topic sharp holds records already: name another one with --to, or delete"
                                + " it first.");
        Realalign.Ended own = realalign("replay", "--to", "preference-triples");
        assertThat(own.complaints())
                .containsExactly(
                        "realalign: The topic preference-triples belongs to the stream itself: name another one with"
                                + " --to.");
        Realalign.Ended other = realalign("replay", "--dry-run", "-D", "curation.resolution.px=64");
        assertThat(other.complaints())
                .containsExactly("realalign: curation.resolution.px is 64, the recorded pairs have 32 pixels: what was"
                        + " measured on them says nothing about another resolution. Leave the key out, or judge the pictures"
                        + " themselves with --stateful.");
    }

    @Test
    @DisplayName("Triples and rejections come out as sheets of pictures")
    void sheets() throws IOException {
        Path sheet = folder.resolve("triples.png");
        Realalign.Ended drawn = realalign("inspect", "triples", "--out", sheet.toString(), "--count", "5");
        assertThat(drawn.out()).isEqualTo(sheet + ": 5 triples" + System.lineSeparator());
        assertThat(ImageIO.read(sheet.toFile()).getHeight()).isEqualTo(15 + 16 + 5 * 168);

        String kind = read(Topics.PREFERENCE_TRIPLES).get(0).getKind();
        Path sampled = folder.resolve("sampled.png");
        assertThat(realalign(
                                "inspect",
                                "triples",
                                "--out",
                                sampled.toString(),
                                "--kind",
                                kind,
                                "--sample",
                                "3",
                                "--count",
                                "2")
                        .exitCode())
                .isZero();
        Path rejected = folder.resolve("rejected.png");
        Realalign.Ended duplicates =
                realalign("inspect", "rejections", "--out", rejected.toString(), "--reason", "DUPLICATE");
        assertThat(duplicates.out()).isEqualTo(rejected + ": 1 rejections" + System.lineSeparator());
        assertThat(ImageIO.read(rejected.toFile()).getRGB(8 + 80, 31 + 80)).isNotEqualTo(0xFFEEEEEE);

        Realalign.Ended none =
                realalign("inspect", "triples", "--out", sheet.toString(), "--kind", "SALIENCY_INPAINTING");
        assertThat(none.exitCode()).isEqualTo(1);
        assertThat(none.complaints())
                .containsExactly("realalign: There are no such triples on this cluster: nothing was drawn.");
    }

    private static Realalign.Ended realalign(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--config", configuration.toString()));
        return Realalign.run(all.toArray(String[]::new));
    }

    private static JsonNode json(Realalign.Ended ended) throws IOException {
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        return new JsonMapper().readTree(ended.out());
    }

    private static double sharpness(Map<String, Double> measures) {
        return measures.getOrDefault("SHARPNESS", Double.NaN);
    }

    /** Triples by their record, without the running mean: pictures that are blurred now no longer move it. */
    private static Map<String, PreferenceTriple> byRecord(List<PreferenceTriple> triples) {
        Map<String, PreferenceTriple> byRecord = new TreeMap<>();
        triples.forEach(triple -> byRecord.put(
                triple.getRecord().toString(),
                PreferenceTriple.newBuilder(triple)
                        .setColourfulness(null)
                        .setShadow(List.of())
                        .build()));
        return byRecord;
    }

    private static <V extends SpecificRecord> List<V> read(Topic<String, V> topic) {
        List<V> values = new ArrayList<>();
        for (TopicReader.Entry<V> entry : TopicReader.readAll(topic, cluster.reader("checker"), SOON)) {
            values.add(entry.value());
        }
        return values;
    }
}
