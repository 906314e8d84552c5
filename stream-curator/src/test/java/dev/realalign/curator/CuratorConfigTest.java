package dev.realalign.curator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.realalign.curator.gate.GateLimits;
import dev.realalign.runtime.UserErrorException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.streams.StreamsConfig;
import org.junit.jupiter.api.Test;

class CuratorConfigTest {

    @Test
    void defaults_are_the_documented_ones() {
        CuratorConfig config = config(Map.of());

        assertThat(config.pairs().resolution()).isEqualTo(512);
        assertThat(config.pairs().background()).isEqualTo(0xFFFFFF);
        assertThat(config.pairs().limits())
                .isEqualTo(new GateLimits(33_554_432, 50_000_000, 512, 4, 2, 0.95, 2, 43.66, 1000));
        assertThat(config.pairs().mixes().standard().localShare()).isEqualTo(0.8);
        assertThat(config.pairs().leastRmsDifference()).isEqualTo(4);
        assertThat(config.commitInterval()).isEqualTo(Duration.ofMillis(100));
        assertThat(config.standbyReplicas()).isEqualTo(1);
        assertThat(config.applicationId()).isEqualTo("realalign-curator");
    }

    @Test
    void the_shortest_side_follows_the_resolution_unless_it_is_set() {
        assertThat(config(Map.of("curation.resolution.px", "32"))
                        .pairs()
                        .limits()
                        .minSide())
                .isEqualTo(32);
        assertThat(config(Map.of("curation.gate.min.side.px", "100"))
                        .pairs()
                        .limits()
                        .minSide())
                .isEqualTo(100);
    }

    @Test
    void every_problem_is_named_at_once_with_its_remedy() {
        UserErrorException error = catchThrowableOfType(
                UserErrorException.class,
                () -> CuratorConfig.from(Map.of(
                        "curation.resolution.px", "1024",
                        "curation.background", "white",
                        "curation.negative.mix", "LOCAL_BLUR:1,COLOUR_CAST:1",
                        "curation.negative.min.rms.levels", "2",
                        "curation.negative.mix.by.source", "album/*=SDEDIT:1,LOCAL_WARP:1",
                        "curation.gate.similar.max.distance.bits", "7",
                        "curation.generated.deadline.ms", "10",
                        "curator.application.id", "a b")));

        assertThat(error.exitCode()).isEqualTo(2);
        assertThat(error.problems())
                .anyMatch(problem -> problem.startsWith("bootstrap.servers is not set."))
                .anyMatch(problem -> problem.startsWith("blob.store.uri is not set."))
                .contains(
                        "curation.resolution.px is \"1024\": must be from 8 to 768. Change it, or leave it out for the"
                                + " default 512.",
                        "curation.background is \"white\": must be a colour such as #ffffff. Change it, or leave it"
                                + " out for the default #ffffff.",
                        "curation.negative.min.rms.levels is \"2\": must be from 4 to 128. Change it, or leave it out"
                                + " for the default 4.0.")
                .anyMatch(problem -> problem.startsWith("curation.negative.mix is \"LOCAL_BLUR:1,COLOUR_CAST:1\": local"
                        + " kinds (PATCH_DISPLACEMENT, LOCAL_WARP, LOCAL_BLUR, LOCAL_NOISE) have 50 % of the perturbations'"
                        + " weight, at least 70 % are needed: raise them or lower the others"))
                .anyMatch(problem -> problem.startsWith(
                        "curation.negative.mix.by.source is \"album/*=SDEDIT:1,LOCAL_WARP:1\": of album/* it names no"
                                + " perturbation; one at least has to stand in when a generated negative does not come,"
                                + " such as LOCAL_WARP; \"LOCAL_WARP:1\" is not of the form"
                                + " SOURCES=KIND:weight;KIND:weight"))
                .anyMatch(problem ->
                        problem.startsWith("curation.gate.similar.max.distance.bits is \"7\": must be from 0 to 6."))
                .anyMatch(problem ->
                        problem.startsWith("curation.generated.deadline.ms is \"10\": must be from 1000 to 86400000."))
                .anyMatch(problem -> problem.startsWith(
                        "curator.application.id is \"a b\": must be letters, digits, dots, hyphens or underscores"));
    }

    @Test
    void versions_follow_what_verdicts_and_pairs_depend_on_and_nothing_else() {
        CuratorConfig plain = config(Map.of());
        CuratorConfig moved = config(Map.of("curator.state.dir", "elsewhere", "curator.threads", "2"));
        CuratorConfig seeded = config(Map.of("curation.seed", "7"));
        CuratorConfig stricter = config(Map.of("curation.gate.max.aspect.ratio", "2"));

        assertThat(moved.curatorVersion()).isEqualTo(plain.curatorVersion());
        assertThat(moved.gateVersion()).isEqualTo(plain.gateVersion());
        assertThat(seeded.curatorVersion()).isNotEqualTo(plain.curatorVersion());
        assertThat(seeded.gateVersion()).isEqualTo(plain.gateVersion());
        assertThat(stricter.gateVersion()).isNotEqualTo(plain.gateVersion());
        assertThat(stricter.curatorVersion()).isNotEqualTo(plain.curatorVersion());
    }

    @Test
    void the_guarantees_cannot_be_configured_away() {
        Map<String, Object> streams = config(Map.of(
                        "streams.processing.guarantee", "at_least_once",
                        "streams.application.id", "other",
                        "streams.ensure.explicit.internal.resource.naming", "false",
                        "streams.replication.factor", "3",
                        "security.protocol", "SSL"))
                .streams();

        assertThat(streams)
                .containsEntry(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, "exactly_once_v2")
                .containsEntry(StreamsConfig.APPLICATION_ID_CONFIG, "realalign-curator")
                .containsEntry(StreamsConfig.ENSURE_EXPLICIT_INTERNAL_RESOURCE_NAMING_CONFIG, true)
                .as("what is the cluster's business passes through")
                .containsEntry(StreamsConfig.REPLICATION_FACTOR_CONFIG, "3")
                .containsEntry("security.protocol", "SSL");
        assertThat(config(Map.of()).streams())
                .containsEntry(StreamsConfig.REPLICATION_FACTOR_CONFIG, -1)
                .containsEntry(StreamsConfig.GROUP_PROTOCOL_CONFIG, "classic")
                .containsEntry(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, 1);
    }

    private static CuratorConfig config(Map<String, String> settings) {
        Map<String, String> given = new HashMap<>(Map.of(
                "bootstrap.servers", "localhost:9092",
                "schema.registry.url", "http://localhost:8081",
                "blob.store.uri", "file:///srv/realalign/blobs"));
        given.putAll(settings);
        return CuratorConfig.from(given);
    }
}
