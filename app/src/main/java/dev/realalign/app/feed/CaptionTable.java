package dev.realalign.app.feed;

import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The captions and facts of one {@code captions.csv}, by the name of the file relative to it. */
final class CaptionTable {
    static final String FILE_NAME = "captions.csv";

    private final String name;
    private final Map<String, Note> notes = new HashMap<>();
    private final Set<String> unused = new LinkedHashSet<>();

    private CaptionTable(String name) {
        this.name = name;
    }

    static CaptionTable read(Opening<InputStream> csv, String name) throws IOException {
        CaptionTable table = new CaptionTable(name);
        CaptionRows.read(csv, name, row -> {
            table.notes.put(row.file(), row.note());
            table.unused.add(row.file());
        });
        return table;
    }

    /** The note on a file, given relative to the table's folder. */
    Optional<Note> noteOn(String file) {
        unused.remove(file);
        return Optional.ofNullable(notes.get(file));
    }

    /** The rows never asked for, each with the table's name. */
    List<String> unused() {
        return unused.stream().map(file -> name + " names " + file).toList();
    }
}
