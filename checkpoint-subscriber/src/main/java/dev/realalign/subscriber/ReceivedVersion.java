package dev.realalign.subscriber;

import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.VersionManifest;
import java.nio.file.Path;
import java.time.Instant;

/**
 * A version on the local disk: every byte of it verified, and signed with a trusted key unless unsigned versions are allowed.
 *
 * @param model model line
 * @param version version number
 * @param digest lower-case hex SHA-256 of the manifest, equal to the announced one
 * @param sequence place in what is followed: the alias's sequence number, or the version number
 * @param folder folder that holds exactly this version; it never changes, and goes when enough newer ones have come
 * @param announcedAt when it was announced, by the publisher's clock
 * @param manifest what the version is
 */
public record ReceivedVersion(
        String model,
        long version,
        String digest,
        long sequence,
        Path folder,
        Instant announcedAt,
        VersionManifest manifest) {

    /** The adapter as programs of this project load it, whatever its kind: {@link #diffusersFile} or {@link #kohyaFile}. */
    public Path adapterFile() {
        return folder.resolve(manifest.adapterFile());
    }

    /** A LoRA under the names that diffusers and PEFT load; a full difference has no such file. */
    public Path diffusersFile() {
        return folder.resolve(CheckpointLayout.DIFFUSERS_LORA);
    }

    /** The adapter under kohya names, which ComfyUI, A1111 and Forge load. */
    public Path kohyaFile() {
        return folder.resolve(CheckpointLayout.kohyaFile(model, version));
    }
}
