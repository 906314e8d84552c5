package dev.realalign.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.schemas.Sha256;
import dev.realalign.trainer.learn.ObjectiveChoice.Kind;
import dev.realalign.trainer.triple.TrainingPair;
import dev.realalign.trainer.triple.Triples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DiffusionLearnerTest {
    private static DiffusionModel model;

    @TempDir
    private Path folder;

    @BeforeAll
    static void loadModel() {
        model = TinyPhoto.load();
    }

    @AfterAll
    static void closeModel() {
        if (model != null) {
            model.close();
        }
    }

    private static DiffusionLearner learner(Kind kind) {
        return new DiffusionLearner(model, TinyPhoto.settings(kind));
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
    void at_the_start_policy_is_reference_so_dpo_is_ln_2_to_the_last_bit() {
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            StepMetrics first = learner.step(1, batch(1));
            assertThat(first.loss()).isEqualTo(Math.log(2));
            assertThat(first.dW()).isZero();
            assertThat(first.dL()).isZero();
            assertThat(first.implicitAccuracy()).isEqualTo(0.5);
            assertThat(first.factor()).isEqualTo(0.5);
            assertThat(first.gradientNorm()).isPositive();
            assertThat(first.applied()).isTrue();
            StepMetrics second = learner.step(2, batch(2));
            assertThat(second.loss()).isNotEqualTo(Math.log(2));
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void every_objective_takes_a_finite_step(Kind kind) throws IOException {
        try (DiffusionLearner learner = learner(kind)) {
            Map<String, String> before = saved(learner);
            StepMetrics metrics = learner.step(1, batch(1));
            assertThat(metrics.applied()).isTrue();
            assertThat(metrics.named()).containsKeys("loss", "m_w", "gradient_norm");
            assertThat(saved(learner).get("adapter.safetensors")).isNotEqualTo(before.get("adapter.safetensors"));
        }
    }

    @Test
    void what_an_objective_does_not_use_is_neither_computed_nor_reported() {
        try (DiffusionLearner learner = learner(Kind.SFT)) {
            assertThat(learner.step(1, batch(1)).named())
                    .containsKeys("loss", "m_w")
                    .doesNotContainKeys("m_l", "r_w", "d_w", "implicit_accuracy");
        }
    }

    @Test
    void a_run_saved_and_loaded_goes_on_to_the_bit() throws IOException {
        Map<String, String> uninterrupted;
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            for (long step = 1; step <= 4; step++) {
                learner.step(step, batch(step));
            }
            uninterrupted = saved(learner);
        }
        Path half = Files.createDirectory(folder.resolve("half"));
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            learner.step(1, batch(1));
            learner.step(2, batch(2));
            learner.save(half);
        }
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            learner.load(half);
            learner.step(3, batch(3));
            learner.step(4, batch(4));
            assertThat(saved(learner)).isEqualTo(uninterrupted);
        }
    }

    @Test
    void a_step_does_not_depend_on_what_captions_are_cached() throws IOException {
        Map<String, String> cached;
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            learner.measure(batch(7));
            learner.step(1, batch(1));
            cached = saved(learner);
        }
        LearnerSettings noCache = TinyPhoto.settings(ObjectiveChoice.of(Kind.DPO, 2000), 3e-3, 0);
        try (DiffusionLearner learner = new DiffusionLearner(model, noCache)) {
            learner.step(1, batch(1));
            assertThat(saved(learner)).isEqualTo(cached);
        }
    }

    @Test
    void a_step_that_is_not_finite_changes_nothing_and_the_next_one_is_sound() throws IOException {
        LearnerSettings wild = TinyPhoto.settings(ObjectiveChoice.of(Kind.DPO, 2000), 1e30, 16);
        try (DiffusionLearner learner = new DiffusionLearner(model, wild)) {
            learner.step(1, batch(1)); // weights are absurd from here on
            Map<String, String> before = saved(learner);
            StepMetrics broken = learner.step(3, batch(2));
            assertThat(broken.applied()).isFalse();
            assertThat(broken.named()).doesNotContainKey("loss");
            assertThat(saved(learner)).isEqualTo(before);
        }
    }

    @Test
    void the_held_out_set_is_measured_the_same_every_time_and_is_even_at_the_start() {
        List<TrainingPair> heldOut = TinyPhoto.pairs(100, 110);
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            assertThat(learner.measure(List.of())).isEmpty();
            HeldOutMeasure start = learner.measure(heldOut).orElseThrow();
            assertThat(start.preferredRatio()).isEqualTo(1.0);
            assertThat(start.implicitAccuracy()).isEqualTo(0.5);
            assertThat(learner.measure(heldOut)).contains(start);
            for (long step = 1; step <= 4; step++) {
                learner.step(step, batch(step));
            }
            HeldOutMeasure later = learner.measure(heldOut).orElseThrow();
            assertThat(later.rW()).as("the reference stays").isEqualTo(start.rW());
            assertThat(later.mW()).isNotEqualTo(start.mW()).isCloseTo(start.mW(), within(0.05));
        }
    }

    @Test
    void steps_and_measurements_leave_no_tensor_behind() {
        List<TrainingPair> heldOut = TinyPhoto.pairs(100, 103);
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            learner.step(1, batch(1));
            learner.measure(heldOut);
            long before = Tensor.liveCount();
            for (long step = 2; step <= 4; step++) {
                learner.step(step, batch(step));
                learner.measure(heldOut);
            }
            assertThat(Tensor.liveCount()).isEqualTo(before);
        }
    }

    @Test
    void a_closed_learner_leaves_no_tensor_behind() {
        long before = Tensor.liveCount();
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            learner.step(1, batch(1));
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    void the_saved_adapter_carries_its_alpha_unfolded() throws IOException {
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            learner.save(folder);
        }
        try (SafeTensors file = SafeTensors.open(folder.resolve("adapter.safetensors"))) {
            assertThat(file.entries().keySet())
                    .anyMatch(name -> name.endsWith("attn1.to_q.lora_A.weight"))
                    .anyMatch(name -> name.endsWith("attn1.to_q.alpha"));
        }
    }

    @Test
    void a_damaged_file_is_named() throws IOException {
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            learner.save(folder);
            Files.writeString(folder.resolve("ema.safetensors"), "no tensors");
            assertThatThrownBy(() -> learner.load(folder))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("ema.safetensors")
                    .hasMessageContaining("not a safetensors file");
        }
    }

    @Test
    void a_latent_model_learns_from_draws_of_its_autoencoder() throws IOException {
        Path golden = Path.of(System.getProperty("realalign.shared", "shared"), "golden", "models", "sd15-tiny");
        assumeTrue(Files.isDirectory(golden), "no golden models at " + golden);
        try (DiffusionModel latent = DiffusionModel.load(golden, LoadOptions.DEFAULT)) {
            List<TrainingPair> pairs =
                    List.of(Triples.pair(1, latent.resolution()), Triples.pair(2, latent.resolution()));
            LearnerSettings settings = TinyPhoto.settings(Kind.DPO);
            Map<String, String> first;
            try (DiffusionLearner learner = new DiffusionLearner(latent, settings)) {
                assertThat(learner.step(1, pairs).loss()).isEqualTo(Math.log(2));
                assertThat(learner.step(2, pairs).applied()).isTrue();
                assertThat(learner.measure(pairs)).isPresent();
                first = saved(learner);
                assertThat(learner.posteriorUse().misses())
                        .as("four images, plain or mirrored")
                        .isLessThanOrEqualTo(8);
                assertThat(learner.posteriorUse().hits()).isPositive();
            }
            LearnerSettings noCache = TinyPhoto.settings(ObjectiveChoice.of(Kind.DPO, 2000), 3e-3, 0);
            try (DiffusionLearner learner = new DiffusionLearner(latent, noCache)) {
                learner.step(1, pairs);
                learner.step(2, pairs);
                assertThat(saved(learner))
                        .as("computed or found, the same bits")
                        .isEqualTo(first);
                assertThat(learner.posteriorUse()).isEqualTo(new CacheUse(0, 8));
            }
        }
    }
}
