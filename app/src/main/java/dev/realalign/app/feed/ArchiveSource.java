package dev.realalign.app.feed;

import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A zip archive, in the order of its entries' names. Captions are found as in a folder: {@code NAME.txt} beside the picture, else the nearest
 * {@code captions.csv}.
 */
final class ArchiveSource implements ImageSource {
    private final Path path;
    private final ZipFile zip;
    private final List<String> pictures;
    private final Map<String, CaptionTable> tablesByFolder = new TreeMap<>();

    ArchiveSource(Path path) {
        this.path = path;
        try {
            zip = new ZipFile(path.toFile());
        } catch (IOException e) {
            throw UserErrorException.usage("The archive " + path + " cannot be opened (" + e.getMessage()
                    + "): check that it is a complete zip file.");
        }
        List<String> names = zip.stream()
                .filter(entry -> !entry.isDirectory())
                .map(ZipEntry::getName)
                .sorted()
                .toList();
        FileRoles roles = new FileRoles(names);
        pictures = names.stream().filter(roles::isPicture).toList();
        names.stream()
                .filter(name -> name.equals(CaptionTable.FILE_NAME) || name.endsWith("/" + CaptionTable.FILE_NAME))
                .forEach(this::readTable);
    }

    private void readTable(String name) {
        try {
            tablesByFolder.put(folderOf(name), CaptionTable.read(() -> open(name), path + "/" + name));
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
        Optional<String> listed = captionFromTables(name);
        return new SourceImage(path.getFileName() + "/" + name, () -> open(name), () -> {
            String note = FileRoles.captionNoteOf(name);
            return !note.equals(name) && zip.getEntry(note) != null ? captionIn(note) : listed.orElse("");
        });
    }

    @Override
    public List<String> unusedCaptions() {
        return tablesByFolder.values().stream()
                .flatMap(table -> table.unused().stream())
                .toList();
    }

    @Override
    public void close() throws IOException {
        zip.close();
    }

    private InputStream open(String name) throws IOException {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new IOException("the archive has no entry " + name);
        }
        return zip.getInputStream(entry);
    }

    private String captionIn(String note) throws IOException {
        try (InputStream in = open(note)) {
            return FileRoles.captionIn(in, note);
        }
    }

    /** The nearest table wins; the others are asked too, so that they know the row is no misspelling. */
    private Optional<String> captionFromTables(String name) {
        Optional<String> nearest = Optional.empty();
        for (String folder = folderOf(name); ; folder = folderOf(folder.substring(0, folder.length() - 1))) {
            CaptionTable table = tablesByFolder.get(folder);
            if (table != null) {
                Optional<String> caption = table.captionOf(name.substring(folder.length()));
                nearest = nearest.isPresent() ? nearest : caption;
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
