package dev.realalign.runtime;

import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.StoreFolder;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Optional;

/** A blob store in a folder: {@code ab/abcdef…} by the digest's first two digits. */
final class FileBlobStore implements BlobStore {
    private static final String WAITING = "waiting";
    private static final String SWEPT = ".swept";
    /** Folders of this store itself: the first two digits of its blobs. */
    private static final String FOLDERS = "[0-9a-f][0-9a-f]";

    private final Path root;

    FileBlobStore(Path root) {
        this.root = root;
    }

    @Override
    public BlobReference put(byte[] bytes) throws IOException {
        BlobReference reference = new BlobReference(Sha256.hex(bytes), (long) bytes.length);
        Path target = file(reference);
        if (renew(target, bytes.length, Instant.now())) {
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
    private static boolean renew(Path target, long size, Instant time) throws IOException {
        try {
            if (Files.size(target) != size) {
                return false;
            }
            Files.setLastModifiedTime(target, FileTime.from(time));
            return Files.exists(target); // it may have been swept in between
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

    @Override
    public boolean renew(BlobReference reference, Instant time) throws IOException {
        return renew(file(reference), reference.getSize(), time);
    }

    @Override
    public Optional<Instant> renewed(BlobReference reference) throws IOException {
        try {
            return Optional.of(Files.getLastModifiedTime(file(reference)).toInstant());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    @Override
    public int sweep(Instant oldest) throws IOException {
        int removed = 0;
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(root, FOLDERS)) {
            for (Path folder : folders) {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                    for (Path file : files) {
                        removed += isOlder(file, oldest) && sweep(file, oldest) ? 1 : 0;
                    }
                }
            }
        } catch (NoSuchFileException nothingWasEverPut) {
            return 0;
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return removed;
    }

    /** Takes a file away first and looks at its age again, since somebody may renew it at this very moment. */
    private static boolean sweep(Path file, Instant oldest) throws IOException {
        Path swept = file.resolveSibling(file.getFileName() + SWEPT);
        try {
            Files.move(file, swept, StandardCopyOption.ATOMIC_MOVE);
            if (!isOlder(swept, oldest)) {
                Files.move(swept, file, StandardCopyOption.ATOMIC_MOVE);
                return false;
            }
            return Files.deleteIfExists(swept);
        } catch (NoSuchFileException sweptByAnother) {
            return false;
        }
    }

    private static boolean isOlder(Path file, Instant oldest) throws IOException {
        try {
            return Files.getLastModifiedTime(file).toInstant().isBefore(oldest);
        } catch (NoSuchFileException sweptByAnother) {
            return false;
        }
    }

    @Override
    public BlobStore ofWaiting() {
        return new FileBlobStore(root.resolve(WAITING));
    }

    private Path file(BlobReference reference) {
        String name = Sha256.requireHex("a blob's name", reference.getSha256());
        return root.resolve(name.substring(0, 2)).resolve(name);
    }
}
