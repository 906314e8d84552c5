package dev.realalign.subscriber;

import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.BaseModel;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.schemas.VersionManifest;
import dev.realalign.schemas.signing.ModelSignature;
import dev.realalign.schemas.signing.SignedFiles;
import dev.realalign.schemas.signing.SigningKey;
import dev.realalign.schemas.signing.TrustedKeys;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A checkpoint store with signed versions whose files are safetensors of random bytes, different in every version. */
final class VersionStore {
    static final String MODEL = "tiny";
    static final int FILE_BYTES = 100_000;
    /** When every version is announced. */
    static final Instant ANNOUNCED = Instant.parse("2026-01-02T03:00:00Z");

    private final CheckpointLayout layout;
    private SigningKey key = SigningKey.generate();

    VersionStore(Path root) {
        this.layout = new CheckpointLayout(root);
    }

    /** Writes a version and announces it at this place of an alias. */
    Target publish(long version, long sequence) throws IOException {
        Path folder = folder(version);
        try (StoreFolder.Draft draft = StoreFolder.draft(folder)) {
            Random random = new Random(version);
            for (String name : files(version)) {
                draft.write(name, tensors(random));
            }
            VersionManifest manifest = manifest(version, draft.path());
            draft.write(CheckpointLayout.MANIFEST, manifest.toBytes());
            draft.write(CheckpointLayout.SIGNATURE, sign(manifest));
            draft.finish();
            return target(version, manifest.digest(), sequence);
        }
    }

    Target publish(long version) throws IOException {
        return publish(version, version);
    }

    Target target(long version, String digest, long sequence) {
        return new Target(MODEL, version, digest, CheckpointLayout.location(folder(version)), sequence, ANNOUNCED);
    }

    /** Trust in the key that versions are signed with. */
    TrustedKeys trusted() {
        return TrustedKeys.of(key.publicKey());
    }

    /** From here on versions are signed with another key. */
    SigningKey useNewKey() {
        key = SigningKey.generate();
        return key;
    }

    byte[] sign(VersionManifest manifest) {
        return ModelSignature.sign(SignedFiles.of(manifest, manifest.digest()), key);
    }

    /** A safetensors file: the length of the header, the header, and one tensor. */
    private static byte[] tensors(Random random) {
        byte[] header = "{\"w\":{\"dtype\":\"U8\",\"shape\":[99944],\"data_offsets\":[0,99944]}}"
                .getBytes(StandardCharsets.US_ASCII);
        byte[] data = new byte[FILE_BYTES - Long.BYTES - header.length];
        random.nextBytes(data);
        return ByteBuffer.allocate(FILE_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .put(data)
                .array();
    }

    Path folder(long version) {
        return layout.version(MODEL, version);
    }

    static List<String> files(long version) {
        return List.of(CheckpointLayout.DIFFUSERS_LORA, CheckpointLayout.kohyaFile(MODEL, version));
    }

    void flipByte(long version, String name, long position) throws IOException {
        Path file = folder(version).resolve(name);
        byte[] bytes = Files.readAllBytes(file);
        bytes[Math.toIntExact(position)] ^= 1;
        Files.write(file, bytes);
    }

    static VersionManifest manifest(long version, Path folder) throws IOException {
        String digest = Sha256.hex("anything".getBytes(StandardCharsets.UTF_8));
        return new VersionManifest(
                VersionManifest.FORMAT,
                MODEL,
                version,
                version == 1 ? null : version - 1,
                new BaseModel("tiny-base", digest),
                AdapterShape.lora(4, 4, List.of("to_q")),
                new ObjectiveSettings("dpo", "beta / 2", Map.of()),
                version * 10,
                version * 80,
                80,
                Map.of(),
                null,
                null,
                7,
                Map.of(),
                new VersionManifest.Candidate("step-" + version, digest, Instant.EPOCH),
                List.of(
                        FileEntry.of(folder.resolve(files(version).get(0))),
                        FileEntry.of(folder.resolve(files(version).get(1)))),
                "",
                digest);
    }
}
