package dev.realalign.app.embedded;

import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The data folder of an embedded cluster, held by one process at a time. */
final class DataFolder implements AutoCloseable {
    private static final Duration ORPHANS_END_WITHIN = Duration.ofSeconds(30);
    private static final Duration LOCK_WITHIN = Duration.ofSeconds(2);
    private static final Duration PAUSE = Duration.ofMillis(50);
    private static final long MIB = 1024L * 1024;

    private final Path root;
    private final FileChannel channel;
    private final FileLock lock;

    private DataFolder(Path root, FileChannel channel, FileLock lock) {
        this.root = root;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Makes the folder where it is missing and holds it.
     *
     * @throws UserErrorException for failure when it cannot be written, its disk is full or another process holds it
     */
    static DataFolder hold(Path root, long minFreeBytes) {
        FileChannel channel = null;
        try {
            Files.createDirectories(root);
            channel = FileChannel.open(
                    root.resolve("embedded.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = lock(channel);
            if (lock == null) {
                throw UserErrorException.failure("the data directory " + root + " is in use by another realalign"
                        + owner(root) + ". End it, or give another directory with --data.");
            }
            DataFolder folder = new DataFolder(root, channel, lock);
            for (Path part : List.of(folder.broker(), folder.registry(), folder.logs())) {
                Files.createDirectories(part);
            }
            long free = Files.getFileStore(root).getUsableSpace();
            if (free < minFreeBytes) {
                throw UserErrorException.failure("the disk of the data directory " + root + " is full: " + free / MIB
                        + " MiB are free and " + minFreeBytes / MIB
                        + " MiB are needed. Free some, or give a directory on another disk with --data.");
            }
            folder.awaitOrphans();
            channel = null;
            return folder;
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "the data directory " + root + " cannot be used: " + reason(root, e)
                            + ". Give another directory with --data.",
                    e);
        } finally {
            if (channel != null) {
                closeQuietly(channel);
            }
        }
    }

    /** A killed process holds its lock until the system has taken it apart: a short patience spares a false alarm. */
    private static @Nullable FileLock lock(FileChannel channel) throws IOException {
        long deadline = System.nanoTime() + LOCK_WITHIN.toNanos();
        FileLock lock = tryLock(channel);
        while (lock == null && System.nanoTime() < deadline) {
            pause();
            lock = tryLock(channel);
        }
        return lock;
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw UserErrorException.failure("interrupted while waiting for the data directory", e);
        }
    }

    private static String reason(Path root, IOException e) {
        if (e instanceof AccessDeniedException) {
            return "it is not writable";
        }
        if (e instanceof FileAlreadyExistsException) {
            return "it, or a folder it lies in, is a file";
        }
        if (e instanceof NoSuchFileException) {
            return "it cannot be created there";
        }
        if (e instanceof FileSystemException failed && failed.getReason() != null) {
            return failed.getReason();
        }
        return Files.isRegularFile(root) ? "it is a file" : String.valueOf(e.getMessage());
    }

    /** Folder of the broker's log. */
    Path broker() {
        return root.resolve("broker");
    }

    /** Folder of the registry's database. */
    Path registry() {
        return root.resolve("registry");
    }

    /** Folder of what broker and registry print. */
    Path logs() {
        return root.resolve("logs");
    }

    /** Notes who holds the folder and its children, for the next one who asks. */
    void note(List<ProcessHandle> children) throws IOException {
        StringBuilder text = new StringBuilder(line("owner", ProcessHandle.current()));
        children.forEach(child -> text.append(line("child", child)));
        Files.writeString(processes(root), text.toString(), StandardCharsets.UTF_8);
    }

    private static String line(String role, ProcessHandle process) {
        return role + " " + process.pid() + " " + startMillis(process) + "\n";
    }

    private static long startMillis(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    private static Path processes(Path root) {
        return root.resolve("embedded.processes");
    }

    private static String owner(Path root) {
        try {
            return noted(root, "owner").stream()
                    .findFirst()
                    .map(p -> " (process " + p.pid() + ")")
                    .orElse("");
        } catch (IOException e) {
            return "";
        }
    }

    /** The noted processes of that role which still live; a number used again by another process does not count. */
    private static List<ProcessHandle> noted(Path root, String role) throws IOException {
        if (!Files.exists(processes(root))) {
            return List.of();
        }
        List<ProcessHandle> found = new ArrayList<>();
        for (String line : Files.readAllLines(processes(root), StandardCharsets.UTF_8)) {
            String[] words = line.split(" ", -1);
            if (words.length == 3 && words[0].equals(role) && words[1].matches("\\d+") && words[2].matches("\\d+")) {
                Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(words[1]));
                process.filter(p -> p.isAlive() && startMillis(p) == Long.parseLong(words[2]))
                        .ifPresent(found::add);
            }
        }
        return found;
    }

    /** Children of a killed process end by themselves, but need a moment to close their files. */
    private void awaitOrphans() throws IOException {
        long deadline = System.nanoTime() + ORPHANS_END_WITHIN.toNanos();
        List<ProcessHandle> orphans = noted(root, "child");
        while (!orphans.isEmpty()) {
            if (System.nanoTime() > deadline) {
                throw UserErrorException.failure("the data directory " + root + " is in use by process "
                        + orphans.get(0).pid() + ", which an earlier realalign left behind. End it and start again.");
            }
            pause();
            orphans = noted(root, "child");
        }
    }

    /** Lets others hold the folder. */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(processes(root));
            lock.release();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("the lock of " + root + " cannot be released", e);
        } finally {
            closeQuietly(channel);
        }
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            org.slf4j.LoggerFactory.getLogger(DataFolder.class).debug("closing the lock file failed", e);
        }
    }
}
