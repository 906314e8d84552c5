package dev.realalign.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.realalign.diffusion.bench.ProcessMemory;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.schemas.Sha256;
import dev.realalign.trainer.stage.ObjectiveChoice;
import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import dev.realalign.trainer.triple.TrainingPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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

/** Replicas, checkpointed blocks and a base in bf16 against one replica in F32 without any of that. */
class EngineTest {
    private static final EngineSettings TWO_REPLICAS =
            new EngineSettings(List.of(Device.CPU, Device.CPU), ElementType.F32, false);
    private static final EngineSettings CHECKPOINTED = new EngineSettings(List.of(Device.CPU), ElementType.F32, true);
    private static final EngineSettings BF16 = new EngineSettings(List.of(Device.CPU), ElementType.BF16, false);

    private static DiffusionModel model;
    private static DiffusionModel half;

    @TempDir
    private Path folder;

    @BeforeAll
    static void load() {
        model = TinyPhoto.load();
        half = TinyPhoto.load(BF16.loadOptions());
    }

    @AfterAll
    static void close() {
        if (model != null) {
            model.close();
        }
        if (half != null) {
            half.close();
        }
    }

    private static LearnerSettings settings(EngineSettings engine) {
        return TinyPhoto.on(engine, TinyPhoto.settings(Kind.DPO));
    }

    private static List<TrainingPair> batch(long step) {
        return TinyPhoto.pairs((int) step * 3, (int) step * 3 + 3); // does not divide evenly among two
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

    /** What one step adds to the average of gradients that a candidate's optimizer holds, which is 0.1 of the gradient. */
    private double[] gradient(EngineSettings engine, LearnerSettings settings, Path start, List<TrainingPair> pairs)
            throws IOException {
        try (DiffusionLearner learner = new DiffusionLearner(model, TinyPhoto.on(engine, settings))) {
            learner.load(start);
            assertThat(learner.step(3, pairs).applied()).isTrue();
            Path end = Files.createTempDirectory(folder, "end");
            learner.save(end);
            double[] before = averages(start);
            double[] gradient = averages(end);
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] -= 0.9 * before[i];
            }
            return gradient;
        }
    }

    private static double[] averages(Path candidate) throws IOException {
        try (SafeTensors state = SafeTensors.open(candidate.resolve("optimizer.safetensors"))) {
            return state.entries().keySet().stream()
                    .filter(name -> name.endsWith(".exp_avg"))
                    .flatMapToDouble(name -> {
                        try (Tensor tensor = state.load(name)) {
                            return Arrays.stream(tensor.toDoubles());
                        }
                    })
                    .toArray();
        }
    }

    /** ||a - b|| / ||b||. */
    private static double distance(double[] a, double[] b) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < b.length; i++) {
            difference += (a[i] - b[i]) * (a[i] - b[i]);
            norm += b[i] * b[i];
        }
        return Math.sqrt(difference / norm);
    }

    /** A candidate after two steps, from which every matrix has a gradient. */
    private Path afterTwoSteps(LearnerSettings settings) throws IOException {
        Path start = Files.createDirectory(folder.resolve("start"));
        try (DiffusionLearner learner = new DiffusionLearner(model, settings)) {
            learner.step(1, batch(1));
            learner.step(2, batch(2));
            learner.save(start);
        }
        return start;
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"DPO", "SFT", "KTO", "DRO", "SPIN", "NFT"
            }) // pair by pair, preferred ones alone, whole batch, trajectories, samples, its own pass
    void two_replicas_give_the_gradient_of_one(Kind kind) throws IOException {
        LearnerSettings settings = TinyPhoto.settings(ObjectiveChoice.of(kind, 20));
        Path start = afterTwoSteps(settings);
        double[] one = gradient(EngineSettings.DEFAULT, settings, start, batch(3));
        double[] two = gradient(TWO_REPLICAS, settings, start, batch(3));
        assertThat(two).as("the pairs were really split").isNotEqualTo(one);
        assertThat(distance(two, one)).isLessThan(1e-5);
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"DPO", "KTO", "DRO"})
    void checkpointed_blocks_give_the_gradient_of_plain_ones(Kind kind) throws IOException {
        LearnerSettings settings = TinyPhoto.settings(ObjectiveChoice.of(kind, 20));
        Path start = afterTwoSteps(settings);
        double[] plain = gradient(EngineSettings.DEFAULT, settings, start, batch(3));
        double[] checkpointed = gradient(CHECKPOINTED, settings, start, batch(3));
        assertThat(distance(checkpointed, plain)).isLessThan(1e-6);
    }

    @Test
    void a_batch_of_fewer_pairs_than_replicas_is_trained_by_some_of_them_to_the_same_bits() throws IOException {
        Map<String, String> one;
        try (DiffusionLearner learner = new DiffusionLearner(model, settings(EngineSettings.DEFAULT))) {
            learner.step(1, TinyPhoto.pairs(0, 1));
            one = saved(learner);
        }
        try (DiffusionLearner learner = new DiffusionLearner(model, settings(TWO_REPLICAS))) {
            learner.step(1, TinyPhoto.pairs(0, 1));
            assertThat(saved(learner)).isEqualTo(one);
        }
    }

    @Test
    void two_replicas_give_the_same_bytes_every_time_resumed_or_not() throws IOException {
        LearnerSettings settings = settings(TWO_REPLICAS);
        Map<String, String> whole;
        Path middle = Files.createDirectory(folder.resolve("middle"));
        try (DiffusionLearner learner = new DiffusionLearner(model, settings)) {
            for (long step = 1; step <= 4; step++) {
                learner.step(step, batch(step));
                if (step == 2) {
                    learner.save(middle);
                }
            }
            whole = saved(learner);
        }
        try (DiffusionLearner learner = new DiffusionLearner(model, settings)) {
            for (long step = 1; step <= 4; step++) {
                learner.step(step, batch(step));
            }
            assertThat(saved(learner)).isEqualTo(whole);
        }
        try (DiffusionLearner learner = new DiffusionLearner(model, settings)) {
            learner.load(middle);
            learner.step(3, batch(3));
            learner.step(4, batch(4));
            assertThat(saved(learner)).isEqualTo(whole);
        }
    }

    @Test
    void the_held_out_set_is_measured_by_all_replicas_to_the_same_bits() throws IOException {
        Path start = afterTwoSteps(settings(EngineSettings.DEFAULT));
        List<TrainingPair> heldOut = TinyPhoto.pairs(100, 110); // two batches at each of two timesteps, and a rest
        try (DiffusionLearner one = new DiffusionLearner(model, settings(EngineSettings.DEFAULT));
                DiffusionLearner three = new DiffusionLearner(
                        model,
                        settings(new EngineSettings(
                                List.of(Device.CPU, Device.CPU, Device.CPU), ElementType.F32, false)))) {
            one.load(start);
            three.load(start);
            HeldOutMeasure expected = one.measure(heldOut).orElseThrow();
            assertThat(three.measure(heldOut)).contains(expected);
            assertThat(three.measure(heldOut))
                    .as("with known errors of the reference")
                    .contains(expected);
        }
    }

    @Test
    void replicas_and_checkpoints_leave_no_tensor_behind() {
        EngineSettings all = new EngineSettings(List.of(Device.CPU, Device.CPU), ElementType.F32, true);
        long before = Tensor.liveCount();
        try (DiffusionLearner learner = new DiffusionLearner(model, settings(all))) {
            learner.step(1, batch(1));
            long between = Tensor.liveCount();
            learner.step(2, batch(1));
            assertThat(Tensor.liveCount()).isEqualTo(between);
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    /** The checkpointed pass comes first, so that memory it gives back cannot make the other one look small. */
    @Test
    void between_forward_and_backward_checkpointed_blocks_hold_a_fraction_of_the_memory() {
        assumeTrue(ProcessMemory.resident().isPresent(), "this system does not say how much memory is in use");
        try (LoraAdapter adapter = LoraAdapter.create(model.denoiser(), new LoraConfig(2, 2), 7)) {
            model.denoiser().use(adapter);
            model.denoiser().checkpointBlocks(true);
            long checkpointed = held(24);
            model.denoiser().checkpointBlocks(false);
            long plain = held(24);
            assertThat(plain).isGreaterThan(100_000_000);
            assertThat(checkpointed).isLessThan(plain / 2);
        } finally {
            model.denoiser().checkpointBlocks(false);
        }
    }

    /** Bytes by which a recorded forward pass has let the process grow. */
    private static long held(int images) {
        try (TensorScope scope = TensorScope.open()) {
            Conditioning empty = model.encodePrompts(List.of(""));
            Conditioning prompts = empty.rows(new long[images]);
            Tensor noisy = Tensor.randn(1, images, 3, 32, 32);
            Tensor timesteps = Tensor.of(new long[images]);
            model.denoiser().predict(noisy, timesteps, prompts).close(); // what the library sets up once is not counted
            long before = ProcessMemory.resident().orElseThrow();
            Tensor prediction = Autograd.withGrad(() -> model.denoiser().predict(noisy, timesteps, prompts));
            long after = ProcessMemory.resident().orElseThrow();
            Autograd.backward(prediction, Tensor.full(1, ElementType.F32, prediction.shape()));
            return after - before;
        }
    }

    @Test
    void a_bf16_base_trains_an_fp32_adapter_with_nearly_the_errors_of_an_fp32_base() throws IOException {
        try (DiffusionLearner exact = new DiffusionLearner(model, settings(EngineSettings.DEFAULT));
                DiffusionLearner rough = new DiffusionLearner(half, settings(BF16))) {
            assertThat(half.denoiser().type()).isEqualTo(ElementType.BF16);
            StepMetrics first = rough.step(1, batch(1));
            StepMetrics expected = exact.step(1, batch(1));
            assertThat(first.loss()).as("policy is reference").isEqualTo(Math.log(2));
            assertThat(first.mW()).isNotEqualTo(expected.mW()).isCloseTo(expected.mW(), within(0.02 * expected.mW()));
            assertThat(first.mL()).isCloseTo(expected.mL(), within(0.02 * expected.mL()));
            assertThat(first.gradientNorm()).isCloseTo(expected.gradientNorm(), within(0.1 * expected.gradientNorm()));
            rough.save(folder);
            for (String file : List.of("adapter", "ema", "reference", "optimizer")) {
                try (SafeTensors tensors = SafeTensors.open(folder.resolve(file + ".safetensors"))) {
                    assertThat(tensors.entries().values()).as(file).allMatch(entry -> entry.type()
                            .equals(ElementType.F32));
                }
            }
        }
    }

    @Test
    void on_a_bf16_base_the_same_batch_trained_again_and_again_has_a_falling_loss() {
        LearnerSettings sft = TinyPhoto.on(BF16, TinyPhoto.settings(ObjectiveChoice.of(Kind.SFT, 1), 3e-3));
        try (DiffusionLearner learner = new DiffusionLearner(half, sft)) {
            List<TrainingPair> heldOut = TinyPhoto.pairs(100, 104);
            double before = learner.measure(heldOut).orElseThrow().mW();
            for (long step = 1; step <= 12; step++) {
                learner.step(step, TinyPhoto.pairs(100, 104));
            }
            assertThat(learner.measure(heldOut).orElseThrow().mW()).isLessThan(before);
        }
    }

    @Test
    void a_run_on_a_bf16_base_saved_and_loaded_goes_on_to_the_bit() throws IOException {
        EngineSettings all = new EngineSettings(List.of(Device.CPU, Device.CPU), ElementType.BF16, true);
        Path middle = Files.createDirectory(folder.resolve("middle"));
        Map<String, String> whole;
        try (DiffusionLearner learner = new DiffusionLearner(half, settings(all))) {
            learner.step(1, batch(1));
            learner.step(2, batch(2));
            learner.save(middle);
            learner.step(3, batch(3));
            whole = saved(learner);
        }
        try (DiffusionLearner learner = new DiffusionLearner(half, settings(all))) {
            learner.load(middle);
            learner.step(3, batch(3));
            assertThat(saved(learner)).isEqualTo(whole);
        }
    }

    @Test
    void devices_that_mean_nothing_are_refused() {
        assertThatThrownBy(() -> EngineSettings.devices(List.of()))
                .hasMessage("at least one device must be given, such as cpu");
        assertThatThrownBy(() -> EngineSettings.devices(List.of("cpu", "gpu")))
                .hasMessage("device 'gpu' is unknown: use cpu or cuda:N");
        assertThatThrownBy(() -> EngineSettings.devices(List.of("cuda:1", "cuda:0", "cuda:1")))
                .hasMessage("cuda:1 stands there twice, but a GPU takes one replica: name each GPU once");
        assertThat(EngineSettings.devices(List.of("cpu", "cpu", "cuda:0")))
                .containsExactly(Device.CPU, Device.CPU, Device.cuda(0));
    }
}
