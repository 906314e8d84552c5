package dev.realalign.app.demo;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The versions on a subscriber's disk. A folder stands there only complete and verified. */
final class ReceivedVersions {
    private ReceivedVersions() {}

    /** The versions below a subscriber's folder, oldest first, each with the digest its manifest has there. */
    static List<DemoReport.Received> in(Path into) {
        Path versions = into.resolve("versions");
        if (!Files.isDirectory(versions)) {
            return List.of();
        }
        List<DemoReport.Received> received = new ArrayList<>();
        try (Stream<Path> folders = Files.list(versions)) {
            for (Path folder : folders.filter(ReceivedVersions::isWhole).toList()) {
                byte[] manifest = Files.readAllBytes(folder.resolve(CheckpointLayout.MANIFEST));
                received.add(new DemoReport.Received(
                        VersionManifest.parse(manifest, folder.toString()).version(), Sha256.hex(manifest)));
            }
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The received versions in " + versions + " cannot be read (" + e.getMessage()
                            + "): restore the folder's permissions, or delete it to receive them again.",
                    e);
        }
        received.sort(Comparator.comparingLong(DemoReport.Received::version));
        return received;
    }

    /** The folder of a received version. */
    static Path folder(Path into, long version) {
        return into.resolve("versions").resolve(CheckpointKeys.versionDigits(version));
    }

    private static boolean isWhole(Path folder) {
        return folder.getFileName().toString().matches("[0-9]{8}");
    }
}
