package dev.realalign.diffusion.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.SharedData;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The schedules and timesteps of the reference runs. */
class SchedulerGoldenTest {

    private static double[] golden(String file, String name) {
        try (TensorScope scope = TensorScope.open();
                SafeTensors tensors = SafeTensors.open(SharedData.path("golden/" + file + ".safetensors"))) {
            Tensor tensor = tensors.load(name);
            return tensor.toDoubles();
        }
    }

    private static Scheduler scheduler(String name) {
        return Scheduler.read(SharedData.path("golden/schedulers/" + name + ".json"));
    }

    @Test
    void alphas_are_those_of_the_reference() {
        double[] expected = golden("sd15_sampling", "alphas_cumprod");
        for (String name : new String[] {"ddim", "ddpm", "dpmpp2m", "euler"}) {
            double[] alphas = ((DiffusionSchedule) scheduler(name).schedule()).alphasCumprod();
            assertThat(alphas).hasSize(expected.length);
            for (int i = 0; i < alphas.length; i++) {
                assertThat(alphas[i]).as("%s %d", name, i).isCloseTo(expected[i], within(1e-5 * expected[i]));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"ddim, 4", "ddim, 20", "dpmpp2m, 4", "dpmpp2m, 20", "euler, 4", "euler, 20"})
    void timesteps_are_those_of_the_reference_runs(String name, int steps) {
        double[] expected = golden("sd15_sampling", name + "_" + steps + "_timesteps");
        assertThat(scheduler(name).plan(steps).timesteps()).containsExactly(expected, within(1e-4));
    }

    @Test
    void flow_levels_are_those_of_the_reference() {
        Scheduler scheduler = scheduler("flow_match_euler");
        double[] sigmas = golden("sd35m_sampling", "train_sigmas");
        double[] timesteps = golden("sd35m_sampling", "train_timesteps");
        assertThat(scheduler.schedule().size()).isEqualTo(sigmas.length);
        for (int i = 0; i < sigmas.length; i++) {
            NoiseLevel level = scheduler.schedule().level(i);
            assertThat(level.noise()).as("sigma %d", i).isCloseTo(sigmas[i], within(1e-6));
            assertThat(level.timestep()).as("timestep %d", i).isCloseTo(timesteps[i], within(1e-3));
        }
        SamplingPlan plan = scheduler.plan(golden("sd35m_sampling", "timesteps").length);
        double[] walked = Arrays.copyOf(
                plan.levels().stream().mapToDouble(NoiseLevel::noise).toArray(), plan.size() + 1);
        assertThat(walked).containsExactly(golden("sd35m_sampling", "sigmas"), within(1e-6));
    }

    @Test
    void the_inpainting_run_walks_the_ddim_timesteps() {
        double[] expected = golden("sd15_inpaint_blend", "timesteps");
        assertThat(scheduler("ddim").plan(expected.length).timesteps()).containsExactly(expected);
    }
}
