package dev.realalign.diffusion.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.TinyModels;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.schedule.FlowSchedule;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiffusionModelTest {
    private static final Path BUNDLED = Path.of(System.getProperty("realalign.home", ".."), "models", "tiny-photo");

    @TempDir
    Path folder;

    @Test
    @DisplayName("the bundled model is a pixel-space model of 32 x 32 photographs")
    void bundled() {
        long before = Tensor.liveCount();
        try (DiffusionModel model = DiffusionModel.load(BUNDLED, LoadOptions.DEFAULT);
                TensorScope scope = TensorScope.open()) {
            assertThat(model.pixelSpace()).isTrue();
            assertThat(model.resolution()).isEqualTo(32);
            assertThat(model.channels()).isEqualTo(3);
            assertThat(model.imageFactor()).isEqualTo(4);
            assertThat(model.digest()).matches("[0-9a-f]{64}");
            assertThat(model.schedule().size()).isEqualTo(1000);
            Conditioning prompts = model.encodePrompts(List.of("a photo of a cat", ""));
            assertThat(prompts.batch()).isEqualTo(2);
            Tensor out =
                    model.denoiser().predict(Tensor.randn(1, 2, 3, 32, 32), Tensor.of(new long[] {1, 999}), prompts);
            assertThat(out.shape()).containsExactly(2, 3, 32, 32);
            assertThat(out.isFinite()).isTrue();
            Conditioning swapped = prompts.rows(1, 0, 0);
            assertThat(swapped.hiddenStates().slice(0, 1, 2).toFloats())
                    .containsExactly(prompts.hiddenStates().slice(0, 0, 1).toFloats());
            assertThat(Conditioning.concatenate(List.of(prompts, swapped)).batch())
                    .isEqualTo(5);
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    @DisplayName("a folder with a VAE is a latent model of eight times the size")
    void latent() {
        try (DiffusionModel model =
                DiffusionModel.load(TinyModels.golden().resolve("models/sd15-tiny"), LoadOptions.DEFAULT)) {
            assertThat(model.pixelSpace()).isFalse();
            assertThat(model.resolution() % 16).isZero();
            assertThat(model.channels()).isEqualTo(4);
        }
    }

    @Test
    @DisplayName("Stable Diffusion 3 without its T5 encoder is conditioned on zeros in T5's place")
    void stableDiffusion3() throws IOException {
        Path golden = TinyModels.golden().resolve("models");
        copy(golden.resolve("sd35m-tiny"), folder);
        copy(golden.resolve("sd15-tiny/tokenizer"), folder.resolve("tokenizer"));
        copy(golden.resolve("sd15-tiny/tokenizer"), folder.resolve("tokenizer_2"));
        Path index = folder.resolve("model_index.json");
        Files.writeString(
                index,
                Files.readString(index)
                        .replaceAll("\"(text_encoder_3|tokenizer_3)\": \\[[^\\]]*]", "\"$1\": [null, null]"));
        long before = Tensor.liveCount();
        try (DiffusionModel model = DiffusionModel.load(folder, LoadOptions.DEFAULT);
                TensorScope scope = TensorScope.open()) {
            assertThat(model.pixelSpace()).isFalse();
            assertThat(model.channels()).isEqualTo(16);
            assertThat(model.denoiser().prefix()).isEqualTo("transformer");
            assertThat(model.schedule()).isInstanceOf(FlowSchedule.class);
            Conditioning prompts = model.encodePrompts(List.of("a red bicycle"));
            assertThat(prompts.hiddenStates().shape())
                    .containsExactly(1, 2 * 77, model.denoiser().promptFeatures());
            assertThat(prompts.hiddenStates().slice(1, 77, 154).abs().max().item())
                    .isZero();
            assertThat(prompts.hiddenStates().slice(1, 0, 77).abs().max().item())
                    .isPositive();
            Tensor out = model.denoiser().predict(Tensor.randn(1, 1, 16, 8, 8), Tensor.of(new float[] {500}), prompts);
            assertThat(out.isFinite()).isTrue();
            assertThat(out.shape()).containsExactly(1, 16, 8, 8);
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
        Files.writeString(
                index,
                Files.readString(index)
                        .replace("\"tokenizer_3\": [null, null]", "\"tokenizer_3\": [\"t\", \"T5Tokenizer\"]"));
        assertThatThrownBy(() -> DiffusionModel.load(folder, LoadOptions.DEFAULT))
                .hasMessageContaining("must both be there or both be left out");
    }

    @Test
    @DisplayName("components that do not go together are named with their sizes")
    void mismatched() throws IOException {
        copy(BUNDLED, folder);
        Path other = TinyModels.golden().resolve("models/sd15-tiny/text_encoder");
        Files.delete(folder.resolve("text_encoder/config.json"));
        Files.delete(folder.resolve("text_encoder/model.safetensors"));
        Files.delete(folder.resolve("text_encoder"));
        copy(other, folder.resolve("text_encoder"));
        assertThatThrownBy(() -> DiffusionModel.load(folder, LoadOptions.DEFAULT))
                .hasMessageContaining("the text encoders give 32 features, the unet takes 64");
    }

    @Test
    @DisplayName("everything wrong with a folder is said at once, and nothing stays loaded")
    void allAtOnce() throws IOException {
        copy(BUNDLED, folder);
        Files.delete(folder.resolve("unet/diffusion_pytorch_model.safetensors"));
        Files.writeString(
                folder.resolve("text_encoder/config.json"),
                Files.readString(folder.resolve("text_encoder/config.json")).replace("quick_gelu", "wavelet"));
        Files.delete(folder.resolve("scheduler/scheduler_config.json"));
        long before = Tensor.liveCount();
        assertThatThrownBy(() -> DiffusionModel.load(folder, LoadOptions.DEFAULT))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("the activation \"wavelet\" is unknown")
                .hasMessageContaining("it holds no diffusion_pytorch_model.safetensors")
                .hasMessageContaining("scheduler_config.json cannot be used: the file does not exist");
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    @DisplayName("wrong and missing classes of the index are all named")
    void wrongIndex() throws IOException {
        Files.writeString(
                folder.resolve("model_index.json"),
                """
                {"_class_name": "FluxPipeline", "unet": ["diffusers", "UNet3DModel"], "text_encoder": [null, null],
                 "tokenizer": ["transformers", "CLIPTokenizer"], "scheduler": ["diffusers", "HeunScheduler"]}
                """);
        assertThatThrownBy(() -> DiffusionModel.load(folder, LoadOptions.DEFAULT))
                .hasMessageContaining(
                        "the pipeline class \"FluxPipeline\" is not supported; supported are StableDiffusionPipeline, ");
        Files.writeString(
                folder.resolve("model_index.json"),
                Files.readString(folder.resolve("model_index.json"))
                        .replace("FluxPipeline", "StableDiffusionPipeline"));
        assertThatThrownBy(() -> DiffusionModel.load(folder, LoadOptions.DEFAULT))
                .hasMessageContaining("\"unet\" is a UNet3DModel")
                .hasMessageContaining("the component \"text_encoder\" is missing")
                .hasMessageContaining("\"scheduler\" is a HeunScheduler");
    }

    @Test
    @DisplayName("a single file, no folder and no index are refused with what to do")
    void noFolder() throws IOException {
        Path checkpoint = Files.createFile(folder.resolve("v1-5.safetensors"));
        assertThatThrownBy(() -> DiffusionModel.load(checkpoint, LoadOptions.DEFAULT))
                .hasMessageContaining("it is a single file; a folder in the diffusers layout is needed")
                .hasMessageContaining("from_single_file(\"v1-5.safetensors\")");
        Path none = folder.resolve("none");
        assertThatThrownBy(() -> DiffusionModel.load(none, LoadOptions.DEFAULT))
                .hasMessage(none + " cannot be used: the folder does not exist");
        assertThatThrownBy(() -> DiffusionModel.load(folder, LoadOptions.DEFAULT))
                .hasMessageContaining("model_index.json cannot be used: the file does not exist");
    }

    @Test
    @DisplayName("half precision on the CPU is refused before anything is loaded")
    void options() {
        assertThatThrownBy(() -> new LoadOptions(ElementType.F16, Device.CPU, null))
                .hasMessageContaining("use F32 or BF16");
        assertThat(LoadOptions.on(Device.cuda(0)).type()).isEqualTo(ElementType.BF16);
        assertThat(LoadOptions.on(Device.CPU)).isEqualTo(LoadOptions.DEFAULT);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }
}
