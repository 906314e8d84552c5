package dev.realalign.diffusion.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulerTest {

    private static final String BETAS =
            "\"beta_schedule\": \"scaled_linear\", \"beta_start\": 0.00085, \"beta_end\": 0.012, ";

    /** A configuration of a published class with the betas of Stable Diffusion. */
    private static Scheduler scheduler(String className, String options) {
        return JsonConfig.parse(
                "scheduler_config.json",
                "{\"_class_name\": \"" + className + "\", " + BETAS + options + "\"_diffusers_version\": \"0.31.0\"}",
                Scheduler::from);
    }

    @ParameterizedTest(name = "{0} {1} {2} steps")
    @CsvSource(
            delimiter = '|',
            value = {
                "DDIMScheduler | leading | 4 | 751 501 251 1",
                "DDIMScheduler | leading | 7 | 853 711 569 427 285 143 1",
                "DDIMScheduler | linspace | 7 | 999 832 666 500 333 166 0",
                "DDIMScheduler | trailing | 7 | 999 856 713 570 428 285 142",
                "DDPMScheduler | leading | 4 | 751 501 251 1",
                "PNDMScheduler | leading | 4 | 751 501 251 1",
                "DPMSolverMultistepScheduler | linspace | 4 | 999 749 500 250",
                "DPMSolverMultistepScheduler | linspace | 7 | 999 856 714 571 428 285 143",
                "DPMSolverMultistepScheduler | leading | 7 | 876 751 626 501 376 251 126",
                "DPMSolverMultistepScheduler | trailing | 4 | 999 749 499 249",
                "EulerDiscreteScheduler | linspace | 7 | 999 832.5 666 499.5 333 166.5 0",
                "EulerDiscreteScheduler | leading | 4 | 751 501 251 1",
                "EulerDiscreteScheduler | trailing | 7 | 999 856 713 570 428 285 142"
            })
    void timesteps_are_the_published_ones(String className, String spacing, int steps, String expected) {
        Scheduler scheduler = scheduler(className, "\"steps_offset\": 1, \"timestep_spacing\": \"" + spacing + "\", ");
        assertThat(scheduler.timesteps(steps)).containsExactly(numbers(expected), within(1e-9));
    }

    @Test
    void flow_matching_shifts_the_already_shifted_range_again() {
        Scheduler scheduler = scheduler("FlowMatchEulerDiscreteScheduler", "\"shift\": 3.0, ");
        assertThat(scheduler.timesteps(4))
                .containsExactly(new double[] {1000, 857.69230769, 602.15053763, 8.92857143}, within(1e-8));
    }

    @Test
    void a_clipped_lambda_leaves_the_noisiest_timesteps_out() {
        Scheduler scheduler = JsonConfig.parse(
                "scheduler_config.json",
                "{\"_class_name\": \"DPMSolverMultistepScheduler\", \"beta_schedule\": \"squaredcos_cap_v2\","
                        + " \"lambda_min_clipped\": -5.1}",
                Scheduler::from);
        assertThat(scheduler.timesteps(4)).containsExactly(995, 746, 498, 249);
    }

    @Test
    void pndm_asks_the_network_at_the_published_timesteps() {
        Scheduler plms = scheduler("PNDMScheduler", "\"steps_offset\": 1, \"skip_prk_steps\": true, ");
        assertThat(plms.plan(7).timesteps()).containsExactly(numbers("853 711 711 569 427 285 143 1"));
        Scheduler prk = scheduler("PNDMScheduler", "\"steps_offset\": 1, ");
        assertThat(prk.plan(7).timesteps())
                .containsExactly(numbers("853 782 782 711 711 640 640 569 569 498 498 427 427 285 143 1"));
        assertThatThrownBy(() -> prk.plan(3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("PNDM's Runge-Kutta warm-up needs at least 4 steps, not 3; use more steps or"
                        + " \"skip_prk_steps\": true");
    }

    static Stream<Arguments> deterministic() {
        Stream<Arguments> pndm = Stream.of(
                Arguments.of("PNDMScheduler", "epsilon", "\"skip_prk_steps\": true, \"steps_offset\": 1, "),
                Arguments.of("PNDMScheduler", "epsilon", "\"set_alpha_to_one\": true, "));
        Stream<Arguments> others = Stream.of("epsilon", "v_prediction", "sample")
                .flatMap(prediction -> Stream.of(
                        Arguments.of("DDIMScheduler", prediction, "\"clip_sample\": false, \"steps_offset\": 1, "),
                        Arguments.of("DDIMScheduler", prediction, "\"timestep_spacing\": \"trailing\", "),
                        Arguments.of("DPMSolverMultistepScheduler", prediction, ""),
                        Arguments.of(
                                "DPMSolverMultistepScheduler",
                                prediction,
                                "\"final_sigmas_type\": \"sigma_min\", \"solver_type\": \"heun\", "),
                        Arguments.of("EulerDiscreteScheduler", prediction, "\"timestep_spacing\": \"trailing\", ")));
        return Stream.concat(pndm, others);
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("deterministic")
    void a_network_that_knows_the_image_is_led_to_it_along_a_straight_line(
            String className, String prediction, String options) {
        double image = 0.6;
        double eps = -1.1;
        Scheduler scheduler = scheduler(className, options + "\"prediction_type\": \"" + prediction + "\", ");
        for (int steps : new int[] {4, 5, 20}) {
            SamplingPlan plan = scheduler.plan(steps);
            NoiseLevel start = plan.steps().get(0).level();
            List<Double> samples = ScalarSampler.run(
                    plan,
                    start.clean() * image + start.noise() * eps,
                    ScalarSampler.knowing(image, scheduler.schedule().prediction()));
            for (int i = 1; i < plan.size(); i++) {
                NoiseLevel level = plan.levelAfter(i - 1);
                assertThat(samples.get(i))
                        .as("after evaluation %d of %d", i - 1, plan.size())
                        .isCloseTo(level.clean() * image + level.noise() * eps, within(1e-9));
            }
            // the end is the image, or the lowest level of the schedule where the configuration says so
            assertThat(samples.get(plan.size())).isCloseTo(image, within(0.05));
        }
    }

    @Test
    void the_end_of_a_run_is_the_one_the_configuration_names() {
        assertThat(end(scheduler("DDIMScheduler", "\"set_alpha_to_one\": true, ")))
                .isCloseTo(0.5, within(1e-12));
        double lowest = 0.5 * Math.sqrt(0.99915) + Math.sqrt(1 - 0.99915);
        assertThat(end(scheduler("DDIMScheduler", "\"set_alpha_to_one\": false, \"steps_offset\": 1, ")))
                .isCloseTo(lowest, within(1e-9));
        assertThat(end(scheduler("PNDMScheduler", "\"skip_prk_steps\": true, \"steps_offset\": 1, ")))
                .isCloseTo(lowest, within(1e-9));
        assertThat(end(scheduler("DPMSolverMultistepScheduler", ""))).isCloseTo(0.5, within(1e-9));
        assertThat(end(scheduler("DPMSolverMultistepScheduler", "\"final_sigmas_type\": \"sigma_min\", ")))
                .isCloseTo(lowest, within(1e-9));
        assertThat(end(scheduler("EulerDiscreteScheduler", "\"timestep_spacing\": \"trailing\", ")))
                .isCloseTo(0.5, within(1e-9));
        assertThat(end(scheduler(
                        "EulerDiscreteScheduler",
                        "\"timestep_spacing\": \"trailing\", \"final_sigmas_type\": \"sigma_min\", ")))
                .isCloseTo(lowest / Math.sqrt(0.99915), within(1e-9));
    }

    /** Where a run ends for the image 0.5 and the noise 1. */
    private static double end(Scheduler scheduler) {
        SamplingPlan plan = scheduler.plan(5);
        NoiseLevel start = plan.steps().get(0).level();
        List<Double> samples = ScalarSampler.run(
                plan,
                0.5 * start.clean() + start.noise(),
                ScalarSampler.knowing(0.5, scheduler.schedule().prediction()));
        return samples.get(samples.size() - 1);
    }

    @ParameterizedTest(name = "{0} {1} converges with order {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "DDIMScheduler | \"clip_sample\": false, | 1",
                "EulerDiscreteScheduler | \"timestep_spacing\": \"leading\", | 1",
                "DPMSolverMultistepScheduler | \"timestep_spacing\": \"leading\", \"final_sigmas_type\": \"sigma_min\", | 2",
                "DPMSolverMultistepScheduler | \"timestep_spacing\": \"leading\", \"final_sigmas_type\": \"sigma_min\", \"solver_type\": \"heun\", | 2"
            })
    void halving_the_steps_divides_the_error_by_the_order_of_the_method(
            String className, String options, double order) {
        // images N(0, 0.25^2): the exact flow scales a sample by sqrt(clean^2 / 16 + noise^2)
        Scheduler scheduler = scheduler(className, options + "\"steps_offset\": 1, ");
        double coarse = gaussianError(scheduler, 25);
        double fine = gaussianError(scheduler, 50);
        assertThat(Math.log(coarse / fine) / Math.log(2)).isGreaterThan(order - 0.35);
    }

    private static double gaussianError(Scheduler scheduler, int steps) {
        SamplingPlan plan = scheduler.plan(steps);
        // stop well before the end, where no method is asymptotic
        int stop = (int) Math.round(plan.size() * 0.6);
        SamplingPlan part = new SamplingPlan(plan.steps().subList(0, stop), 1);
        NoiseLevel from = plan.steps().get(0).level();
        NoiseLevel to = plan.levelAfter(stop - 1);
        double start = 1;
        List<Double> samples = ScalarSampler.run(part, start, ScalarSampler.gaussian(0.25, PredictionType.EPSILON));
        double exact = start * spread(to) / spread(from);
        return Math.abs(samples.get(stop) - exact);
    }

    private static double spread(NoiseLevel level) {
        return Math.sqrt(level.clean() * level.clean() / 16 + level.noise() * level.noise());
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({"false, epsilon", "true, epsilon", "false, v_prediction", "true, v_prediction"})
    void pndm_does_what_the_method_does_when_it_is_run_step_by_step(boolean skip, String prediction) {
        Scheduler scheduler = scheduler(
                "PNDMScheduler",
                "\"skip_prk_steps\": " + skip + ", \"steps_offset\": 1, \"prediction_type\": \"" + prediction + "\", ");
        ScalarSampler.Network network =
                ScalarSampler.gaussian(0.25, scheduler.schedule().prediction());
        for (int steps : new int[] {4, 10, 30}) {
            SamplingPlan plan = scheduler.plan(steps);
            SteppingPndm stepping = new SteppingPndm((DiffusionSchedule) scheduler.schedule(), 1000 / steps, !skip);
            double sample = 1;
            List<Double> planned = ScalarSampler.run(plan, sample, network);
            for (int i = 0; i < plan.size(); i++) {
                int timestep = (int) plan.timesteps()[i];
                sample = stepping.step(
                        network.predict(sample, scheduler.schedule().level(timestep)), timestep, sample);
                assertThat(planned.get(i + 1))
                        .as("evaluation %d of %d", i, plan.size())
                        .isCloseTo(sample, within(1e-9));
            }
        }
    }

    @Test
    void a_short_run_ends_with_a_first_order_step_and_a_long_one_need_not() {
        String ends = "\"final_sigmas_type\": \"sigma_min\", ";
        assertThat(lastOrder(scheduler("DPMSolverMultistepScheduler", ends), 14))
                .isEqualTo(1);
        assertThat(lastOrder(scheduler("DPMSolverMultistepScheduler", ends), 15))
                .isEqualTo(2);
        assertThat(lastOrder(scheduler("DPMSolverMultistepScheduler", ends + "\"lower_order_final\": false, "), 14))
                .isEqualTo(2);
        assertThat(lastOrder(scheduler("DPMSolverMultistepScheduler", ends + "\"euler_at_final\": true, "), 15))
                .isEqualTo(1);
        assertThat(lastOrder(scheduler("DPMSolverMultistepScheduler", ""), 30)).isEqualTo(1);
    }

    private static int lastOrder(Scheduler scheduler, int steps) {
        List<SamplingStep> plan = scheduler.plan(steps).steps();
        return plan.get(plan.size() - 1).cleans().size();
    }

    @ParameterizedTest
    @ValueSource(strings = {"fixed_small", "fixed_large"})
    void ddpm_keeps_the_variance_of_every_level(String variance) {
        Scheduler scheduler =
                scheduler("DDPMScheduler", "\"clip_sample\": false, \"variance_type\": \"" + variance + "\", ");
        SamplingPlan plan = scheduler.plan(10);
        for (int i = 0; i < plan.size(); i++) {
            SamplingStep step = plan.steps().get(i);
            NoiseLevel to = plan.levelAfter(i);
            double ofSample = step.samples().get(0);
            // if x_0 is known, mean and variance of the posterior reproduce the level below
            assertThat(step.cleans().get(0) + ofSample * step.level().clean()).isCloseTo(to.clean(), within(1e-9));
            double kept = Math.pow(ofSample * step.level().noise(), 2) + Math.pow(step.noise(), 2);
            if (variance.equals("fixed_small")) {
                assertThat(kept).isCloseTo(to.noise() * to.noise(), within(1e-9));
            } else if (i + 1 < plan.size()) {
                assertThat(kept).isGreaterThan(to.noise() * to.noise());
            }
        }
        assertThat(plan.steps().get(9).noise()).isZero();
    }

    @Test
    void the_predicted_image_is_clipped_where_the_configuration_says_so() {
        Scheduler clipping = scheduler("DDIMScheduler", "\"clip_sample_range\": 0.5, ");
        SamplingPlan plan = clipping.plan(1);
        NoiseLevel start = plan.steps().get(0).level();
        List<Double> samples = ScalarSampler.run(
                plan, 2 * start.clean() + start.noise() * 0.3, ScalarSampler.knowing(2, PredictionType.EPSILON));
        assertThat(samples.get(1)).isCloseTo(0.5, within(1e-12));
    }

    @Test
    void a_part_of_a_run_is_its_end_and_starts_without_memory() {
        Scheduler scheduler = scheduler("DPMSolverMultistepScheduler", "");
        SamplingPlan part = scheduler.plan(20, 0.3);
        double[] whole = scheduler.plan(20).timesteps();
        assertThat(part.timesteps()).containsExactly(Arrays.copyOfRange(whole, 14, 20));
        assertThat(part.steps().get(0).cleans()).hasSize(1);
        assertThat(part.steps().get(1).cleans()).hasSize(2);
        assertThatThrownBy(() -> scheduler.plan(3, 0.2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("strength 0.2 of 3 steps leaves no step to run; use at least 5 steps or a larger strength");
        assertThatThrownBy(() -> scheduler.plan(3, 1.5))
                .hasMessage("strength must be above 0 and at most 1 but is 1.5");
    }

    @Test
    void a_plan_through_chosen_timesteps_visits_just_those() {
        double[] chosen = {960, 910, 60, 10};
        for (Scheduler scheduler : List.of(
                scheduler("DPMSolverMultistepScheduler", ""),
                scheduler("DDIMScheduler", ""),
                scheduler("DDPMScheduler", ""),
                scheduler("EulerDiscreteScheduler", ""),
                scheduler("FlowMatchEulerDiscreteScheduler", ""))) {
            assertThat(scheduler.through(chosen).timesteps()).containsExactly(chosen);
            assertThatThrownBy(() -> scheduler.through(10, 20))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("number 1 of [10.0, 20.0] does not");
            assertThatThrownBy(() -> scheduler.through(5000)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void pure_noise_is_scaled_to_the_first_level_where_the_sampler_starts_from_the_largest_sigma() {
        SamplingPlan euler = scheduler("EulerDiscreteScheduler", "").plan(10);
        assertThat(euler.initialScale()).isEqualTo(euler.steps().get(0).level().noise());
        assertThat(scheduler("EulerDiscreteScheduler", "\"timestep_spacing\": \"leading\", ")
                        .plan(10)
                        .initialScale())
                .isEqualTo(1);
        assertThat(scheduler("DDIMScheduler", "").plan(10).initialScale()).isEqualTo(1);
    }

    @Test
    void steps_that_do_not_fit_are_refused() {
        Scheduler ddim = scheduler("DDIMScheduler", "\"steps_offset\": 1, ");
        assertThatThrownBy(() -> ddim.plan(0)).hasMessage("the number of sampling steps must be 1 to 1000 but is 0");
        assertThatThrownBy(() -> ddim.plan(1001))
                .hasMessage("the number of sampling steps must be 1 to 1000 but is 1001");
        assertThatThrownBy(() -> ddim.plan(1000))
                .hasMessage("sampling would start at timestep 1000, but the network knows 0 to 999; use fewer steps or"
                        + " a smaller steps_offset");
        assertThatThrownBy(() -> scheduler("DPMSolverMultistepScheduler", "").plan(1000))
                .hasMessage("the number of sampling steps must be 1 to 999 but is 1000");
    }

    @Test
    void options_that_are_not_built_are_named_together() {
        assertThatThrownBy(() -> scheduler(
                        "DPMSolverMultistepScheduler",
                        "\"use_karras_sigmas\": true, \"algorithm_type\": \"sde-dpmsolver++\", \"solver_order\": 3, "))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage("scheduler_config.json cannot be used: "
                        + "\n  - \"use_karras_sigmas\": true is not supported; set it to false"
                        + "\n  - \"algorithm_type\" \"sde-dpmsolver++\" is not supported; supported: dpmsolver++"
                        + "\n  - \"solver_order\" 3 is not supported; supported are 1 and 2");
        assertThatThrownBy(() -> scheduler("FlowMatchEulerDiscreteScheduler", "\"use_dynamic_shifting\": true, "))
                .hasMessageContaining("\"use_dynamic_shifting\": true is not supported");
        assertThatThrownBy(() -> scheduler("PNDMScheduler", "\"prediction_type\": \"sample\", "))
                .hasMessageContaining("PNDM mixes predictions of noise or velocity, not \"sample\"");
        assertThatThrownBy(() -> scheduler("DDPMScheduler", "\"variance_type\": \"learned_range\", "))
                .hasMessageContaining("\"variance_type\" \"learned_range\" is not supported");
    }

    @Test
    void an_unknown_class_is_named_with_those_that_are_known() {
        assertThatThrownBy(() -> scheduler("UniPCMultistepScheduler", ""))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("the scheduler class \"UniPCMultistepScheduler\" is not supported; supported are"
                        + " DDPMScheduler, DDIMScheduler, PNDMScheduler, DPMSolverMultistepScheduler,"
                        + " EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler");
    }

    private static double[] numbers(String text) {
        return Arrays.stream(text.split(" ")).mapToDouble(Double::parseDouble).toArray();
    }
}
