package dev.realalign.app.feed;

import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A zip or tar archive, in the order of its entries' names. Captions and facts are found as in a folder: {@code NAME.txt} and {@code NAME.json} beside
 * the picture (so does a webdataset), else the nearest {@code captions.csv}.
 */
final class ArchiveSource implements ImageSource {
    private final Path path;
    private final Archive archive;
    private final Set<String> names;
    private final List<String> pictures;
    private final Map<String, CaptionTable> tablesByFolder = new TreeMap<>();

    ArchiveSource(Path path, Opening<Archive> opening) {
        this.path = path;
        try {
            archive = opening.open();
        } catch (IOException e) {
            throw UserErrorException.usage("The archive " + path + " cannot be opened (" + e.getMessage()
                    + "): check that it is a complete zip or tar file.");
        }
        List<String> sorted = archive.names();
        names = new HashSet<>(sorted);
        FileRoles roles = new FileRoles(sorted);
        pictures = sorted.stream().filter(roles::isPicture).toList();
        sorted.stream()
                .filter(name -> name.equals(CaptionTable.FILE_NAME) || name.endsWith("/" + CaptionTable.FILE_NAME))
                .forEach(this::readTable);
    }

    private void readTable(String name) {
        try {
            tablesByFolder.put(folderOf(name), CaptionTable.read(() -> archive.open(name), path + "/" + name));
        } catch (IOException e) {
            throw UserErrorException.usage("The captions " + path + "/" + name + " cannot be read (" + e.getMessage()
                    + "): pack the archive anew.");
        }
    }

    @Override
    public long count() {
        return pictures.size();
    }

    @Override
    public Iterator<SourceImage> iterator() {
        return pictures.stream().map(this::picture).iterator();
    }

    private SourceImage picture(String name) {
        Optional<Note> listed = noteFromTables(name);
        return new SourceImage(
                path.getFileName() + "/" + name,
                () -> archive.open(name),
                () -> FileRoles.noteFrom(
                        beside(name, FileRoles.captionNoteOf(name)),
                        beside(name, FileRoles.factsNoteOf(name)),
                        listed,
                        name));
    }

    private Optional<Opening<InputStream>> beside(String name, String note) {
        return names.contains(note) && !note.equals(name) ? Optional.of(() -> archive.open(note)) : Optional.empty();
    }

    @Override
    public List<String> unusedCaptions() {
        return tablesByFolder.values().stream()
                .flatMap(table -> table.unused().stream())
                .toList();
    }

    @Override
    public void close() throws IOException {
        archive.close();
    }

    /** The nearest table wins; the others are asked too, so that they know the row is no misspelling. */
    private Optional<Note> noteFromTables(String name) {
        Optional<Note> nearest = Optional.empty();
        for (String folder = folderOf(name); ; folder = folderOf(folder.substring(0, folder.length() - 1))) {
            CaptionTable table = tablesByFolder.get(folder);
            if (table != null) {
                Optional<Note> note = table.noteOn(name.substring(folder.length()));
                nearest = nearest.isPresent() ? nearest : note;
            }
            if (folder.isEmpty()) {
                return nearest;
            }
        }
    }

    /** The folder part of a name with its closing slash, empty at the top. */
    private static String folderOf(String name) {
        return name.substring(0, name.lastIndexOf('/') + 1);
    }
}
