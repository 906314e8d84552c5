package dev.realalign.subscriber;

import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.BaseModel;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A checkpoint store with versions whose files are random bytes, different in every version. */
final class VersionStore {
    static final String MODEL = "tiny";
    private static final int FILE_BYTES = 100_000;

    private final CheckpointLayout layout;

    VersionStore(Path root) {
        this.layout = new CheckpointLayout(root);
    }

    /** Writes a version and announces it at this place of an alias. */
    Target publish(long version, long sequence) throws IOException {
        Path folder = folder(version);
        try (StoreFolder.Draft draft = StoreFolder.draft(folder)) {
            Random random = new Random(version);
            for (String name : files(version)) {
                byte[] bytes = new byte[FILE_BYTES];
                random.nextBytes(bytes);
                draft.write(name, bytes);
            }
            byte[] manifest = manifest(version, draft.path()).toBytes();
            draft.write(CheckpointLayout.MANIFEST, manifest);
            draft.finish();
            return new Target(MODEL, version, Sha256.hex(manifest), CheckpointLayout.location(folder), sequence);
        }
    }

    Target publish(long version) throws IOException {
        return publish(version, version);
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
                new AdapterShape(4, 4, List.of("to_q")),
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
