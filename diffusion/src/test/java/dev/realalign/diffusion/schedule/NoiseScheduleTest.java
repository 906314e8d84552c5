package dev.realalign.diffusion.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import java.util.Collections;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class NoiseScheduleTest {

    private static final Offset<Double> EXACT = within(1e-12);

    private static DiffusionSchedule schedule(String json) {
        return JsonConfig.parse("scheduler_config.json", json, DiffusionSchedule::read);
    }

    @ParameterizedTest(name = "{0} from {1} to {2}")
    @CsvSource({
        "scaled_linear, 0.00085, 0.012, 0.99915, 0.27766965045646763, 0.004660098513077238",
        "linear, 0.0001, 0.02, 0.9999, 0.07858724288177824, 4.035829765375676e-05",
        "squaredcos_cap_v2, 0, 0, 0.999958715775178, 0.4938435904406382, 2.4287669070348567e-09"
    })
    void beta_schedules_give_the_published_alphas(
            String name, double start, double end, double first, double middle, double last) {
        double[] alphas = schedule("{\"beta_schedule\": \"" + name + "\", \"beta_start\": " + start + ", \"beta_end\": "
                        + end + "}")
                .alphasCumprod();
        assertThat(alphas).hasSize(1000);
        assertThat(alphas[0]).isCloseTo(first, EXACT);
        assertThat(alphas[499]).isCloseTo(middle, EXACT);
        assertThat(alphas[999]).isCloseTo(last, EXACT);
    }

    @Test
    void an_empty_configuration_means_the_class_defaults() {
        assertThat(schedule("{}").alphasCumprod()[999]).isCloseTo(4.035829765375676e-05, EXACT);
        assertThat(schedule("{}").prediction()).isEqualTo(PredictionType.EPSILON);
    }

    @Test
    void trained_betas_replace_the_named_schedule() {
        DiffusionSchedule schedule = schedule("{\"trained_betas\": [0.5, 0.5], \"prediction_type\": \"v_prediction\"}");
        assertThat(schedule.alphasCumprod()).containsExactly(0.5, 0.25);
        assertThat(schedule.prediction()).isEqualTo(PredictionType.V_PREDICTION);
    }

    @Test
    void zero_terminal_snr_keeps_the_first_level_and_empties_the_last() {
        double[] alphas = schedule(
                        "{\"beta_schedule\": \"scaled_linear\", \"beta_start\": 0.00085, \"beta_end\": 0.012,"
                                + " \"rescale_betas_zero_snr\": true}")
                .alphasCumprod();
        assertThat(alphas[0]).isCloseTo(0.99915, EXACT);
        assertThat(alphas[499]).isCloseTo(0.242359167, within(1e-9));
        assertThat(alphas[998]).isCloseTo(1.96788806e-07, within(1e-15));
        assertThat(alphas[999]).isZero();
    }

    @Test
    void snr_is_the_ratio_of_squares() {
        DiffusionSchedule schedule =
                DiffusionSchedule.ofBetas(List.of(0.2, 0.5), PredictionType.EPSILON); // abar 0.8, 0.4
        assertThat(schedule.level(0).snr()).isCloseTo(4, EXACT);
        assertThat(schedule.level(1).snr()).isCloseTo(0.4 / 0.6, EXACT);
        assertThat(NoiseLevel.CLEAN.snr()).isInfinite();
    }

    @Test
    void flow_levels_fall_from_pure_noise_and_are_shifted_once() {
        FlowSchedule schedule = new FlowSchedule(1000, 3);
        assertThat(schedule.level(0)).isEqualTo(new NoiseLevel(1000, 0, 1));
        NoiseLevel half = schedule.level(500); // u = 1/2: 3/2 / (1 + 2/2)
        assertThat(half.noise()).isCloseTo(0.75, EXACT);
        assertThat(half.clean()).isCloseTo(0.25, EXACT);
        assertThat(half.timestep()).isCloseTo(750, EXACT);
        assertThat(schedule.level(999).noise()).isCloseTo(0.003 / 1.002, EXACT);
        assertThatThrownBy(() -> schedule.level(1000)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @ParameterizedTest
    @EnumSource
    void every_prediction_type_gives_back_image_and_noise(PredictionType prediction) {
        double image = 0.7;
        double eps = -1.3;
        for (NoiseLevel level : List.of(new NoiseLevel(1, 0.6, 0.8), new NoiseLevel(1, 0.25, 0.75))) {
            double sample = level.clean() * image + level.noise() * eps;
            double output = prediction.targetOfClean(level) * image + prediction.targetOfNoise(level) * eps;
            PredictionType.Combination clean = prediction.clean(level);
            PredictionType.Combination noise = prediction.noise(level);
            assertThat(clean.ofSample() * sample + clean.ofOutput() * output).isCloseTo(image, EXACT);
            assertThat(noise.ofSample() * sample + noise.ofOutput() * output).isCloseTo(eps, EXACT);
        }
    }

    @Test
    void a_level_without_image_cannot_be_read_by_a_network_that_predicts_noise() {
        assertThatThrownBy(() -> PredictionType.EPSILON.clean(new NoiseLevel(999, 0, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a network that predicts epsilon cannot be sampled at timestep 999.0, where nothing of the"
                        + " image is left; use a schedule with another timestep_spacing or a v_prediction network");
        assertThat(PredictionType.V_PREDICTION.clean(new NoiseLevel(999, 0, 1)))
                .isEqualTo(new PredictionType.Combination(0, -1));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"beta_schedule\": \"cubic\"} | \"beta_schedule\" \"cubic\" is not supported; supported are linear, scaled_linear, squaredcos_cap_v2",
                "{\"prediction_type\": \"x0\"} | prediction type \"x0\" is unknown; known are [epsilon, v_prediction, sample, flow_prediction]",
                "{\"num_train_timesteps\": 0} | \"num_train_timesteps\" must be at least 1 but is 0",
                "{\"trained_betas\": [0.1, 1.5]} | beta 1 must lie in (0, 1] but is 1.5",
                "{\"beta_end\": \"small\"} | \"beta_end\" must be a number but is \"small\""
            })
    void a_schedule_that_cannot_be_built_is_named(String json, String problem) {
        assertThatThrownBy(() -> schedule(json))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage("scheduler_config.json cannot be used: " + problem);
    }

    @Test
    void levels_between_timesteps_interpolate_the_noise_ratio() {
        DiffusionSchedule schedule = DiffusionSchedule.ofBetas(
                Collections.nCopies(4, 0.5), PredictionType.EPSILON); // abar 1/2, 1/4, 1/8, 1/16; ratio 1, sqrt 3, ...
        NoiseLevel between = schedule.levelBetween(0.5);
        assertThat(between.noise() / between.clean()).isCloseTo((1 + Math.sqrt(3)) / 2, EXACT);
        assertThat(between.noise() * between.noise() + between.clean() * between.clean())
                .isCloseTo(1, EXACT);
        assertThat(schedule.levelBetween(3)).isEqualTo(schedule.level(3));
    }
}
