package dev.realalign.app.feed;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** Files in a file, each readable by its name in any order. */
interface Archive extends Closeable {
    /** Names of all files, sorted. */
    List<String> names();

    /**
     * The content of a file.
     *
     * @throws IOException when there is none of that name, or it cannot be read
     */
    InputStream open(String name) throws IOException;
}
