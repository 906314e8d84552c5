package dev.realalign.publisher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.AdapterFiles;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraFiles;
import dev.realalign.diffusion.lora.LoraFormat;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AdapterExportTest {
    private static final String LAYER = "unet.mid.attn1.to_out.0";

    @TempDir
    Path root;

    @Test
    @DisplayName("The diffusers file has PEFT names, with alpha / rank folded into B")
    void diffusers() throws IOException {
        try (TensorScope scope = TensorScope.open();
                SafeTensors trained = SafeTensors.open(trained());
                SafeTensors published = SafeTensors.open(export(LoraFormat.PEFT))) {
            assertThat(published.entries().keySet())
                    .containsExactly(
                            LAYER + ".lora_A.weight",
                            LAYER + ".lora_B.weight",
                            "unet.mid.attn1.to_q.lora_A.weight",
                            "unet.mid.attn1.to_q.lora_B.weight");
            assertThat(published.load(LAYER + ".lora_A.weight").toFloats())
                    .containsExactly(trained.load(LAYER + ".lora_A.weight").toFloats());
            assertThat(published.load(LAYER + ".lora_B.weight").toFloats())
                    .containsExactly(
                            trained.load(LAYER + ".lora_B.weight").mul(4.0 / 2).toFloats());
        }
    }

    @Test
    @DisplayName("The kohya file holds the same matrices under kohya's names, with alpha equal to the rank")
    void kohya() throws IOException {
        try (TensorScope scope = TensorScope.open();
                SafeTensors peft = SafeTensors.open(export(LoraFormat.PEFT));
                SafeTensors kohya = SafeTensors.open(export(LoraFormat.KOHYA))) {
            assertThat(kohya.entries().keySet())
                    .containsExactly(
                            "lora_unet_mid_attn1_to_out_0.alpha",
                            "lora_unet_mid_attn1_to_out_0.lora_down.weight",
                            "lora_unet_mid_attn1_to_out_0.lora_up.weight",
                            "lora_unet_mid_attn1_to_q.alpha",
                            "lora_unet_mid_attn1_to_q.lora_down.weight",
                            "lora_unet_mid_attn1_to_q.lora_up.weight");
            assertThat(kohya.load("lora_unet_mid_attn1_to_out_0.alpha").item()).isEqualTo(2);
            assertThat(kohya.load("lora_unet_mid_attn1_to_out_0.lora_up.weight").toFloats())
                    .containsExactly(peft.load(LAYER + ".lora_B.weight").toFloats());
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(LoraFormat.class)
    @DisplayName("The header says what the file is, and hashes the tensors behind it")
    void metadata(LoraFormat format) throws IOException {
        Path file = export(format);
        try (SafeTensors published = SafeTensors.open(file)) {
            assertThat(published.metadata())
                    .isEqualTo(new TreeMap<>(Map.ofEntries(
                            Map.entry("format", "pt"),
                            Map.entry("modelspec.architecture", "tiny-base/lora"),
                            Map.entry("modelspec.date", "2026-01-02T03:04:04.678Z"),
                            Map.entry(
                                    "modelspec.description",
                                    "LoRA on tiny-base, step 10, 80 preference triples, objective dpo"),
                            Map.entry("modelspec.hash_sha256", "0x" + digestBehindHeader(file)),
                            Map.entry("modelspec.implementation", "https://github.com/huggingface/diffusers"),
                            Map.entry("modelspec.sai_model_spec", "1.0.1"),
                            Map.entry("modelspec.title", "tiny v00000042"),
                            Map.entry("ss_base_model_version", "tiny-base"),
                            Map.entry("ss_network_alpha", "2"),
                            Map.entry("ss_network_dim", "2"),
                            Map.entry("ss_network_module", "networks.lora"),
                            Map.entry("ss_output_name", "tiny v00000042"),
                            Map.entry("ss_steps", "10"),
                            Map.entry("ss_v2", "False"))));
        }
    }

    @Test
    @DisplayName("An adapter of Stable Diffusion 1 is named so")
    void architecture() throws IOException {
        Path file = root.resolve("sd1.safetensors");
        String key = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k";
        try (TensorScope scope = TensorScope.open()) {
            SafeTensors.write(
                    file,
                    Map.of(
                            key + ".lora_A.weight", Tensor.zeros(4, 768),
                            key + ".lora_B.weight", Tensor.zeros(320, 4)),
                    Map.of());
        }
        Path out = root.resolve("out.safetensors");
        try (LoraAdapter adapter = LoraFiles.load(file)) {
            AdapterExport.write(adapter, out, LoraFormat.KOHYA, manifest(), 1);
        }
        try (SafeTensors published = SafeTensors.open(out)) {
            assertThat(published.metadata())
                    .containsEntry("modelspec.architecture", "stable-diffusion-v1/lora")
                    .containsEntry("ss_base_model_version", "sd_v1");
        }
    }

    @Test
    @DisplayName("A full difference has the keys of LyCORIS, and says that it is one")
    void full() throws IOException {
        CandidateStore store = new CandidateStore(root);
        Path ema = store.file(store.candidate(10).full().write(), CheckpointLayout.EMA);
        CandidateManifest candidate = CandidateManifest.parse(
                Files.readAllBytes(ema.resolveSibling(CheckpointLayout.MANIFEST)), CheckpointLayout.MANIFEST);
        Path out = root.resolve("full.safetensors");
        try (Adapter adapter = AdapterFiles.load(ema)) {
            AdapterExport.write(adapter, out, LoraFormat.KOHYA, candidate, 42);
        }
        try (TensorScope scope = TensorScope.open();
                SafeTensors trained = SafeTensors.open(ema);
                SafeTensors published = SafeTensors.open(out)) {
            assertThat(published.entries().keySet())
                    .containsExactly(
                            "lora_unet_mid_attn1_to_out_0.diff",
                            "lora_unet_mid_attn1_to_out_0.diff_b",
                            "lora_unet_mid_attn1_to_q.diff",
                            "lora_unet_mid_attn1_to_q.diff_b");
            assertThat(published.load("lora_unet_mid_attn1_to_q.diff").toFloats())
                    .containsExactly(trained.load("unet.mid.attn1.to_q.diff").toFloats());
            assertThat(published.metadata())
                    .containsEntry("modelspec.architecture", "tiny-base/lycoris")
                    .containsEntry(
                            "modelspec.description",
                            "Full difference to tiny-base, step 10, 80 preference triples, objective dpo")
                    .containsEntry("modelspec.hash_sha256", "0x" + digestBehindHeader(out))
                    .containsEntry("ss_network_module", "lycoris.kohya")
                    .containsEntry("ss_network_args", "{\"algo\": \"full\"}")
                    .doesNotContainKeys("ss_network_dim", "ss_network_alpha");
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(LoraFormat.class)
    @DisplayName("The same candidate and number give the same bytes")
    void repeatable(LoraFormat format) throws IOException {
        byte[] first = Files.readAllBytes(export(format));

        assertThat(Files.readAllBytes(export(format))).isEqualTo(first);
    }

    /** The candidate's adapter, written once. */
    private Path trained() throws IOException {
        CandidateStore store = new CandidateStore(root);
        Path file = store.layout
                .candidate(Candidates.MODEL, CheckpointLayout.candidateName(10, 1))
                .resolve(CheckpointLayout.EMA);
        if (!Files.exists(file)) {
            store.candidate(10).write();
        }
        return file;
    }

    private CandidateManifest manifest() throws IOException {
        Path file = trained().resolveSibling(CheckpointLayout.MANIFEST);
        return CandidateManifest.parse(Files.readAllBytes(file), file.toString());
    }

    private Path export(LoraFormat format) throws IOException {
        Path out = root.resolve("out-" + format + ".safetensors");
        try (LoraAdapter adapter = LoraFiles.load(trained())) {
            AdapterExport.write(adapter, out, format, manifest(), 42);
        }
        return out;
    }

    private static String digestBehindHeader(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int header = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return Sha256.hex(Arrays.copyOfRange(bytes, 8 + header, bytes.length));
    }
}
