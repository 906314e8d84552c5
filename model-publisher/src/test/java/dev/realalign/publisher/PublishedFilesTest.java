package dev.realalign.publisher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.lora.LoraFiles;
import dev.realalign.diffusion.lora.LoraFormat;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both files of a version, loaded as other programs load them and applied to a U-Net. */
class PublishedFilesTest {
    private static final LoraConfig SHAPE = new LoraConfig(4, 8);

    @TempDir
    Path root;

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"models/tiny-photo", "../shared/golden/models/sd15-tiny"})
    void bothFilesDoWhatTheTrainedAdapterDoes(String model) throws IOException {
        Path folder = Path.of("..").resolve(model).resolve("unet");
        assumeThat(folder)
                .as("reference model that is not part of the repository")
                .isDirectory();
        try (TensorScope scope = TensorScope.open();
                UNet2DConditionModel unet = UNet2DConditionModel.load(folder, null, ElementType.F32, Device.CPU);
                LoraAdapter trained = LoraAdapter.create(unet, SHAPE, 7)) {
            int seed = 100;
            for (Tensor parameter : trained.parameters().values()) {
                parameter.assignInPlace(Tensor.randn(seed++, parameter.shape()).mul(0.1));
            }
            Path diffusers = root.resolve(CheckpointLayout.DIFFUSERS_LORA);
            Path kohya = root.resolve(CheckpointLayout.kohyaFile(Candidates.MODEL, 1));
            CandidateManifest manifest = manifest();
            AdapterExport.write(trained, diffusers, LoraFormat.PEFT, manifest, 1);
            AdapterExport.write(trained, kohya, LoraFormat.KOHYA, manifest, 1);

            float[] plain = predict(unet);
            float[] expected = predict(unet, trained);
            assertThat(difference(expected, plain))
                    .as("the adapter does something")
                    .isGreaterThan(1e-2);
            for (Path file : Set.of(diffusers, kohya)) {
                try (LoraAdapter loaded = LoraFiles.load(file, unet)) {
                    assertThat(difference(predict(unet, loaded), expected))
                            .as(file.toString())
                            .isLessThan(1e-6);
                }
            }
            assertKeys(trained, diffusers, kohya);
        }
    }

    /** The key lists as PEFT and kohya document them: two matrices a layer, kohya's with an alpha equal to the rank. */
    private static void assertKeys(LoraAdapter trained, Path diffusers, Path kohya) throws IOException {
        Set<String> peftKeys = new TreeSet<>();
        Set<String> kohyaKeys = new TreeSet<>();
        for (String layer : trained.layers().keySet()) {
            peftKeys.add("unet." + layer + ".lora_A.weight");
            peftKeys.add("unet." + layer + ".lora_B.weight");
            String flat = "lora_unet_" + layer.replace('.', '_');
            kohyaKeys.add(flat + ".lora_down.weight");
            kohyaKeys.add(flat + ".lora_up.weight");
            kohyaKeys.add(flat + ".alpha");
        }
        assertThat(trained.layers().keySet())
                .contains("mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0")
                .allMatch(layer -> layer.matches(".*\\.attn[12]\\.to_(q|k|v|out\\.0)"));
        try (SafeTensors peft = SafeTensors.open(diffusers);
                SafeTensors other = SafeTensors.open(kohya)) {
            assertThat(peft.entries().keySet()).containsExactlyInAnyOrderElementsOf(peftKeys);
            assertThat(other.entries().keySet()).containsExactlyInAnyOrderElementsOf(kohyaKeys);
            for (Map<String, String> metadata : List.of(peft.metadata(), other.metadata())) {
                assertThat(metadata)
                        .containsEntry("ss_network_dim", "4")
                        .containsEntry("ss_network_alpha", "4")
                        .containsEntry("modelspec.sai_model_spec", "1.0.1")
                        .containsKeys(
                                "ss_v2",
                                "ss_base_model_version",
                                "ss_network_module",
                                "modelspec.architecture",
                                "modelspec.implementation",
                                "modelspec.title",
                                "modelspec.date",
                                "modelspec.hash_sha256");
            }
        }
    }

    private static float[] predict(UNet2DConditionModel unet, LoraAdapter adapter) {
        unet.use(adapter);
        float[] prediction = predict(unet);
        unet.use(null);
        return prediction;
    }

    private static float[] predict(UNet2DConditionModel unet) {
        try (TensorScope scope = TensorScope.open()) {
            int size = unet.config().sampleSize();
            return unet.predict(
                            Tensor.randn(2, 2, unet.config().inChannels(), size, size),
                            Tensor.of(new long[] {10, 900}),
                            Conditioning.of(Tensor.randn(3, 2, 5, unet.config().crossAttention())))
                    .toFloats();
        }
    }

    private static double difference(float[] found, float[] expected) {
        assertThat(found).hasSameSizeAs(expected);
        double largest = 0;
        for (int i = 0; i < found.length; i++) {
            largest = Math.max(largest, Math.abs((double) found[i] - expected[i]));
        }
        return largest;
    }

    private CandidateManifest manifest() throws IOException {
        CandidateStore store = new CandidateStore(root);
        Path file = store.file(store.candidate(10).write(), CheckpointLayout.MANIFEST);
        return CandidateManifest.parse(Files.readAllBytes(file), file.toString());
    }
}
