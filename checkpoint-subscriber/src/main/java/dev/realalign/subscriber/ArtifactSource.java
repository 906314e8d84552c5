package dev.realalign.subscriber;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;

/** Where the files of versions are fetched from. What it returns is never trusted: every byte is hashed. */
public interface ArtifactSource {
    /**
     * Opens a file of a version folder.
     *
     * @param folder location of the version folder, as announced
     * @param name plain file name inside it
     * @throws java.nio.file.NoSuchFileException naming the file, when the source answers and has no such file
     * @throws IOException naming the file, when it is unreachable; the fetch is tried again later in either case
     */
    InputStream open(URI folder, String name) throws IOException;
}
