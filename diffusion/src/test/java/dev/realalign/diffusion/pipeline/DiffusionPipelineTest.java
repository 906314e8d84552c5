package dev.realalign.diffusion.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.SharedData;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.diffusion.schedule.DiffusionSchedule;
import dev.realalign.diffusion.schedule.Scheduler;
import dev.realalign.diffusion.sd3.Sd3Transformer;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.vae.AutoencoderKl;
import dev.realalign.diffusion.vae.PixelSpace;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class DiffusionPipelineTest {

    private static final Path BUNDLED = Path.of(System.getProperty("realalign.home", ".."), "models", "tiny-photo");
    private static final Scheduler DDIM = JsonConfig.parse(
            "scheduler_config.json",
            "{\"_class_name\": \"DDIMScheduler\", \"beta_schedule\": \"scaled_linear\", \"beta_start\": 0.00085,"
                    + " \"beta_end\": 0.012, \"clip_sample\": false}",
            Scheduler::from);

    /** Prompts whose hidden state is their length. */
    private static Conditioning lengths(List<String> prompts) {
        float[] values = new float[prompts.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = prompts.get(i).length();
        }
        return Conditioning.of(Tensor.of(values, values.length, 1, 1));
    }

    private static DiffusionPipeline pipeline(FakeDenoiser denoiser) {
        return new DiffusionPipeline(
                denoiser, new PixelSpace(denoiser.outChannels()), DiffusionPipelineTest::lengths, DDIM);
    }

    /** The noise in a sample, for a network that knows the image to be grey of this value. */
    private static FakeDenoiser knowing(int inChannels, float image) {
        DiffusionSchedule schedule = (DiffusionSchedule) DDIM.schedule();
        return new FakeDenoiser(inChannels, 3, (noisy, timestep, conditioning) -> {
            double clean = schedule.level((int) timestep).clean();
            double noise = schedule.level((int) timestep).noise();
            return noisy.slice(1, 0, 3).add(-clean * image).mul(1 / noise);
        });
    }

    private static Tensor constant(int batch, float value) {
        float[] values = new float[batch * 3 * 64];
        Arrays.fill(values, value);
        return Tensor.of(values, batch, 3, 8, 8);
    }

    /** 1 in the right half. */
    private static Tensor rightHalf(int batch) {
        float[] values = new float[batch * 64];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 8 >= 4 ? 1 : 0;
        }
        return Tensor.of(values, batch, 1, 8, 8);
    }

    @Test
    void the_first_sample_is_the_noise_of_the_seed() {
        FakeDenoiser denoiser = knowing(3, 0);
        try (TensorScope scope = TensorScope.open()) {
            pipeline(denoiser)
                    .textToImage(SamplingRequest.of(List.of("a", "b"))
                            .withSeeds(List.of(7L, 8L))
                            .withSteps(2));
            Tensor expected = Ops.concatenate(List.of(Tensor.randn(7, 1, 3, 8, 8), Tensor.randn(8, 1, 3, 8, 8)), 0);
            float[] seen = denoiser.inputs.get(0); // both halves of guidance see the same
            assertThat(Arrays.copyOf(seen, seen.length / 2)).containsExactly(expected.toFloats());
            assertThat(Arrays.copyOfRange(seen, seen.length / 2, seen.length)).containsExactly(expected.toFloats());
        }
    }

    @Test
    void a_network_that_knows_the_picture_draws_it() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor drawn = pipeline(knowing(3, 0.25f)).textToImage(SamplingRequest.of(List.of("grey")));
            assertThat(drawn.shape()).containsExactly(1, 3, 8, 8);
            for (float value : drawn.toFloats()) {
                assertThat(value).isCloseTo(0.25f, within(1e-3f));
            }
        }
    }

    @Test
    void guidance_extrapolates_from_the_negative_prompt_to_the_prompt() {
        FakeDenoiser denoiser = new FakeDenoiser(3, 3, (noisy, timestep, conditioning) -> noisy.mul(0)
                .add(conditioning.hiddenStates().reshape(-1, 1, 1, 1)));
        try (TensorScope scope = TensorScope.open()) {
            Conditioning prompt = lengths(List.of("abc"));
            Conditioning negative = lengths(List.of("a"));
            Guidance guided = Guidance.of(denoiser, prompt, negative, 4);
            Tensor out = guided.at(Tensor.zeros(1, 3, 4, 4), DDIM.schedule().level(10));
            assertThat(out.max().item()).isEqualTo(1 + 4 * (3 - 1));
            assertThat(out.min().item()).isEqualTo(9);
            assertThat(denoiser.shapes.get(0)).containsExactly(2, 3, 4, 4);
            assertThat(denoiser.timesteps).containsExactly(10.0);
        }
    }

    @Test
    void without_guidance_the_network_never_sees_the_negative_prompt() {
        FakeDenoiser denoiser = knowing(3, 0);
        try (TensorScope scope = TensorScope.open()) {
            pipeline(denoiser)
                    .textToImage(
                            SamplingRequest.of(List.of("a")).withGuidance(1).withSteps(3));
        }
        assertThat(denoiser.shapes).hasSize(3).allSatisfy(shape -> assertThat(shape)
                .containsExactly(1, 3, 8, 8));
    }

    @Test
    void a_picture_over_a_picture_starts_at_the_level_of_the_strength() {
        FakeDenoiser denoiser = knowing(3, 0.5f);
        try (TensorScope scope = TensorScope.open()) {
            SamplingRequest request = SamplingRequest.of(List.of("a"))
                    .withSteps(10)
                    .withGuidance(1)
                    .withSeeds(List.of(3L));
            pipeline(denoiser).imageToImage(request, constant(1, 0.5f), 0.3);
            assertThat(denoiser.timesteps).containsExactly(200.0, 100.0, 0.0);
            double clean = DDIM.schedule().level(200).clean();
            double noise = DDIM.schedule().level(200).noise();
            Tensor expected = Tensor.randn(3, 1, 3, 8, 8).mul(noise).add(0.5 * clean);
            assertThat(denoiser.inputs.get(0)).containsExactly(expected.toFloats(), within(1e-6f));
        }
    }

    @Test
    void inpainting_without_mask_channels_keeps_what_is_outside_the_mask() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor drawn = pipeline(knowing(3, -0.75f))
                    .inpaint(SamplingRequest.of(List.of("a")), constant(1, 0.5f), rightHalf(1), 1, false);
            assertHalves(drawn, 0.5f, -0.75f, 1e-3f);
        }
    }

    @Test
    void a_network_with_mask_channels_sees_the_mask_and_the_masked_picture_behind_the_sample() {
        FakeDenoiser denoiser = knowing(7, -0.75f);
        try (TensorScope scope = TensorScope.open()) {
            DiffusionPipeline pipeline = pipeline(denoiser);
            assertThat(pipeline.hasMaskChannels()).isTrue();
            Tensor drawn = pipeline.inpaint(
                    SamplingRequest.of(List.of("a")).withGuidance(1).withSteps(4),
                    constant(1, 0.5f),
                    rightHalf(1),
                    1,
                    true);
            assertHalves(drawn, 0.5f, -0.75f, 1e-3f);
            assertThat(drawn.slice(3, 0, 4).toFloats()).containsOnly(0.5f); // pasted back exactly
            Tensor seen = Tensor.of(denoiser.inputs.get(2), 1, 7, 8, 8);
            assertThat(seen.slice(1, 3, 4).toFloats())
                    .containsExactly(rightHalf(1).toFloats());
            assertHalves(seen.slice(1, 4, 7), 0.5f, 0, 0);
            assertThatThrownBy(() -> pipeline.textToImage(SamplingRequest.of(List.of("a"))))
                    .isInstanceOf(RequestException.class)
                    .hasMessage("this network paints into masks; give a picture and a mask");
        }
    }

    private static void assertHalves(Tensor image, float left, float right, float tolerance) {
        for (float value : image.slice(3, 0, 4).toFloats()) {
            assertThat(value).isCloseTo(left, within(tolerance));
        }
        for (float value : image.slice(3, 4, 8).toFloats()) {
            assertThat(value).isCloseTo(right, within(tolerance));
        }
    }

    @Test
    void everything_wrong_with_a_request_is_said_at_once() {
        try (TensorScope scope = TensorScope.open()) {
            SamplingRequest request = SamplingRequest.of(List.of("a", "b"))
                    .withSeeds(List.of(1L))
                    .withSize(10, 8)
                    .withSteps(0)
                    .withBatch(0)
                    .withGuidance(Double.NaN);
            assertThatThrownBy(() -> pipeline(knowing(3, 0)).textToImage(request))
                    .isInstanceOf(RequestException.class)
                    .hasMessage("5 problems:"
                            + "\n  - 2 prompts need as many negative prompts and seeds, not 2 and 1"
                            + "\n  - the batch must be at least 1 but is 0"
                            + "\n  - the guidance must be a number but is NaN"
                            + "\n  - the height must be a multiple of 4 but is 10; use 8 or 12"
                            + "\n  - the number of sampling steps must be 1 to 1000 but is 0");
            assertThatThrownBy(() -> pipeline(knowing(3, 0)).textToImage(SamplingRequest.of(List.of())))
                    .hasMessage("there is no prompt; the empty prompt is one too");
            assertThatThrownBy(() ->
                            pipeline(knowing(3, 0)).imageToImage(SamplingRequest.of(List.of("a")), constant(2, 0), 0.5))
                    .hasMessage("1 prompts need pictures (1, 3, H, W), not F32[2, 3, 8, 8]");
            assertThatThrownBy(() -> pipeline(knowing(3, 0))
                            .inpaint(
                                    SamplingRequest.of(List.of("a", "b")),
                                    constant(2, 0),
                                    Ops.concatenate(
                                            List.of(rightHalf(1), rightHalf(1).mul(0.4)), 0),
                                    0.01,
                                    true))
                    .hasMessage("2 problems:"
                            + "\n  - mask 1 is empty: no pixel of it reaches 0.5"
                            + "\n  - strength 0.01 of 25 steps leaves no step to run; use at least 100 steps or a larger"
                            + " strength");
            assertThatThrownBy(() -> pipeline(knowing(3, 0))
                            .inpaint(SamplingRequest.of(List.of("a")), constant(1, 0), rightHalf(2), 1, true))
                    .hasMessageContaining("need masks (B, 1, H, W) of their size");
        }
    }

    @Test
    void progress_counts_the_evaluations_of_all_batches() {
        List<String> told = new ArrayList<>();
        try (TensorScope scope = TensorScope.open()) {
            pipeline(knowing(3, 0))
                    .textToImage(SamplingRequest.of(List.of("a", "b", "c"))
                            .withSteps(2)
                            .withBatch(2)
                            .withProgress((done, total) -> told.add(done + "/" + total)));
        }
        assertThat(told).containsExactly("1/4", "2/4", "3/4", "4/4");
    }

    @Test
    void a_real_models_picture_depends_on_its_own_prompt_and_seed_alone() {
        long before = Tensor.liveCount();
        try (DiffusionModel model = DiffusionModel.load(BUNDLED, LoadOptions.DEFAULT);
                TensorScope scope = TensorScope.open()) {
            DiffusionPipeline pipeline = new DiffusionPipeline(model);
            SamplingRequest three = SamplingRequest.of(List.of("a photo of a dog", "a photo of a ship", ""))
                    .withSeeds(List.of(5L, 6L, 7L))
                    .withSteps(3)
                    .withGuidance(2);
            Tensor together = pipeline.textToImage(three);
            assertThat(together.shape()).containsExactly(3, 3, 32, 32);
            assertThat(together.isFinite()).isTrue();
            assertThat(pipeline.textToImage(three).toFloats()).containsExactly(together.toFloats());
            Tensor alone = pipeline.textToImage(SamplingRequest.of(List.of("a photo of a ship"))
                    .withSeeds(List.of(6L))
                    .withSteps(3)
                    .withGuidance(2));
            assertThat(alone.sub(together.slice(0, 1, 2)).abs().max().item()).isLessThan(1e-3);
            assertThat(alone.sub(together.slice(0, 0, 1)).abs().max().item()).isGreaterThan(0.1);
            Tensor wide = pipeline.textToImage(
                    SamplingRequest.of(List.of("")).withSize(16, 40).withSteps(1));
            assertThat(wide.shape()).containsExactly(1, 3, 16, 40);
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    void a_latent_model_draws_pictures_of_eight_times_its_latents() {
        Path folder = SharedData.path("golden/models/sd15-tiny");
        try (DiffusionModel model = DiffusionModel.load(folder, LoadOptions.DEFAULT);
                TensorScope scope = TensorScope.open()) {
            DiffusionPipeline pipeline = new DiffusionPipeline(model);
            int side = pipeline.sizeFactor();
            Tensor drawn = pipeline.textToImage(SamplingRequest.of(List.of("a cat"))
                    .withSize(side, 2 * side)
                    .withSteps(2));
            assertThat(drawn.shape()).containsExactly(1, 3, side, 2L * side);
            assertThat(drawn.isFinite()).isTrue();
            Tensor mask = Tensor.uniform(3, 0, 1, 1, 1, side, 2L * side);
            Tensor inpainted =
                    pipeline.inpaint(SamplingRequest.of(List.of("a dog")).withSteps(2), drawn, mask, 1, true);
            Tensor kept = Ops.atLeast(mask, 0.5).neg().add(1);
            assertThat(inpainted.sub(drawn).mul(kept).abs().max().item()).isZero();
            assertThat(inpainted.sub(drawn).abs().max().item()).isGreaterThan(0.01);
        }
    }

    @Test
    void stable_diffusion_3_draws_over_and_into_pictures_with_the_same_pipeline() {
        Path folder = SharedData.path("golden/models/sd35m-tiny");
        Scheduler scheduler = Scheduler.read(folder.resolve("scheduler/scheduler_config.json"));
        try (Sd3Transformer transformer =
                        Sd3Transformer.load(folder.resolve("transformer"), null, ElementType.F32, Device.CPU);
                AutoencoderKl vae = AutoencoderKl.load(folder.resolve("vae"), null, Device.CPU);
                TensorScope scope = TensorScope.open()) {
            int features = transformer.config().jointFeatures();
            int pooled = transformer.config().pooledFeatures();
            DiffusionPipeline pipeline = new DiffusionPipeline(
                    transformer,
                    vae,
                    prompts -> Conditioning.of(
                            Tensor.randn(1, prompts.size(), 4, features), Tensor.randn(2, prompts.size(), pooled)),
                    scheduler);
            assertThat(pipeline.sizeFactor())
                    .isEqualTo(vae.factor() * transformer.config().patch());
            Tensor image = Tensor.uniform(3, -1, 1, 1, 3, 32, 48);
            SamplingRequest request = SamplingRequest.of(List.of("a")).withSteps(4);
            Tensor over = pipeline.imageToImage(request, image, 0.5);
            assertThat(over.shape()).containsExactly(1, 3, 32, 48);
            Tensor mask = Ops.concatenate(
                    List.of(
                            Tensor.zeros(1, 1, 32, 24),
                            Tensor.zeros(1, 1, 32, 24).add(1)),
                    3);
            Tensor into = pipeline.inpaint(request, image, mask, 1, true);
            assertThat(into.slice(3, 0, 24).toFloats())
                    .containsExactly(image.slice(3, 0, 24).toFloats());
            assertThat(into.slice(3, 24, 48).isFinite()).isTrue();
        }
    }

    @Test
    void pictures_survive_the_way_to_tensors_and_back_bit_by_bit() {
        BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 256; i++) {
            image.setRGB(i % 16, i / 16, i << 16 | (255 - i) << 8 | (i * 7 & 0xFF));
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor tensor = RgbImages.toTensor(List.of(image, image));
            assertThat(tensor.shape()).containsExactly(2, 3, 16, 16);
            assertThat(tensor.max().item()).isEqualTo(1);
            assertThat(tensor.min().item()).isEqualTo(-1);
            BufferedImage back = RgbImages.toImages(tensor).get(1);
            for (int i = 0; i < 256; i++) {
                assertThat(back.getRGB(i % 16, i / 16)).isEqualTo(image.getRGB(i % 16, i / 16));
            }
            BufferedImage grey = RgbImages.toImages(Tensor.of(new float[] {-2, 0, 2}, 1, 1, 1, 3))
                    .get(0);
            assertThat(grey.getRGB(0, 0)).isEqualTo(0xFF000000);
            assertThat(grey.getRGB(1, 0)).isEqualTo(0xFF808080);
            assertThat(grey.getRGB(2, 0)).isEqualTo(0xFFFFFFFF);
        }
    }
}
