package dev.realalign.app.feed;

import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder and all folders below it, each in the order of its file names. Links are followed. A caption comes from {@code NAME.txt} or
 * {@code NAME.json} beside the picture, else from the nearest {@code captions.csv} at or above it that names it; facts come from the latter two.
 */
final class FolderSource implements ImageSource {
    private final Path root;
    private final String rootName;
    private List<String> unusedCaptions = List.of();

    FolderSource(Path root) {
        this.root = root.toAbsolutePath().normalize();
        rootName = this.root.getFileName() == null ? "" : this.root.getFileName() + "/";
        if (!Files.isReadable(root)) {
            throw UserErrorException.usage("The folder " + root + " cannot be read: grant read permission.");
        }
    }

    @Override
    public long count() {
        long count = 0;
        for (Iterator<SourceImage> walk = iterator(); walk.hasNext(); walk.next()) {
            count++;
        }
        return count;
    }

    @Override
    public Iterator<SourceImage> iterator() {
        return new Walk();
    }

    @Override
    public List<String> unusedCaptions() {
        return unusedCaptions;
    }

    @Override
    public void close() {}

    /** One folder being walked. */
    private record Level(
            Path folder, Path realFolder, Iterator<Path> entries, FileRoles roles, @Nullable CaptionTable captions) {}

    /** Depth first, holding one folder's listing per level. */
    private final class Walk implements Iterator<SourceImage> {
        private final Deque<Level> levels = new ArrayDeque<>();
        private final List<String> unused = new ArrayList<>();
        private @Nullable SourceImage next;

        Walk() {
            next = enter(root);
            advanceWhenEmpty();
        }

        @Override
        public boolean hasNext() {
            return next != null;
        }

        @Override
        public SourceImage next() {
            SourceImage found = next;
            if (found == null) {
                throw new NoSuchElementException();
            }
            next = null;
            advanceWhenEmpty();
            return found;
        }

        private void advanceWhenEmpty() {
            while (next == null && !levels.isEmpty()) {
                Level level = levels.getLast();
                if (level.entries.hasNext()) {
                    next = visit(level, level.entries.next());
                } else {
                    levels.removeLast();
                    if (level.captions != null) {
                        unused.addAll(level.captions.unused());
                    }
                }
            }
            if (next == null) {
                unusedCaptions = List.copyOf(unused);
            }
        }

        private @Nullable SourceImage visit(Level level, Path entry) {
            String name = entry.getFileName().toString();
            if (Files.isDirectory(entry)) {
                return name.startsWith(".") ? null : enter(entry);
            }
            return level.roles.isPicture(name) ? picture(entry) : null;
        }

        /** Begins a folder; gives an item only when the folder cannot be entered, so that it is counted and named like an unreadable picture. */
        private @Nullable SourceImage enter(Path folder) {
            try {
                Path real = folder.toRealPath();
                if (levels.stream().anyMatch(level -> level.realFolder.equals(real))) {
                    throw new FileSystemLoopException(folder.toString());
                }
                List<Path> entries;
                try (Stream<Path> listing = Files.list(folder)) {
                    entries =
                            listing.sorted((a, b) -> name(a).compareTo(name(b))).toList();
                }
                Path table = folder.resolve(CaptionTable.FILE_NAME);
                CaptionTable captions = Files.isRegularFile(table)
                        ? CaptionTable.read(() -> Files.newInputStream(table), table.toString())
                        : null;
                FileRoles roles = new FileRoles(entries.stream().map(Walk::name).toList());
                levels.addLast(new Level(folder, real, entries.iterator(), roles, captions));
                return null;
            } catch (IOException e) {
                return unreadable(folder, e);
            }
        }

        private SourceImage picture(Path file) {
            // the levels change as the walk goes on: the caption's table is looked up now, a note's text is read when
            // asked for
            Optional<Note> listed = noteFromTables(file);
            String name = name(file);
            return new SourceImage(
                    sourceName(file),
                    () -> openRegular(file),
                    () -> FileRoles.noteFrom(
                            beside(file, FileRoles.captionNoteOf(name)),
                            beside(file, FileRoles.factsNoteOf(name)),
                            listed,
                            name));
        }

        /** The nearest table wins; the others are asked too, so that they know the row is no misspelling. */
        private Optional<Note> noteFromTables(Path file) {
            Optional<Note> nearest = Optional.empty();
            for (Level level : levels) {
                if (level.captions != null) {
                    Optional<Note> note = level.captions.noteOn(slashed(level.folder.relativize(file)));
                    nearest = note.isPresent() ? note : nearest;
                }
            }
            return nearest;
        }

        private SourceImage unreadable(Path folder, IOException cause) {
            return new SourceImage(
                    sourceName(folder),
                    () -> {
                        throw cause;
                    },
                    () -> Note.NONE);
        }

        private static String name(Path path) {
            return path.getFileName().toString();
        }
    }

    private String sourceName(Path file) {
        return rootName + slashed(root.relativize(file));
    }

    private static String slashed(Path path) {
        return CaptionRows.plainName(path.toString());
    }

    private static Optional<Opening<InputStream>> beside(Path file, String name) {
        Path note = file.resolveSibling(name);
        return Files.isRegularFile(note) && !note.equals(file)
                ? Optional.of(() -> Files.newInputStream(note))
                : Optional.empty();
    }

    /** Opening anything but a regular file (a pipe, a device) could block for ever. */
    static InputStream openRegular(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + " is not a regular file");
        }
        if (!Files.isReadable(file)) {
            throw new AccessDeniedException(file.toString());
        }
        return Files.newInputStream(file);
    }
}
