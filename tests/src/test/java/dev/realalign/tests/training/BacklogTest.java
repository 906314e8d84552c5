package dev.realalign.tests.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.schemas.Topics;
import dev.realalign.trainer.kafka.KafkaTripleSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A backlog of any length costs the trainer no memory. */
@Timeout(180)
@EnabledOnOs(OS.LINUX)
@Tag("slow")
class BacklogTest {
    private static final int TRIPLES = 200_000;
    private static final int SIDE = 4;
    private static final long BUFFER_BYTES = 1 << 20;
    private static final long MEBIBYTE = 1 << 20;

    @TempDir
    Path folder;

    @Test
    void aBacklogOfTwoHundredThousandTriplesLeavesTheMemoryFlat() throws Exception {
        try (EmbeddedCluster embedded = EmbeddedCluster.start(EmbeddedOptions.in(folder.resolve("cluster")))) {
            Map<String, String> properties = new HashMap<>(embedded.properties());
            properties.put(ClusterConfig.IMAGE_PARTITIONS, "1");
            ClusterConfig cluster = ClusterConfig.from(properties);
            ClusterSetup.prepare(cluster, Topics.all());
            try (TripleFeed feed = new TripleFeed(cluster)) {
                feed.feedCopies(TRIPLES, SIDE);
            }
            List<Long> resident = new ArrayList<>();
            int taken = 0;
            try (KafkaTripleSource source = KafkaTripleSource.open(
                    cluster.consumer("backlog"), cluster.registry(), "backlog", SIDE, BUFFER_BYTES, null)) {
                source.start(source.beginnings());
                while (taken < TRIPLES) {
                    assertThat(source.take(Duration.ofSeconds(20)))
                            .as("triple " + taken)
                            .isPresent();
                    taken++;
                    if (taken % (TRIPLES / 20) == 0) {
                        resident.add(residentMebibytes());
                    }
                }
            }
            long early = resident.subList(0, 5).stream()
                    .mapToLong(Long::longValue)
                    .max()
                    .orElseThrow();
            long late = resident.subList(15, 20).stream()
                    .mapToLong(Long::longValue)
                    .max()
                    .orElseThrow();
            assertThat(late - early).as("growth in MiB of " + resident).isLessThan(64);
        }
    }

    /** Resident memory of this process after a collection. */
    private static long residentMebibytes() throws IOException {
        System.gc();
        String line = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(l -> l.startsWith("VmRSS:"))
                .findFirst()
                .orElseThrow();
        return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024 / MEBIBYTE;
    }
}
