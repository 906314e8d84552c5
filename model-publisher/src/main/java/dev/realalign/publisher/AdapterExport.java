package dev.realalign.publisher;

import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.AdapterFiles;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraFormat;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.Sha256;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes an adapter as other programs load it, with the metadata they show: kohya's {@code ss_} keys and ModelSpec 1.0.1.
 * The same candidate and version give the same bytes.
 */
final class AdapterExport {
    private static final String SPECIFICATION = "1.0.1";
    private static final String HASH_KEY = "modelspec.hash_sha256";
    /** Stands for the hash until it is known. */
    private static final String HASH_PLACE = "0x" + "0".repeat(64);

    private AdapterExport() {}

    /**
     * Writes one file.
     *
     * @param candidate what the adapter was trained on and when
     * @param version number it is published under
     */
    static void write(Adapter adapter, Path file, LoraFormat format, CandidateManifest candidate, long version)
            throws IOException {
        Map<String, String> metadata = metadata(adapter, candidate, version);
        metadata.put(HASH_KEY, HASH_PLACE);
        AdapterFiles.save(adapter, file, format, metadata);
        writeHash(file, "0x" + digestOfTensors(file));
    }

    /** The header's length does not depend on the hash, so that it can be filled in once the tensors are written. */
    private static void writeHash(Path file, String hash) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            readFully(channel, length, 0);
            ByteBuffer header =
                    ByteBuffer.allocate(Math.toIntExact(length.flip().getLong()));
            readFully(channel, header, Long.BYTES);
            String text = new String(header.array(), StandardCharsets.ISO_8859_1); // a character a byte
            int place = text.indexOf("\"" + HASH_PLACE + "\"", text.indexOf("\"" + HASH_KEY + "\"")) + 1;
            ByteBuffer value = ByteBuffer.wrap(hash.getBytes(StandardCharsets.ISO_8859_1));
            while (value.hasRemaining()) {
                channel.write(value, (long) Long.BYTES + place + value.position());
            }
        }
    }

    private static void readFully(FileChannel channel, ByteBuffer into, long from) throws IOException {
        while (into.hasRemaining()) {
            if (channel.read(into, from + into.position()) < 0) {
                throw new EOFException("a safetensors file ended within its header");
            }
        }
    }

    private static Map<String, String> metadata(Adapter adapter, CandidateManifest candidate, long version) {
        String title = candidate.model() + " v" + CheckpointKeys.versionDigits(version);
        Architecture architecture = Architecture.of(adapter, candidate.base().id());
        Map<String, String> metadata = new TreeMap<>();
        metadata.put("modelspec.sai_model_spec", SPECIFICATION);
        boolean isLora = adapter instanceof LoraAdapter;
        metadata.put("modelspec.architecture", architecture.modelSpec() + (isLora ? "/lora" : "/lycoris"));
        metadata.put("modelspec.implementation", "https://github.com/huggingface/diffusers");
        metadata.put("modelspec.title", title);
        metadata.put("modelspec.date", candidate.createdAt().toString());
        metadata.put(
                "modelspec.description",
                (isLora ? "LoRA on " : "Full difference to ") + candidate.base().id() + ", step " + candidate.step()
                        + ", " + candidate.triples()
                        + " preference triples, objective "
                        + candidate.objective().name());
        metadata.put("ss_output_name", title);
        metadata.put("ss_v2", "False");
        metadata.put("ss_base_model_version", architecture.kohya());
        metadata.put("ss_network_module", isLora ? "networks.lora" : "lycoris.kohya");
        if (!isLora) {
            metadata.put("ss_network_args", "{\"algo\": \"full\"}");
        }
        metadata.put("ss_steps", Long.toString(candidate.step()));
        return metadata;
    }

    /** ModelSpec's hash: over everything after the header. */
    private static String digestOfTensors(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            long header = ByteBuffer.wrap(in.readNBytes(Long.BYTES))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .getLong();
            in.skipNBytes(header);
            return Sha256.hex(in);
        }
    }

    /**
     * The names other programs know a base model's architecture by; a model nobody knows goes by its own id.
     *
     * @param modelSpec ModelSpec's name
     * @param kohya kohya's name
     */
    private record Architecture(String modelSpec, String kohya) {
        /** First cross-attention of Stable Diffusion 1: 320 channels, text of width 768. */
        private static final String STABLE_DIFFUSION_1_KEY =
                "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k";
        /** Present where the second attention of the medium transformer is adapted: width 1536. */
        private static final String STABLE_DIFFUSION_3_5_MEDIUM_KEY = "transformer_blocks.0.attn2.to_q";

        static Architecture of(Adapter adapter, String baseId) {
            if (adapter.prefix().equals("unet") && isLayer(adapter, STABLE_DIFFUSION_1_KEY, 768, 320)) {
                return new Architecture("stable-diffusion-v1", "sd_v1");
            }
            if (adapter.prefix().equals("transformer")
                    && isLayer(adapter, STABLE_DIFFUSION_3_5_MEDIUM_KEY, 1536, 1536)) {
                return new Architecture("stable-diffusion-3-5-medium", "sd3");
            }
            return new Architecture(baseId, baseId);
        }

        private static boolean isLayer(Adapter adapter, String path, long in, long out) {
            return adapter.matrix(path)
                    .filter(shape -> shape[0] == out && shape[1] == in)
                    .isPresent();
        }
    }
}
