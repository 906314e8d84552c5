package dev.realalign.schemas;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Folders that appear and disappear whole. A checkpoint folder is drafted beside its place, forced to the disk and
 * renamed; it is removed by renaming it away first. So whatever stands under a folder's own name is complete, also after
 * a crash or a power cut.
 */
public final class StoreFolder {
    private static final String REMOVED = ".removed-";
    private static final boolean FOLDERS_CAN_BE_FORCED =
            !System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");

    private StoreFolder() {}

    /**
     * Begins a folder: an empty one beside its place, under its name with {@link CheckpointLayout#UNFINISHED}. What an
     * earlier attempt left there is deleted.
     *
     * @param folder where the folder will stand; its parent is made where it is missing
     */
    public static Draft draft(Path folder) throws IOException {
        return draft(folder, "");
    }

    /**
     * Begins a folder that somebody else may be drafting too: the draft's name carries the attempt's, so that neither
     * writes into the other's.
     *
     * @param attempt name of the attempt, in letters and digits
     */
    public static Draft draft(Path folder, String attempt) throws IOException {
        Path place = folder.toAbsolutePath();
        String own = attempt.isEmpty() ? "" : "." + attempt;
        Path draft = place.resolveSibling(place.getFileName() + own + CheckpointLayout.UNFINISHED);
        Files.createDirectories(parentOf(place));
        deleteTree(draft);
        Files.createDirectory(draft);
        return new Draft(draft, place);
    }

    /** Removes a folder with all it holds; nothing happens where there is none. */
    public static void remove(Path folder) throws IOException {
        Path place = folder.toAbsolutePath();
        Path away = place.resolveSibling(REMOVED + place.getFileName());
        deleteTree(away);
        if (Files.exists(place)) {
            Files.move(place, away, StandardCopyOption.ATOMIC_MOVE);
            deleteTree(away);
            force(parentOf(place));
        }
    }

    /** Deletes what crashes have left in a folder of folders: drafts, and removals that were not completed. */
    public static void sweep(Path parent) throws IOException {
        if (!Files.isDirectory(parent)) {
            return;
        }
        List<Path> entries;
        try (Stream<Path> children = Files.list(parent)) {
            entries = children.sorted().toList();
        }
        for (Path entry : entries) {
            String name = String.valueOf(entry.getFileName());
            if (name.startsWith(REMOVED) || name.endsWith(CheckpointLayout.UNFINISHED)) {
                deleteTree(entry);
            }
        }
    }

    /** Forces a file or a folder's entries to the disk. */
    public static void force(Path path) throws IOException {
        boolean folder = Files.isDirectory(path);
        if (folder && !FOLDERS_CAN_BE_FORCED) {
            return;
        }
        try (FileChannel channel =
                FileChannel.open(path, folder ? StandardOpenOption.READ : StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    private static Path parentOf(Path place) throws IOException {
        Path parent = place.getParent();
        if (parent == null) {
            throw new IOException("a checkpoint folder cannot be the root of a file system: " + place);
        }
        return parent;
    }

    private static void deleteTree(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** A folder that is being written. Closing it before {@link #finish} deletes it. */
    public static final class Draft implements AutoCloseable {
        private final Path draft;
        private final Path place;
        private boolean finished;

        private Draft(Path draft, Path place) {
            this.draft = draft;
            this.place = place;
        }

        /** The folder to write into. */
        public Path path() {
            return draft;
        }

        /** A file of the folder, to be written to. */
        public Path file(String name) {
            return draft.resolve(name);
        }

        /** Writes a file and forces it to the disk. */
        public void write(String name, byte[] bytes) throws IOException {
            Files.write(file(name), bytes, StandardOpenOption.CREATE_NEW);
            force(file(name));
        }

        /** Forces every file and the folder itself to the disk; {@link #finish} does so too. */
        public void forceAll() throws IOException {
            List<Path> files;
            try (Stream<Path> children = Files.list(draft)) {
                files = children.sorted().toList();
            }
            for (Path file : files) {
                force(file);
            }
            force(draft);
        }

        /**
         * Forces everything to the disk and puts the folder in its place, in one step.
         *
         * @return the place
         * @throws IOException also when a folder that is not empty stands there already
         */
        public Path finish() throws IOException {
            forceAll();
            Files.move(draft, place, StandardCopyOption.ATOMIC_MOVE);
            finished = true;
            force(parentOf(place));
            return place;
        }

        @Override
        public void close() throws IOException {
            if (!finished) {
                deleteTree(draft);
            }
        }
    }
}
