package dev.realalign.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.app.evaluate.EvaluationFiles;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.AdapterConfig;
import dev.realalign.diffusion.lora.AdapterFiles;
import dev.realalign.diffusion.lora.FullConfig;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.lora.LoraFormat;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class MergeCommandTest {
    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        CommandLine command = RealAlignCommand.commandLine();
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        return command.execute(args);
    }

    private static float[] predict(Denoiser denoiser) {
        try (TensorScope scope = TensorScope.open()) {
            return denoiser.predict(
                            Tensor.randn(1, 1, denoiser.inChannels(), 32, 32),
                            Tensor.of(new long[] {400}),
                            Conditioning.of(Tensor.randn(2, 1, 4, denoiser.promptFeatures())))
                    .toFloats();
        }
    }

    /** Writes an adapter that changes something. @return what the model predicts with it */
    private static float[] write(AdapterConfig config, Path file) {
        try (DiffusionModel model = DiffusionModel.load(EvaluationFiles.model(), LoadOptions.DEFAULT);
                Adapter adapter = config.create(model.denoiser(), 3)) {
            long seed = 0;
            for (Tensor weight : adapter.parameters().values()) {
                try (Tensor noise = Tensor.randn(seed++, weight.shape())) {
                    weight.blendInPlace(1, noise, 0.02);
                }
            }
            AdapterFiles.save(adapter, file, LoraFormat.KOHYA, Map.of());
            model.denoiser().use(adapter);
            float[] prediction = predict(model.denoiser());
            model.denoiser().use(null);
            return prediction;
        }
    }

    @Test
    void the_weights_of_a_full_difference_predict_what_base_and_difference_predict_to_the_bit() throws IOException {
        Path file = folder.resolve("full.safetensors");
        float[] expected = write(new FullConfig(), file);
        Path merged = folder.resolve("merged");
        Path base = EvaluationFiles.model();

        assertThat(run("merge", "--model", base.toString(), "--lora", file.toString(), "--out", merged.toString()))
                .as(err.toString())
                .isZero();

        assertThat(out.toString().strip()).isEqualTo(merged.toString());
        assertThat(merged.resolve("config.json"))
                .hasSameBinaryContentAs(base.resolve("unet").resolve("config.json"));
        try (SafeTensors whole = SafeTensors.open(merged.resolve("diffusion_pytorch_model.safetensors"));
                SafeTensors before =
                        SafeTensors.open(base.resolve("unet").resolve("diffusion_pytorch_model.safetensors"))) {
            assertThat(whole.entries().keySet()).isEqualTo(before.entries().keySet());
            assertThat(whole.metadata()).containsOnly(Map.entry("format", "pt"));
        }
        try (UNet2DConditionModel network = UNet2DConditionModel.load(merged, null, ElementType.F32, Device.CPU)) {
            assertThat(predict(network)).containsExactly(expected);
        }
        assertThat(run("merge", "--model", base.toString(), "--lora", file.toString(), "--out", merged.toString()))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains(merged + " exists, and nothing is overwritten: name another folder with --out.");
    }

    @Test
    void a_lora_is_merged_as_well() {
        Path file = folder.resolve("lora.safetensors");
        float[] expected = write(new LoraConfig(2, 4), file);
        Path merged = folder.resolve("merged");

        assertThat(run(
                        "merge",
                        "--model",
                        EvaluationFiles.model().toString(),
                        "--lora",
                        file.toString(),
                        "--out",
                        merged.toString()))
                .isZero();

        try (UNet2DConditionModel network = UNet2DConditionModel.load(merged, null, ElementType.F32, Device.CPU)) {
            assertThat(predict(network)).containsExactly(expected, Offset.offset(1e-4f));
        }
    }

    @Test
    void an_adapter_of_another_network_is_refused_and_nothing_is_left() throws IOException {
        Path file = folder.resolve("foreign.safetensors");
        try (TensorScope scope = TensorScope.open()) {
            SafeTensors.write(file, Map.of("unet.other.diff", Tensor.zeros(2)), Map.of());
        }
        assertThat(run(
                        "merge",
                        "--model",
                        EvaluationFiles.model().toString(),
                        "--lora",
                        file.toString(),
                        "--out",
                        folder.resolve("merged").toString()))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains("unet.other.diff is a difference to nothing in this unet")
                .contains("Name one that was trained on this model.");
        try (var left = Files.list(folder)) {
            assertThat(left).containsExactly(file);
        }
    }
}
