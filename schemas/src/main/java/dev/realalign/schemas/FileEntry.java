package dev.realalign.schemas;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file of a checkpoint folder, as its manifest lists it.
 *
 * @param name file name inside the folder; checkpoint folders have no folders of their own
 * @param sha256 lower-case hex SHA-256 of the bytes
 * @param size length in bytes
 */
public record FileEntry(String name, String sha256, long size) {
    /** Refuses names that could leave the folder, malformed digests and negative sizes. */
    public FileEntry {
        if (name.isEmpty() || name.startsWith(".") || name.indexOf('/') >= 0 || name.indexOf('\\') >= 0) {
            throw new IllegalArgumentException("a file of a checkpoint has a plain name, not \"" + name + "\"");
        }
        Sha256.requireHex("sha256 of " + name, sha256);
        if (size < 0) {
            throw new IllegalArgumentException("size of " + name + " must not be negative: " + size);
        }
    }

    /** Measures a file. */
    public static FileEntry of(Path file) throws IOException {
        return new FileEntry(String.valueOf(file.getFileName()), Sha256.hex(file), Files.size(file));
    }

    /**
     * Compares a file with this entry.
     *
     * @throws IOException naming the file and what differs, when it is absent, of another size or of other bytes
     */
    public void verify(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(name + " is missing: " + file);
        }
        long found = Files.size(file);
        if (found != size) {
            throw new IOException(name + " has " + found + " bytes, its manifest says " + size + ": " + file);
        }
        String digest = Sha256.hex(file);
        if (!digest.equals(sha256)) {
            throw new IOException(name + " has SHA-256 " + digest + ", its manifest says " + sha256 + ": " + file);
        }
    }
}
