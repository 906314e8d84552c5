package dev.realalign.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.Sha256;
import dev.realalign.trainer.stage.ObjectiveChoice;
import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import dev.realalign.trainer.stage.RateSchedule;
import dev.realalign.trainer.stage.Stage;
import dev.realalign.trainer.stage.StagePlan;
import dev.realalign.trainer.stage.StagePlanText;
import dev.realalign.trainer.triple.TrainingPair;
import dev.realalign.trainer.triple.Triples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DiffusionLearnerTest {
    private static DiffusionModel model;
    private static final Map<String, String> uninterrupted = new TreeMap<>();

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

    private Map<String, String> optimizerState(Learner learner) throws IOException {
        Path into = Files.createTempDirectory(folder, "state");
        learner.save(into);
        Map<String, String> digests = new TreeMap<>();
        try (SafeTensors state = SafeTensors.open(into.resolve("optimizer.safetensors"))) {
            for (String name : state.entries().keySet()) {
                try (Tensor tensor = state.load(name)) {
                    digests.put(name, Sha256.hex(tensor.toBytes()));
                }
            }
        }
        return digests;
    }

    /** The same pair as if its negative had been made in another way. */
    private static TrainingPair ofKind(TrainingPair pair, String kind) {
        PreferenceTriple triple =
                PreferenceTriple.newBuilder(pair.triple()).setKind(kind).build();
        return new TrainingPair(triple, pair.digest(), pair.preferred(), pair.rejected());
    }

    @Test
    void kinds_are_measured_by_themselves_and_together_make_the_whole() {
        List<TrainingPair> pairs = TinyPhoto.pairs(0, 3);
        List<TrainingPair> mixed = List.of(
                ofKind(pairs.get(0), "COLOUR_CAST"),
                ofKind(pairs.get(1), "LOCAL_WARP"),
                ofKind(pairs.get(2), "COLOUR_CAST"));
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            learner.step(1, mixed);
            StepMetrics step = learner.step(2, mixed);
            assertThat(step.kinds()).containsOnlyKeys("COLOUR_CAST", "LOCAL_WARP");
            double together = step.kinds().values().stream()
                    .mapToDouble(kind -> kind.pairs() * kind.mW())
                    .sum();
            assertThat(together / 3).isCloseTo(step.mW(), Offset.offset(1e-12));
            assertThat(step.namedByKind()).containsKeys("COLOUR_CAST.lambda", "LOCAL_WARP.d_l");
            assertThat(step.named()).doesNotContainKey("COLOUR_CAST.lambda");

            HeldOutMeasure heldOut = learner.measure(mixed).orElseThrow();
            assertThat(heldOut.kinds()).containsOnlyKeys("COLOUR_CAST", "LOCAL_WARP");
            assertThat(heldOut.named())
                    .containsKeys("held_out.COLOUR_CAST.m_w_over_r_w", "held_out.LOCAL_WARP.implicit_accuracy")
                    .doesNotContainKey("held_out.LOCAL_WARP.lambda");
        }
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
    @EnumSource(value = Kind.class, names = "NFT", mode = EnumSource.Mode.EXCLUDE)
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
    void at_the_start_policy_is_reference_so_dro_is_its_margin_to_the_last_bit() {
        try (DiffusionLearner learner = learner(Kind.DRO)) {
            StepMetrics first = learner.step(1, batch(1));
            assertThat(first.loss()).isEqualTo(0.001);
            assertThat(first.mL())
                    .as("the policy still says what the lagged policy said")
                    .isLessThan(1e-9);
            assertThat(first.dW()).isZero();
            assertThat(first.factor()).isEqualTo(1);
            StepMetrics second = learner.step(2, batch(2));
            assertThat(second.mL()).as("the policy has left the lagged one").isPositive();
        }
    }

    @Test
    void dro_lowers_the_error_on_real_images() {
        List<TrainingPair> heldOut = TinyPhoto.pairs(100, 106);
        try (DiffusionLearner learner = learner(Kind.DRO)) {
            for (long step = 1; step <= 12; step++) {
                learner.step(step, batch(step));
            }
            assertThat(learner.measure(heldOut).orElseThrow().preferredRatio()).isLessThan(1.0);
        }
    }

    /** dro for three steps under a lag of two, then dpo with a mixed reference. */
    private static LearnerSettings stages() {
        return TinyPhoto.settings(
                StagePlanText.parse(
                        "dro steps=3 refresh=2 rate=1e-2; dpo steps=9 mix=0.2/2 schedule=cosine/4; spin refresh=2",
                        Stage.endless(ObjectiveChoice.of(Kind.DPO, 2000), RateSchedule.constant(3e-3, 2))),
                0,
                16);
    }

    private static void steps(DiffusionLearner learner, long from, long to) {
        for (long step = from; step <= to; step++) {
            learner.step(step, batch(step));
            if (learner.stageEnd().isPresent() && !learner.stageMark().isLast()) {
                learner.enterStage(learner.stageMark().number() + 1, step);
            }
        }
    }

    @Test
    void a_stage_begins_from_the_published_weights_of_the_one_before_which_are_its_reference() throws IOException {
        try (DiffusionLearner learner = new DiffusionLearner(model, stages())) {
            for (long step = 1; step <= 3; step++) {
                assertThat(learner.stageEnd()).isEmpty();
                learner.step(step, batch(step));
            }
            assertThat(learner.stageEnd()).contains("its 3 steps are done");
            assertThat(learner.stageMark()).hasToString("1 of 3 (dro)");
            Map<String, String> before = saved(learner);
            String reference = learner.referenceDigest();
            learner.enterStage(2, 3);
            Map<String, String> after = saved(learner);
            assertThat(learner.stageMark()).hasToString("2 of 3 (dpo)");
            assertThat(learner.stageEnd()).isEmpty();
            assertThat(learner.objective().settings())
                    .containsEntry("stage", "2 of 3")
                    .containsEntry("reference", "previous, mix 0.2/2");
            assertThat(learner.referenceDigest()).isNotEqualTo(reference);
            assertThat(after.get("reference.safetensors"))
                    .isEqualTo(before.get("ema.safetensors"))
                    .isEqualTo(after.get("adapter.safetensors"))
                    .isEqualTo(learner.referenceDigest());
            assertThat(before).containsKey("lagged.safetensors");
            assertThat(after).as("dpo looks back at nothing").doesNotContainKey("lagged.safetensors");
            StepMetrics first = learner.step(4, batch(4));
            assertThat(first.loss()).isEqualTo(Math.log(2));
            assertThat(first.learningRate()).as("warmed up anew").isEqualTo(1.5e-3);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {2, 3, 5, 6}) // within a stage and right before each switch
    void a_run_through_three_stages_saved_and_loaded_on_the_way_goes_on_to_the_bit(long savedAfter) throws IOException {
        LearnerSettings settings = TinyPhoto.settings(
                StagePlanText.parse(
                        "dro steps=3 refresh=2 rate=1e-2; dpo steps=3 mix=0.2/2 schedule=cosine/4; spin refresh=1",
                        Stage.endless(ObjectiveChoice.of(Kind.DPO, 2000), RateSchedule.constant(3e-3, 2))),
                0,
                16);
        if (uninterrupted.isEmpty()) {
            try (DiffusionLearner learner = new DiffusionLearner(model, settings)) {
                steps(learner, 1, 8);
                uninterrupted.putAll(saved(learner));
            }
        }
        Path half = Files.createDirectory(folder.resolve("half"));
        try (DiffusionLearner learner = new DiffusionLearner(model, settings)) {
            steps(learner, 1, savedAfter);
            learner.save(half);
        }
        try (DiffusionLearner learner = new DiffusionLearner(model, settings)) {
            learner.load(half);
            steps(learner, savedAfter + 1, 8);
            assertThat(saved(learner)).isEqualTo(uninterrupted);
        }
    }

    @Test
    void a_learner_that_is_led_back_into_an_earlier_stage_goes_on_from_there_to_the_bit() throws IOException {
        Path good = Files.createDirectory(folder.resolve("good"));
        try (DiffusionLearner learner = new DiffusionLearner(model, stages())) {
            steps(learner, 1, 2);
            learner.save(good);
            steps(learner, 3, 7);
            assertThat(learner.stageMark().number()).isGreaterThan(1);
            Map<String, String> expected = saved(learner);
            learner.load(good);
            assertThat(learner.stageMark()).hasToString("1 of 3 (dro)");
            assertThat(learner.stageEnd()).as("one of its three steps is left").isEmpty();
            steps(learner, 3, 7);
            assertThat(saved(learner)).isEqualTo(expected);
        }
    }

    @Test
    void the_reference_follows_an_accepted_version_where_the_stage_says_so() throws IOException {
        LearnerSettings following = TinyPhoto.settings(
                StagePlanText.parse(
                        "dpo reference=accepted",
                        Stage.endless(ObjectiveChoice.of(Kind.DPO, 2000), RateSchedule.constant(3e-3, 0))),
                0,
                16);
        try (DiffusionLearner learner = new DiffusionLearner(model, following)) {
            steps(learner, 1, 2);
            learner.save(folder);
            assertThat(learner.followedReference()).hasValue(0);
            learner.refreshReference(folder, 2);
            assertThat(learner.followedReference()).hasValue(2);
            assertThat(learner.referenceDigest()).isEqualTo(Sha256.hex(folder.resolve("ema.safetensors")));
        }
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            assertThat(learner.followedReference()).isEmpty();
        }
    }

    @Test
    void a_candidate_of_a_stage_the_plan_no_longer_has_is_refused() throws IOException {
        try (DiffusionLearner learner = new DiffusionLearner(model, stages())) {
            steps(learner, 1, 3);
            learner.save(folder);
        }
        try (DiffusionLearner learner = learner(Kind.DPO)) {
            assertThatThrownBy(() -> learner.load(folder))
                    .isInstanceOf(IOException.class)
                    .hasMessage("it is in stage 2 of its plan, and the plan has 1 now");
        }
    }

    @Test
    void the_cap_bounds_the_adapter_after_every_step() {
        LearnerSettings free = TinyPhoto.settings(Kind.DPO);
        LearnerSettings capped = new LearnerSettings(
                free.runSeed(),
                free.adapter(),
                free.stages(),
                free.sampler(),
                free.optimizer(),
                free.clipNorm(),
                0.05,
                free.microPairs(),
                free.captionDropout(),
                free.flip(),
                free.averageDecay(),
                free.averageEvery(),
                free.heldOutTimesteps(),
                free.captionCache(),
                free.posteriorCacheBytes(),
                free.engine());
        try (DiffusionLearner learner = new DiffusionLearner(model, free)) {
            assertThat(learner.step(1, batch(1)).adapterNorm()).isGreaterThan(0.06);
        }
        try (DiffusionLearner learner = new DiffusionLearner(model, capped)) {
            assertThat(learner.step(1, batch(1)).adapterNorm()).isCloseTo(0.05, within(1e-6));
            assertThat(learner.step(2, batch(2)).adapterNorm()).isLessThanOrEqualTo(0.05 + 1e-6);
        }
    }

    @Test
    void nft_on_a_flow_model_goes_on_to_the_bit_after_it_was_saved() throws IOException {
        try (DiffusionModel flow = DiffusionModel.load(asFlowModel(), LoadOptions.DEFAULT)) {
            LearnerSettings settings = TinyPhoto.settings(
                    StagePlanText.parse(
                            "dro steps=2 refresh=1; nft refresh=2",
                            Stage.endless(ObjectiveChoice.of(Kind.DPO, 100), RateSchedule.constant(3e-3, 0))),
                    1,
                    16);
            List<TrainingPair> pairs = List.of(Triples.pair(1, flow.resolution()), Triples.pair(2, flow.resolution()));
            Map<String, String> whole;
            try (DiffusionLearner learner = new DiffusionLearner(flow, settings)) {
                for (long step = 1; step <= 7; step++) {
                    assertThat(learner.step(step, pairs).applied()).isTrue();
                    if (step == 2) {
                        learner.enterStage(2, step);
                    } else if (step == 5) {
                        learner.save(folder);
                    }
                }
                whole = saved(learner);
                assertThat(whole).containsKey("lagged.safetensors");
            }
            try (DiffusionLearner learner = new DiffusionLearner(flow, settings)) {
                learner.load(folder);
                learner.step(6, pairs);
                learner.step(7, pairs);
                assertThat(saved(learner)).isEqualTo(whole);
            }
        }
    }

    /** The bundled network told that it predicts velocities: nothing it says makes sense, and everything must work. */
    private Path asFlowModel() throws IOException {
        Path flow = Files.createDirectory(folder.resolve("flow"));
        try (Stream<Path> parts = Files.walk(model.folder())) {
            for (Path part : parts.toList()) {
                Path copy = flow.resolve(model.folder().relativize(part).toString());
                if (!copy.equals(flow)) {
                    Files.copy(part, copy);
                }
            }
        }
        Files.writeString(
                flow.resolve("scheduler").resolve("scheduler_config.json"),
                "{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\", \"num_train_timesteps\": 1000, \"shift\": 3.0}");
        return flow;
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
            Map<String, String> state = optimizerState(learner);
            StepMetrics broken = learner.step(3, batch(2));
            assertThat(broken.applied()).isFalse();
            assertThat(broken.named()).doesNotContainKey("loss");
            assertThat(optimizerState(learner)).isEqualTo(state);
            Map<String, String> after = saved(learner);
            assertThat(after.remove("optimizer.safetensors"))
                    .as("beside the state stands that the stage is a step further")
                    .isNotEqualTo(before.remove("optimizer.safetensors"));
            assertThat(after).isEqualTo(before);
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

    @Test
    void in_dro_too_the_preferred_images_of_a_latent_model_are_encoded_once() throws IOException {
        Path golden = Path.of(System.getProperty("realalign.shared", "shared"), "golden", "models", "sd15-tiny");
        assumeTrue(Files.isDirectory(golden), "no golden models at " + golden);
        StagePlan plan = StagePlanText.parse(
                "dro steps=2 refresh=1; dpo",
                Stage.endless(ObjectiveChoice.of(Kind.DPO, 2000), RateSchedule.constant(3e-3, 0)));
        try (DiffusionModel latent = DiffusionModel.load(golden, LoadOptions.DEFAULT)) {
            List<TrainingPair> pairs =
                    List.of(Triples.pair(1, latent.resolution()), Triples.pair(2, latent.resolution()));
            Map<String, String> found;
            try (DiffusionLearner learner = new DiffusionLearner(latent, TinyPhoto.settings(plan, 0, 16))) {
                throughTheSwitch(learner, pairs);
                found = saved(learner);
                assertThat(learner.posteriorUse().misses())
                        .as("four images, plain or mirrored")
                        .isLessThanOrEqualTo(8);
                assertThat(learner.posteriorUse().hits()
                                + learner.posteriorUse().misses())
                        .as("two preferred images a step of dro, all four in a step of dpo")
                        .isEqualTo(2 + 2 + 4);
            }
            try (DiffusionLearner learner = new DiffusionLearner(latent, TinyPhoto.settings(plan, 0, 0))) {
                throughTheSwitch(learner, pairs);
                assertThat(saved(learner))
                        .as("computed or found, the same bits")
                        .isEqualTo(found);
                assertThat(learner.posteriorUse()).isEqualTo(new CacheUse(0, 8));
            }
        }
    }

    private static void throughTheSwitch(DiffusionLearner learner, List<TrainingPair> pairs) {
        assertThat(learner.step(1, pairs).applied()).isTrue();
        assertThat(learner.step(2, pairs).applied()).isTrue();
        learner.enterStage(2, 2);
        assertThat(learner.step(3, pairs).applied()).isTrue();
    }
}
