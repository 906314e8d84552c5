package dev.realalign.diffusion.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.PredictionType;
import dev.realalign.diffusion.schedule.SamplingPlan;
import dev.realalign.diffusion.schedule.ScalarSampler;
import dev.realalign.diffusion.schedule.Scheduler;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {

    private static final Sampler.Listener NOTHING = new Sampler.Listener() {};

    private static Scheduler scheduler(String options) {
        return JsonConfig.parse(
                "scheduler_config.json",
                "{" + options + ", \"beta_schedule\": \"scaled_linear\", \"beta_start\": 0.00085, \"beta_end\": 0.012}",
                Scheduler::from);
    }

    /** A network that has learned images N(0, 1/16): linear in the sample. */
    private static Sampler.Prediction gaussian(ScalarSampler.Network network) {
        return (sample, level) -> sample.mul(network.predict(1, level));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"_class_name\": \"DDIMScheduler\", \"clip_sample\": false",
                "\"_class_name\": \"DDIMScheduler\", \"clip_sample_range\": 0.2",
                "\"_class_name\": \"PNDMScheduler\"",
                "\"_class_name\": \"PNDMScheduler\", \"skip_prk_steps\": true",
                "\"_class_name\": \"DPMSolverMultistepScheduler\"",
                "\"_class_name\": \"EulerDiscreteScheduler\"",
                "\"_class_name\": \"FlowMatchEulerDiscreteScheduler\", \"shift\": 3.0"
            })
    void a_plan_walked_on_tensors_does_what_it_does_on_numbers(String options) {
        Scheduler scheduler = scheduler(options);
        ScalarSampler.Network network =
                ScalarSampler.gaussian(0.25, scheduler.schedule().prediction());
        SamplingPlan plan = scheduler.plan(12);
        long before = Tensor.liveCount();
        try (TensorScope scope = TensorScope.open()) {
            Sampler sampler = new Sampler(plan, gaussian(network), i -> {
                throw new AssertionError("no noise is asked for");
            });
            float[] ends = sampler.run(Tensor.of(new float[] {1, -0.5f}, 2, 1, 1, 1), NOTHING)
                    .toFloats();
            for (int i = 0; i < 2; i++) {
                List<Double> expected = ScalarSampler.run(plan, i == 0 ? 1 : -0.5, network);
                assertThat((double) ends[i]).isCloseTo(expected.get(plan.size()), within(1e-5));
            }
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    void a_listener_sees_the_trajectory_and_may_replace_samples() {
        SamplingPlan plan = scheduler("\"_class_name\": \"DDIMScheduler\", \"clip_sample\": false")
                .plan(3);
        List<String> seen = new ArrayList<>();
        try (TensorScope scope = TensorScope.open()) {
            Sampler sampler = new Sampler(plan, (sample, level) -> sample.mul(0), i -> Tensor.zeros(1));
            Tensor end = sampler.run(Tensor.of(new float[] {5}), new Sampler.Listener() {
                @Override
                public void evaluated(int i, NoiseLevel level, Tensor sample, Tensor output) {
                    seen.add(i + " t=" + level.timestep() + " x=" + sample.item() + " m=" + output.item());
                }

                @Override
                public Tensor updated(int i, NoiseLevel level, Tensor sample) {
                    seen.add(i + " -> " + level.timestep());
                    return Tensor.of(new float[] {i + 1});
                }
            });
            assertThat(end.item()).isEqualTo(3);
        }
        assertThat(seen)
                .containsExactly(
                        "0 t=666.0 x=5.0 m=0.0",
                        "0 -> 333.0",
                        "1 t=333.0 x=1.0 m=0.0",
                        "1 -> 0.0",
                        "2 t=0.0 x=2.0 m=0.0",
                        "2 -> 0.0");
    }

    @Test
    void fresh_noise_is_added_with_the_plans_factor() {
        SamplingPlan plan = scheduler("\"_class_name\": \"DDPMScheduler\", \"clip_sample\": false")
                .plan(2);
        try (TensorScope scope = TensorScope.open()) {
            ScalarSampler.Network network = ScalarSampler.gaussian(0.25, PredictionType.EPSILON);
            double quiet = new Sampler(plan, gaussian(network), i -> Tensor.of(new float[] {0}))
                    .run(Tensor.of(new float[] {1}), NOTHING)
                    .item();
            List<Integer> asked = new ArrayList<>();
            double noisy = new Sampler(plan, gaussian(network), i -> {
                        asked.add(i);
                        return Tensor.of(new float[] {2});
                    })
                    .run(Tensor.of(new float[] {1}), NOTHING)
                    .item();
            assertThat(asked).containsExactly(0);
            // the noise of the first step passes through the second, which is linear in its sample
            SamplingPlan second = new SamplingPlan(plan.steps().subList(1, 2), 1);
            double passed = ScalarSampler.run(second, 1, network).get(1);
            assertThat(noisy - quiet).isCloseTo(2 * plan.steps().get(0).noise() * passed, within(1e-5));
        }
    }
}
