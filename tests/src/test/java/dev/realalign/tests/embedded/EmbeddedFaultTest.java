package dev.realalign.tests.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.Topics;
import io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens to the embedded cluster when something around it breaks. */
class EmbeddedFaultTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    @Test
    void what_was_acknowledged_outlives_a_kill_of_both_processes() throws Exception {
        Path data = folder.resolve("data");
        try (EmbeddedCluster cluster = EmbeddedCluster.start(EmbeddedOptions.in(data))) {
            ClusterSetup.prepare(ClusterConfig.from(cluster.properties()), Topics.all());
            write(cluster, "before the kill");
            cluster.processes().forEach(ProcessHandle::destroyForcibly);

            UserErrorException death = cluster.died().get(30, TimeUnit.SECONDS);
            assertThat(death.problems().get(0)).contains("was killed by signal 9");
        }

        try (EmbeddedCluster cluster = EmbeddedCluster.start(EmbeddedOptions.in(data))) {
            assertThat(read(cluster)).containsExactly("before the kill");
            try (SchemaRegistryClient registry = new CachedSchemaRegistryClient(cluster.registryUrl(), 100)) {
                assertThat(registry.getAllSubjects()).hasSize(Topics.all().size());
                assertThat(registry.getCompatibility("publishing-log-value")).isEqualTo("BACKWARD_TRANSITIVE");
            }
            write(cluster, "after it");
            assertThat(read(cluster)).containsExactly("before the kill", "after it");
        }

        try (EmbeddedCluster cluster = EmbeddedCluster.start(EmbeddedOptions.in(data))) {
            assertThat(read(cluster)).containsExactly("before the kill", "after it");
        }
    }

    @Test
    void a_killed_parent_takes_its_children_along_and_the_next_one_goes_on_at_once() throws Exception {
        Path data = folder.resolve("data");
        Process parent = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-D" + EmbeddedOptions.HOME_PROPERTY + "=" + System.getProperty(EmbeddedOptions.HOME_PROPERTY),
                        "-cp",
                        System.getProperty("java.class.path"),
                        ParentMain.class.getName(),
                        data.toString())
                .redirectError(folder.resolve("parent.log").toFile())
                .start();
        List<ProcessHandle> children = new ArrayList<>();
        try {
            for (String word : firstLine(parent).split(" ")) {
                if (word.matches("\\d+")) {
                    children.add(ProcessHandle.of(Long.parseLong(word)).orElseThrow());
                }
            }
            assertThat(children).hasSize(2).allMatch(ProcessHandle::isAlive);

            UserErrorException taken = catchThrowableOfType(
                    UserErrorException.class, () -> EmbeddedCluster.start(EmbeddedOptions.in(data)));
            assertThat(taken.problems())
                    .containsExactly("the data directory " + data + " is in use by another realalign (process "
                            + parent.pid() + "). End it, or give another directory with --data.");

            interrupt(children);
            assertThat(children)
                    .as("the keyboard's interrupt is the parent's matter")
                    .allMatch(ProcessHandle::isAlive);
        } finally {
            parent.destroyForcibly();
        }

        try (EmbeddedCluster next = EmbeddedCluster.start(EmbeddedOptions.in(data))) {
            assertThat(children).noneMatch(ProcessHandle::isAlive);
            assertThat(next.processes()).allMatch(ProcessHandle::isAlive);
        }
    }

    private static String firstLine(Process parent) throws Exception {
        BufferedReader out = new BufferedReader(new InputStreamReader(parent.getInputStream(), StandardCharsets.UTF_8));
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith("CHILDREN ")) {
                return line;
            }
        }
        throw new AssertionError("the parent ended without a cluster");
    }

    private static void interrupt(List<ProcessHandle> processes) throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/bin/kill")), "this system has no /bin/kill");
        for (ProcessHandle process : processes) {
            assertThat(new ProcessBuilder("/bin/kill", "-INT", Long.toString(process.pid()))
                            .start()
                            .waitFor())
                    .isZero();
        }
        Thread.sleep(1_000);
    }

    @Test
    void closing_leaves_no_process_and_a_dead_child_does_not_hinder_it() {
        EmbeddedCluster cluster = EmbeddedCluster.start(EmbeddedOptions.in(folder.resolve("data")));
        cluster.processes().get(1).destroyForcibly();
        Awaitility.await().atMost(SOON).until(() -> cluster.died().isDone());
        assertThat(cluster.died().join().problems().get(0))
                .startsWith("the embedded schema registry was killed by signal 9. ");
        cluster.close();
        cluster.close();

        assertThat(cluster.processes()).noneMatch(ProcessHandle::isAlive);
    }

    @Test
    void a_port_in_use_is_named_before_anything_starts() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            for (boolean broker : new boolean[] {true, false}) {
                EmbeddedOptions options = EmbeddedOptions.in(folder.resolve("data"))
                        .withPorts(broker ? taken.getLocalPort() : 0, broker ? 0 : taken.getLocalPort());

                UserErrorException error =
                        catchThrowableOfType(UserErrorException.class, () -> EmbeddedCluster.start(options));

                assertThat(error.exitCode()).isEqualTo(UserErrorException.FAILURE);
                assertThat(error.problems())
                        .containsExactly("port " + taken.getLocalPort() + " for the embedded "
                                + (broker ? "broker" : "schema registry")
                                + " is in use. End what uses it, give another port, or 0 for any free one.");
            }
        }
    }

    @Test
    void a_data_directory_that_is_a_file_is_named() throws Exception {
        Path file = Files.writeString(folder.resolve("data"), "x");

        UserErrorException error =
                catchThrowableOfType(UserErrorException.class, () -> EmbeddedCluster.start(EmbeddedOptions.in(file)));

        assertThat(error.problems())
                .containsExactly(
                        "the data directory " + file
                                + " cannot be used: it, or a folder it lies in, is a file. Give another directory with --data.");
    }

    @Test
    void a_data_directory_that_cannot_be_written_is_named() throws Exception {
        Path data = Files.createDirectory(folder.resolve("data"));
        Assumptions.assumeTrue(data.toFile().setWritable(false), "this system cannot take write permission away");
        Assumptions.assumeFalse(Files.isWritable(data), "this user may write everywhere");

        UserErrorException error =
                catchThrowableOfType(UserErrorException.class, () -> EmbeddedCluster.start(EmbeddedOptions.in(data)));

        assertThat(error.problems())
                .containsExactly("the data directory " + data
                        + " cannot be used: it is not writable. Give another directory with --data.");
    }

    @Test
    void a_data_directory_where_nothing_can_be_made_is_named() {
        Path data = Path.of("/proc/realalign-data");
        Assumptions.assumeTrue(Files.isDirectory(Path.of("/proc/self")), "this system has no /proc");

        UserErrorException error =
                catchThrowableOfType(UserErrorException.class, () -> EmbeddedCluster.start(EmbeddedOptions.in(data)));

        assertThat(error.problems())
                .containsExactly("the data directory " + data
                        + " cannot be used: it cannot be created there. Give another directory with --data.");
    }

    @Test
    void a_full_disk_is_named_with_what_is_needed() {
        EmbeddedOptions options = EmbeddedOptions.in(folder.resolve("data")).withMinFreeBytes(Long.MAX_VALUE);

        UserErrorException error = catchThrowableOfType(UserErrorException.class, () -> EmbeddedCluster.start(options));

        assertThat(error.problems()).hasSize(1);
        assertThat(error.problems().get(0))
                .startsWith("the disk of the data directory " + folder.resolve("data") + " is full: ")
                .endsWith(" MiB are needed. Free some, or give a directory on another disk with --data.");
    }

    @Test
    void a_missing_registry_server_is_named_with_the_remedy() {
        EmbeddedOptions options =
                EmbeddedOptions.in(folder.resolve("data")).withRegistryHome(folder.resolve("nothing"));

        UserErrorException error = catchThrowableOfType(UserErrorException.class, () -> EmbeddedCluster.start(options));

        assertThat(error.problems())
                .containsExactly("the schema registry server is not in " + folder.resolve("nothing")
                        + ". Build the program with mvn package, or name the folder with -Drealalign.registry=FOLDER.");
    }

    @Test
    void a_broker_that_cannot_start_is_told_with_its_last_words() throws Exception {
        Path log = Files.createDirectories(folder.resolve("data").resolve("broker"));
        Files.writeString(log.resolve("meta.properties"), "version=1\ncluster.id=x\nnode.id=7\n");

        UserErrorException error = catchThrowableOfType(
                UserErrorException.class, () -> EmbeddedCluster.start(EmbeddedOptions.in(folder.resolve("data"))));

        assertThat(error.exitCode()).isEqualTo(UserErrorException.FAILURE);
        assertThat(error.problems().get(0))
                .startsWith("the embedded broker ended unasked with exit code 1. Its last words, from "
                        + folder.resolve("data").resolve("logs").resolve("broker.log") + ":\n")
                .contains("Stored node id 7 doesn't match previous node id 1")
                .doesNotContain("\tat ");
    }

    private static void write(EmbeddedCluster cluster, String reason) throws Exception {
        ClusterConfig config = ClusterConfig.from(cluster.properties());
        try (KafkaProducer<String, PublishingDecision> producer = new KafkaProducer<>(
                config.producer("fault"),
                Topics.PUBLISHING_LOG.keySerializer(),
                Topics.PUBLISHING_LOG.valueSerializer(config.registry()))) {
            producer.send(new ProducerRecord<>(
                            "publishing-log",
                            "m",
                            PublishingDecision.newBuilder()
                                    .setModel("m")
                                    .setCandidate("c")
                                    .setCandidateDigest("d")
                                    .setAccepted(false)
                                    .setReason(reason)
                                    .setDecidedAt(Instant.ofEpochMilli(1))
                                    .build()))
                    .get();
        }
    }

    private static List<String> read(EmbeddedCluster cluster) {
        ClusterConfig config = ClusterConfig.from(cluster.properties());
        TopicPartition partition = new TopicPartition("publishing-log", 0);
        List<String> reasons = new ArrayList<>();
        try (KafkaConsumer<String, PublishingDecision> consumer = new KafkaConsumer<>(
                config.consumer("fault"),
                Topics.PUBLISHING_LOG.keyDeserializer(),
                Topics.PUBLISHING_LOG.valueDeserializer(config.registry()))) {
            consumer.assign(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
            consumer.seek(partition, 0);
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofSeconds(1))
                        .forEach(r -> reasons.add(r.value().getReason()));
            }
        }
        return reasons;
    }
}
