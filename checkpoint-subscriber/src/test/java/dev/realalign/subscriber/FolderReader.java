package dev.realalign.subscriber;

import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.VersionManifest;
import dev.realalign.schemas.signing.ModelSignature;
import dev.realalign.schemas.signing.SignedFiles;
import dev.realalign.schemas.signing.TrustedKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A process that reads a subscriber's folder over and over until its standard input ends. It resolves {@code current} once
 * for each reading, as a loader does, and verifies everything behind it; it fails by name at the first thing that is wrong.
 */
final class FolderReader {
    /** What it writes after its first reading. */
    static final int READY = '.';

    private FolderReader() {}

    /**
     * Reads, and prints the number of readings, of versions met, and the newest.
     *
     * @param arguments the link and the trust file
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path current = Path.of(arguments[0]);
        TrustedKeys trusted = TrustedKeys.read(Path.of(arguments[1]));
        Set<Long> met = new HashSet<>();
        long newest = 0;
        int readings = 0;
        AtomicBoolean ending = new AtomicBoolean();
        Thread watch = new Thread(() -> awaitEndOfInput(ending), "watch");
        watch.setDaemon(true);
        watch.start();
        while (true) {
            boolean last = ending.get();
            newest = read(current, trusted, newest);
            met.add(newest);
            Thread.sleep(1); // the subscriber needs a processor too
            if (readings++ == 0) {
                System.out.write(READY);
                System.out.flush();
            }
            if (last) {
                System.out.println(readings + " " + met.size() + " " + newest);
                return;
            }
        }
    }

    private static long read(Path current, TrustedKeys trusted, long newest) throws IOException {
        Path folder = current.toRealPath();
        byte[] bytes = Files.readAllBytes(folder.resolve(CheckpointLayout.MANIFEST));
        VersionManifest manifest = VersionManifest.parse(bytes, folder.toString());
        ModelSignature.verify(Files.readAllBytes(folder.resolve(CheckpointLayout.SIGNATURE)), trusted)
                .require(SignedFiles.of(manifest, Sha256.hex(bytes)));
        for (FileEntry file : manifest.files()) {
            file.verify(folder.resolve(file.name()));
        }
        if (!folder.endsWith("%08d".formatted(manifest.version()))) {
            throw new IOException(folder + " holds version " + manifest.version());
        }
        if (manifest.version() < newest) {
            throw new IOException("version " + manifest.version() + " came after " + newest);
        }
        return manifest.version();
    }

    private static void awaitEndOfInput(AtomicBoolean ending) {
        try {
            while (System.in.read() >= 0) {
                Thread.onSpinWait();
            }
        } catch (IOException e) {
            System.err.println(e.getMessage());
        }
        ending.set(true);
    }
}
