package dev.realalign.app.feed;

import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** A list of paths with captions and facts, CSV or one JSON object a line, in the order of its rows. Paths are relative to the folder of the list. */
final class ListSource implements ImageSource {
    private final Path folder;
    private final List<CaptionRows.Row> rows = new ArrayList<>();

    ListSource(Path list, boolean isJson) {
        Path parent = list.toAbsolutePath().getParent();
        folder = parent == null ? list.toAbsolutePath() : parent;
        try {
            if (isJson) {
                JsonNotes.read(() -> Files.newInputStream(list), list.toString(), rows::add);
            } else {
                CaptionRows.read(() -> Files.newInputStream(list), list.toString(), rows::add);
            }
        } catch (IOException e) {
            throw UserErrorException.usage(
                    "The list " + list + " cannot be read (" + e.getMessage() + "): check the file.");
        }
        if (rows.isEmpty()) {
            throw UserErrorException.usage("The list " + list + " names no picture: give one path,caption per line.");
        }
    }

    @Override
    public long count() {
        return rows.size();
    }

    @Override
    public Iterator<SourceImage> iterator() {
        return rows.stream()
                .map(row -> new SourceImage(row.file(), () -> FolderSource.openRegular(resolve(row.file())), row::note))
                .iterator();
    }

    private Path resolve(String file) throws IOException {
        try {
            return folder.resolve(file);
        } catch (InvalidPathException e) {
            throw new IOException("not a path: " + e.getReason(), e);
        }
    }

    @Override
    public List<String> unusedCaptions() {
        return List.of();
    }

    @Override
    public void close() {}
}
