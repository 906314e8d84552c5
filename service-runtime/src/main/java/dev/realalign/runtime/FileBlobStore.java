package dev.realalign.runtime;

import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.StoreFolder;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;

/** A blob store in a folder: {@code ab/abcdef…} by the digest's first two digits. */
final class FileBlobStore implements BlobStore {
    private final Path root;

    FileBlobStore(Path root) {
        this.root = root;
    }

    @Override
    public BlobReference put(byte[] bytes) throws IOException {
        BlobReference reference = new BlobReference(Sha256.hex(bytes), (long) bytes.length);
        Path target = file(reference);
        if (renew(target, bytes.length)) {
            return reference;
        }
        Path folder = target.resolveSibling("");
        Files.createDirectories(folder);
        Path unfinished = Files.createTempFile(folder, "put-", ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
                ByteBuffer rest = ByteBuffer.wrap(bytes);
                while (rest.hasRemaining()) {
                    channel.write(rest);
                }
                channel.force(true);
            }
            Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            StoreFolder.force(folder);
        } finally {
            Files.deleteIfExists(unfinished);
        }
        return reference;
    }

    /** A file of another size was damaged from outside and is written anew. */
    private static boolean renew(Path target, long size) throws IOException {
        try {
            if (Files.size(target) != size) {
                return false;
            }
            Files.setLastModifiedTime(target, FileTime.from(Instant.now()));
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Override
    public byte[] get(BlobReference reference) throws IOException {
        Path file = file(reference);
        try {
            long size = Files.size(file);
            if (size != reference.getSize()) {
                throw new DamagedBlobException("blob " + reference.getSha256() + " has " + size + " bytes instead of "
                        + reference.getSize() + ": " + file);
            }
            byte[] bytes = Files.readAllBytes(file);
            if (!Sha256.hex(bytes).equals(reference.getSha256())) {
                throw new DamagedBlobException(
                        "blob " + reference.getSha256() + " is damaged: its bytes have another SHA-256: " + file);
            }
            return bytes;
        } catch (NoSuchFileException e) {
            throw new FileNotFoundException("blob " + reference.getSha256() + " is not in the store: " + file);
        }
    }

    @Override
    public boolean contains(BlobReference reference) throws IOException {
        try {
            return Files.size(file(reference)) == reference.getSize();
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private Path file(BlobReference reference) {
        String name = Sha256.requireHex("a blob's name", reference.getSha256());
        return root.resolve(name.substring(0, 2)).resolve(name);
    }
}
