package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClusterConfigTest {
    private static final Map<String, String> SECURITY = Map.of(
            "security.protocol", "SASL_SSL",
            "sasl.mechanism", "PLAIN",
            "sasl.jaas.config", "secret",
            "ssl.truststore.location", "/trust");

    private static ClusterConfig cluster(Map<String, String> more) {
        Map<String, String> given = new HashMap<>(Map.of(
                "bootstrap.servers",
                "broker:9092",
                "schema.registry.url",
                "http://registry:8081",
                "trainer.model",
                "cats"));
        given.putAll(SECURITY);
        given.putAll(more);
        return ClusterConfig.from(given);
    }

    @Test
    void security_reaches_every_kafka_client_and_nothing_foreign_does() {
        ClusterConfig cluster = cluster(Map.of());

        for (Map<String, Object> client :
                java.util.List.of(cluster.admin(), cluster.producer("p"), cluster.consumer("c"), cluster.streams())) {
            assertThat(client)
                    .containsAllEntriesOf(SECURITY)
                    .containsEntry("bootstrap.servers", "broker:9092")
                    .doesNotContainKeys(
                            "trainer.model", "schema.registry.url", "image.partitions", "cluster.timeout.ms");
        }
    }

    @Test
    void what_correctness_rests_on_cannot_be_overridden() {
        ClusterConfig cluster = cluster(Map.of(
                "acks", "0",
                "producer.acks", "1",
                "enable.idempotence", "false",
                "isolation.level", "read_uncommitted",
                "consumer.enable.auto.commit", "true"));

        assertThat(cluster.producer("p")).containsEntry("acks", "all").containsEntry("enable.idempotence", true);
        assertThat(cluster.consumer("c"))
                .containsEntry("isolation.level", "read_committed")
                .containsEntry("enable.auto.commit", false);
    }

    @Test
    void a_prefix_confines_a_key_to_one_kind_of_client_and_wins() {
        ClusterConfig cluster = cluster(Map.of(
                "linger.ms",
                "5",
                "producer.linger.ms",
                "7",
                "consumer.fetch.max.bytes",
                "9",
                "streams.num.stream.threads",
                "2"));

        assertThat(cluster.producer("p"))
                .containsEntry("linger.ms", "7")
                .containsEntry("max.request.size", 4 * 1024 * 1024);
        assertThat(cluster.consumer("c")).containsEntry("fetch.max.bytes", "9").doesNotContainKey("linger.ms");
        assertThat(cluster.streams())
                .containsEntry("num.stream.threads", "2")
                .containsEntry("producer.linger.ms", "7")
                .containsEntry("consumer.fetch.max.bytes", "9");
    }

    @Test
    void the_registry_gets_its_own_keys_and_bounded_waits() {
        ClusterConfig cluster = cluster(Map.of(
                "basic.auth.credentials.source", "USER_INFO",
                "basic.auth.user.info", "u:p",
                "schema.registry.ssl.truststore.location", "/t",
                "http.read.timeout.ms", "7",
                "cluster.timeout.ms", "2000"));

        assertThat(cluster.registry())
                .isEqualTo(Map.of(
                        "schema.registry.url", "http://registry:8081",
                        "basic.auth.credentials.source", "USER_INFO",
                        "basic.auth.user.info", "u:p",
                        "schema.registry.ssl.truststore.location", "/t",
                        "http.connect.timeout.ms", 2000,
                        "http.read.timeout.ms", "7"));
        assertThat(cluster.admin()).containsEntry("default.api.timeout.ms", 2000);
    }

    @Test
    void a_cluster_does_not_print_its_secrets() {
        assertThat(cluster(Map.of())).hasToString("cluster broker:9092 with schema registry http://registry:8081");
    }
}
