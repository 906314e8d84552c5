package dev.realalign.diffusion.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.diffusion.JsonConfig;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole runs of all six schedulers of diffusers 0.31 on one number, over every spacing, prediction type and option that is
 * supported: from 1 (times the largest sigma for Euler), with the network 0.8 tanh(1.3 x + t / 1000) + 0.1, where x is the
 * scaled model input, and 0.7 for every draw of noise.
 */
class ReferenceRunsTest {

    static Stream<Arguments> runs() throws IOException {
        try (InputStream in =
                Objects.requireNonNull(ReferenceRunsTest.class.getResourceAsStream("reference-runs.json"))) {
            JsonNode runs = new JsonMapper().readTree(in);
            return StreamSupport.stream(runs.spliterator(), false)
                    .map(run -> Arguments.of(
                            run.get("config").toString(),
                            run.get("steps").asInt(),
                            run.get("evaluations").asInt(),
                            run.get("end").asDouble()))
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest(name = "{1} steps of {0}")
    @MethodSource("runs")
    void a_run_ends_where_the_published_implementation_ends(String config, int steps, int evaluations, double end) {
        SamplingPlan plan = JsonConfig.parse("scheduler_config.json", config, Scheduler::from)
                .plan(steps);
        assertThat(plan.size()).isEqualTo(evaluations);
        List<Double> samples = ScalarSampler.run(
                plan,
                plan.initialScale(),
                (sample, level) -> 0.8 * Math.tanh(1.3 * sample + level.timestep() / 1000) + 0.1,
                0.7);
        // the published runs hold their coefficients in single precision
        assertThat(samples.get(plan.size())).isCloseTo(end, within(1e-4 * Math.max(1, Math.abs(end))));
    }
}
