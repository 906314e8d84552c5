package dev.realalign.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.lora.AdapterConfig;
import dev.realalign.diffusion.lora.FullConfig;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.Sha256;
import dev.realalign.trainer.stage.ObjectiveChoice;
import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import dev.realalign.trainer.stage.RateSchedule;
import dev.realalign.trainer.stage.Stage;
import dev.realalign.trainer.stage.StagePlanText;
import dev.realalign.trainer.triple.TrainingPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The learner with full differences in the place of LoRA; {@link DiffusionLearnerTest} and {@link EngineTest} hold for both. */
class FullFineTuningTest {
    private static final double RATE = 2e-5;

    private static DiffusionModel model;

    @TempDir
    private Path folder;

    @BeforeAll
    static void load() {
        model = TinyPhoto.load();
    }

    @AfterAll
    static void close() {
        if (model != null) {
            model.close();
        }
    }

    private static LearnerSettings settings(Kind kind) {
        return TinyPhoto.with(new FullConfig(), TinyPhoto.settings(ObjectiveChoice.of(kind, 2000), RATE));
    }

    private static List<TrainingPair> batch(long step) {
        return TinyPhoto.pairs((int) step * 2, (int) step * 2 + 2);
    }

    private Map<String, String> saved(Learner learner) throws IOException {
        Path into = Files.createTempDirectory(folder, "saved");
        learner.save(into);
        Map<String, String> digests = new TreeMap<>();
        try (Stream<Path> files = Files.list(into)) {
            for (Path file : files.toList()) {
                digests.put(file.getFileName().toString(), Sha256.hex(file));
            }
        }
        return digests;
    }

    @Test
    void at_the_start_the_reference_is_the_base_so_dpo_is_ln_2_to_the_last_bit() {
        try (DiffusionLearner learner = new DiffusionLearner(model, settings(Kind.DPO))) {
            assertThat(learner.adapter()).isEqualTo(AdapterShape.full(List.of("all")));
            StepMetrics first = learner.step(1, batch(1));
            assertThat(first.loss()).isEqualTo(Math.log(2));
            assertThat(first.applied()).isTrue();
            assertThat(first.gradientNorm()).isPositive();
            assertThat(first.adapterNorm()).isPositive();
            assertThat(learner.step(2, batch(2)).loss()).isNotEqualTo(Math.log(2));
        }
    }

    @Test
    void training_lowers_the_error_on_held_out_real_images() {
        List<TrainingPair> heldOut = TinyPhoto.pairs(100, 106);
        try (DiffusionLearner learner = new DiffusionLearner(model, settings(Kind.SFT))) {
            double before = learner.measure(heldOut).orElseThrow().mW();
            for (long step = 1; step <= 10; step++) {
                learner.step(step, batch(step));
            }
            HeldOutMeasure after = learner.measure(heldOut).orElseThrow();
            assertThat(after.rW()).as("the reference stays the base").isEqualTo(before);
            assertThat(after.mW()).isLessThan(before);
        }
    }

    @Test
    void a_run_over_two_stages_resumed_in_either_of_them_ends_in_the_very_same_bits() throws IOException {
        LearnerSettings settings = TinyPhoto.with(
                new FullConfig(List.of("conv1", "norm1", "to_k", "conv_in")),
                TinyPhoto.settings(
                        StagePlanText.parse(
                                "dro steps=2 refresh=1; dpo mix=0.2/2",
                                Stage.endless(ObjectiveChoice.of(Kind.DPO, 2000), RateSchedule.constant(RATE, 0))),
                        0,
                        16));
        List<Path> candidates = new ArrayList<>();
        Map<String, String> whole;
        try (DiffusionLearner learner = new DiffusionLearner(model, settings)) {
            for (long step = 1; step <= 4; step++) {
                step(learner, step);
                Path candidate = Files.createDirectory(folder.resolve("candidate-" + step));
                learner.save(candidate);
                candidates.add(candidate);
            }
            whole = saved(learner);
        }
        try (SafeTensors adapter = SafeTensors.open(candidates.get(3).resolve("adapter.safetensors"))) {
            assertThat(adapter.entries())
                    .containsKeys("unet.conv_in.diff", "unet.conv_in.diff_b")
                    .doesNotContainKey("unet.conv_out.diff");
        }
        for (int from : new int[] {1, 3}) {
            try (DiffusionLearner learner = new DiffusionLearner(model, settings)) {
                learner.load(candidates.get(from - 1));
                for (long step = from + 1L; step <= 4; step++) {
                    step(learner, step);
                }
                assertThat(saved(learner)).as("resumed after step " + from).isEqualTo(whole);
            }
        }
    }

    private static void step(DiffusionLearner learner, long step) {
        learner.step(step, batch(step));
        if (learner.stageEnd().isPresent() && !learner.stageMark().isLast()) {
            learner.enterStage(learner.stageMark().number() + 1, step);
        }
    }

    @Test
    void two_replicas_and_micro_batches_give_the_gradient_of_one_whole_batch() throws IOException {
        List<TrainingPair> pairs = TinyPhoto.pairs(0, 4);
        LearnerSettings one = settings(Kind.SFT);
        Tensor[] averages = new Tensor[2];
        List<LearnerSettings> both = List.of(
                one,
                TinyPhoto.on(
                        new EngineSettings(List.of(Device.CPU, Device.CPU), ElementType.F32, true),
                        TinyPhoto.with(new FullConfig(), TinyPhoto.microPairs(1, one))));
        for (int i = 0; i < 2; i++) {
            Path into = Files.createTempDirectory(folder, "step");
            try (DiffusionLearner learner = new DiffusionLearner(model, both.get(i))) {
                learner.step(1, pairs);
                learner.save(into);
            }
            try (SafeTensors state = SafeTensors.open(into.resolve("optimizer.safetensors"))) {
                averages[i] = state.load("unet.mid_block.resnets.0.conv1.diff.exp_avg");
            }
        }
        try (Tensor whole = averages[0];
                Tensor divided = averages[1];
                Tensor between = divided.sub(whole)) {
            assertThat(whole.toFloats()).isNotEqualTo(divided.toFloats());
            assertThat(norm(between)).isCloseTo(0, within(1e-5 * norm(whole)));
        }
    }

    private static double norm(Tensor tensor) {
        double sum = 0;
        for (double value : tensor.toDoubles()) {
            sum += value * value;
        }
        return Math.sqrt(sum);
    }

    @Test
    void the_norm_cap_bounds_all_of_the_difference() {
        AdapterConfig everything = new FullConfig();
        LearnerSettings capped = TinyPhoto.normCap(
                0.001, TinyPhoto.with(everything, TinyPhoto.settings(ObjectiveChoice.of(Kind.SFT, 1), 1e-3)));
        try (DiffusionLearner learner = new DiffusionLearner(model, capped)) {
            assertThat(learner.step(1, batch(1)).adapterNorm()).isCloseTo(0.001, within(1e-8));
        }
    }

    @Test
    void a_candidate_of_another_kind_is_not_loaded() throws IOException {
        Path lora = Files.createDirectory(folder.resolve("lora"));
        try (DiffusionLearner learner = new DiffusionLearner(model, TinyPhoto.settings(Kind.DPO))) {
            learner.save(lora);
        }
        try (DiffusionLearner learner = new DiffusionLearner(model, settings(Kind.DPO))) {
            assertThatThrownBy(() -> learner.load(lora))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(
                            "adapters of different kind, layers, rank or alpha cannot be combined: full");
        }
    }
}
