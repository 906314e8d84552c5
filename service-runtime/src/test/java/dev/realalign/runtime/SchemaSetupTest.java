package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.Topics;
import io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import io.confluent.kafka.schemaregistry.testutil.MockSchemaRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchemaSetupTest {
    private static final RealImage IMAGE = RealImage.newBuilder()
            .setImageId("a".repeat(64))
            .setCaption("a rainy street")
            .setBlob(new BlobReference("b".repeat(64), 5L))
            .setSource("photos/rain.jpg")
            .setIngestTime(Instant.ofEpochMilli(1_700_000_000_123L))
            .build();

    @Test
    void records_written_after_registration_come_back_equal() {
        ClusterConfig cluster = cluster("mock://round-trip");
        ClusterSetup.registerSchemas(cluster, Topics.all());

        byte[] bytes = Topics.REAL_IMAGES.valueSerializer(cluster.registry()).serialize("real-images", IMAGE);

        assertThat(bytes).startsWith(0, 0, 0, 0);
        assertThat(Topics.REAL_IMAGES.valueDeserializer(cluster.registry()).deserialize("real-images", bytes))
                .isEqualTo(IMAGE);
    }

    @Test
    void a_serializer_registers_nothing_by_itself() {
        ClusterConfig cluster = cluster("mock://nothing-registered");

        assertThatThrownBy(() ->
                        Topics.REAL_IMAGES.valueSerializer(cluster.registry()).serialize("real-images", IMAGE))
                .isInstanceOf(SerializationException.class);
    }

    @Test
    void every_subject_is_held_under_backward_transitive_and_keeps_no_java_properties() throws Exception {
        ClusterConfig cluster = cluster("mock://levels");
        ClusterSetup.registerSchemas(cluster, Topics.all());
        ClusterSetup.registerSchemas(cluster, Topics.all());

        SchemaRegistryClient registry = MockSchemaRegistry.getClientForScope("levels");
        assertThat(registry.getAllSubjects())
                .containsExactlyInAnyOrder(
                        "real-images-value",
                        "image-rejections-value",
                        "similarity-questions-value",
                        "similarity-answers-value",
                        "negative-requests-value",
                        "generated-negatives-value",
                        "preference-triples-value",
                        "checkpoint-candidates-value",
                        "checkpoints-value",
                        "checkpoint-aliases-value",
                        "publishing-log-value",
                        "training-ledger-value",
                        "checkpoint-commands-value",
                        "subscriber-status-value");
        for (String subject : registry.getAllSubjects()) {
            assertThat(registry.getAllVersions(subject)).containsExactly(1);
            assertThat(registry.getCompatibility(subject)).isEqualTo("BACKWARD_TRANSITIVE");
            assertThat(registry.getLatestSchemaMetadata(subject).getSchema()).doesNotContain("avro.java.string");
        }
    }

    @Test
    void a_schema_of_something_else_under_our_subject_is_named() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/subjects", exchange -> {
            boolean list = exchange.getRequestMethod().equals("GET");
            answer(
                    exchange,
                    list ? 200 : 409,
                    list
                            ? "[\"real-images-value\"]"
                            : "{\"error_code\":409,\"message\":\"reader type Cat is missing.\"}");
        });
        server.createContext(
                "/config", exchange -> answer(exchange, 200, "{\"compatibilityLevel\":\"BACKWARD_TRANSITIVE\"}"));
        server.start();
        try {
            UserErrorException error = catchThrowableOfType(
                    UserErrorException.class,
                    () -> ClusterSetup.registerSchemas(
                            cluster("http://127.0.0.1:" + server.getAddress().getPort()), List.of(Topics.REAL_IMAGES)));

            assertThat(error.exitCode()).isEqualTo(UserErrorException.USAGE);
            assertThat(error.problems())
                    .containsExactly("the schema registry holds a schema under real-images-value that this release"
                            + " cannot read (reader type Cat is missing.; error code: 409). Another program or a newer"
                            + " release wrote it: use a registry of its own or upgrade.");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void a_registry_that_is_not_there_is_named_in_time() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        ClusterConfig cluster = cluster("http://127.0.0.1:" + port);
        long start = System.nanoTime();

        UserErrorException error = catchThrowableOfType(
                UserErrorException.class, () -> ClusterSetup.registerSchemas(cluster, Topics.all()));

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
        assertThat(error.exitCode()).isEqualTo(UserErrorException.FAILURE);
        assertThat(error.problems())
                .containsExactly("no schema registry answers at http://127.0.0.1:" + port
                        + " (Connection refused). Start it or correct schema.registry.url.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    401 | refuses this user (HTTP 401). Check basic.auth.*, bearer.auth.*
                    403 | refuses this user (HTTP 403). Check basic.auth.*, bearer.auth.*
                    404 | does not speak Confluent's protocol there (HTTP 404). Check the path in schema.registry.url
                    500 | failed: broken disk
                    """)
    void what_the_registry_answers_becomes_a_sentence(int status, String sentence) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/",
                exchange -> answer(exchange, status, "{\"error_code\":" + status + ",\"message\":\"broken disk\"}"));
        server.start();
        try {
            ClusterConfig cluster =
                    cluster("http://127.0.0.1:" + server.getAddress().getPort());

            assertThatThrownBy(() -> ClusterSetup.registerSchemas(cluster, Topics.all()))
                    .isInstanceOf(UserErrorException.class)
                    .hasMessageContaining(sentence);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void a_record_of_another_topic_is_refused_by_name() {
        ClusterConfig cluster = cluster("mock://other-topic");
        ClusterSetup.registerSchemas(cluster, List.of(Topics.REAL_IMAGES));
        byte[] bytes = Topics.REAL_IMAGES.valueSerializer(cluster.registry()).serialize("real-images", IMAGE);

        assertThatThrownBy(() -> Topics.CHECKPOINT_ALIASES
                        .valueDeserializer(cluster.registry())
                        .deserialize("checkpoint-aliases", bytes))
                .isInstanceOf(SerializationException.class);
    }

    private static void answer(HttpExchange exchange, int status, String json) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static ClusterConfig cluster(String registry) {
        return ClusterConfig.from(Map.of(
                ClusterConfig.BOOTSTRAP_SERVERS,
                "unused:9092",
                ClusterConfig.SCHEMA_REGISTRY_URL,
                registry,
                "max.retries",
                "0"));
    }
}
