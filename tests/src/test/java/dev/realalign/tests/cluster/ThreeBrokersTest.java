package dev.realalign.tests.cluster;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.app.feed.FeedConfig;
import dev.realalign.app.feed.ImageFacts;
import dev.realalign.app.feed.ImageFeeder;
import dev.realalign.app.feed.Note;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.curator.CuratorService;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.LagSampler;
import dev.realalign.runtime.LagTarget;
import dev.realalign.runtime.PartitionLag;
import dev.realalign.runtime.Service;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.tests.endtoend.Pictures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three brokers with three copies of everything, two of which must be in sync: one may be lost. */
@Tag("slow")
@Timeout(300)
class ThreeBrokersTest {
    private static final Duration SOON = Duration.ofSeconds(120);
    private static final int PICTURES = 300;
    private static final LagTarget CURATORS =
            new LagTarget("realalign-curator", Set.of(Topics.REAL_IMAGES.name()), Optional.empty());

    @TempDir
    Path folder;

    @Test
    void aBrokerLostUnderLoadLosesNoPictureAndTheLagRecovers() throws Exception {
        List<Path> files = Pictures.tiles(folder.resolve("tiles"), PICTURES);
        try (EmbeddedCluster elsewhere = EmbeddedCluster.start(EmbeddedOptions.in(folder.resolve("registry")));
                Brokers brokers =
                        Brokers.start(folder.resolve("brokers"), 3, "PLAINTEXT", Map.of(), List.of(), Map.of())) {
            Map<String, String> given = new HashMap<>(Map.of(
                    "bootstrap.servers", brokers.bootstrapServers(),
                    "schema.registry.url", elsewhere.registryUrl(),
                    "blob.store.uri", folder.resolve("blobs").toUri().toString(),
                    "curation.resolution.px", "32",
                    "curator.state.dir", folder.resolve("state").toString()));
            ClusterConfig cluster = ClusterConfig.from(given);
            ClusterSetup.prepare(cluster, Topics.all());
            assertCopies(cluster);

            List<CompletableFuture<ImageId>> sent = new ArrayList<>();
            try (CuratorService curator = new CuratorService(CuratorConfig.from(given));
                    ImageFeeder feeder = new ImageFeeder(FeedConfig.from(given))) {
                curator.start();
                await().atMost(SOON).until(() -> curator.state() == Service.State.RUNNING);
                for (int i = 0; i < PICTURES; i++) {
                    if (i == PICTURES / 3) {
                        brokers.kill(leaderOfTheFirstPartition(cluster));
                    }
                    sent.add(feeder.feed(
                            Files.readAllBytes(files.get(i)),
                            "tile-" + i,
                            new Note("a tile", ImageFacts.of(Map.of()))));
                    Thread.sleep(10);
                }
                List<String> acknowledged = new ArrayList<>();
                for (CompletableFuture<ImageId> answer : sent) {
                    acknowledged.add(answer.get(60, TimeUnit.SECONDS).hex());
                }
                await().atMost(SOON).until(() -> verdicts(cluster).size() >= PICTURES);

                assertThat(verdicts(cluster))
                        .as("every acknowledged picture has exactly one verdict")
                        .containsExactlyInAnyOrderElementsOf(acknowledged);
                try (LagSampler lag = new LagSampler(cluster)) {
                    await().atMost(SOON).untilAsserted(() -> assertThat(
                                    lag.sample(groups -> List.of(CURATORS), List.of()).lags().stream()
                                            .mapToLong(partition -> records(partition))
                                            .sum())
                            .isZero());
                }
            }
        }
    }

    private static long records(PartitionLag partition) {
        return partition.records().orElse(0);
    }

    private static void assertCopies(ClusterConfig cluster) throws Exception {
        try (Admin admin = Admin.create(cluster.admin())) {
            TopicDescription images = requireNonNull(admin.describeTopics(List.of(Topics.REAL_IMAGES.name()))
                    .allTopicNames()
                    .get()
                    .get(Topics.REAL_IMAGES.name()));
            assertThat(images.partitions())
                    .allSatisfy(partition -> assertThat(partition.replicas()).hasSize(3));
        }
    }

    private static int leaderOfTheFirstPartition(ClusterConfig cluster) throws Exception {
        try (Admin admin = Admin.create(cluster.admin())) {
            return requireNonNull(admin.describeTopics(List.of(Topics.REAL_IMAGES.name()))
                            .allTopicNames()
                            .get()
                            .get(Topics.REAL_IMAGES.name()))
                    .partitions()
                    .get(0)
                    .leader()
                    .id();
        }
    }

    private static List<String> verdicts(ClusterConfig cluster) {
        List<String> ids = new ArrayList<>();
        read(cluster, Topics.PREFERENCE_TRIPLES).forEach(entry -> ids.add(entry.key()));
        read(cluster, Topics.IMAGE_REJECTIONS).forEach(entry -> ids.add(entry.key()));
        return ids;
    }

    private static <V extends SpecificRecord> List<TopicReader.Entry<V>> read(
            ClusterConfig cluster, Topic<String, V> topic) {
        Map<String, Object> client = new HashMap<>(cluster.consumer("three-brokers"));
        client.putAll(cluster.registry());
        return TopicReader.readAll(topic, client, Duration.ofSeconds(30));
    }
}
