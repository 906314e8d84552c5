package dev.realalign.subscriber;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Version folders on a file system that publisher and subscriber share, by {@code file:} URIs. */
public final class FileArtifactSource implements ArtifactSource {
    @Override
    public InputStream open(URI folder, String name) throws IOException {
        if (!"file".equals(folder.getScheme())) {
            throw new IOException("this subscriber reads file: locations only, not " + folder);
        }
        Path file;
        try {
            file = Path.of(folder).resolve(name);
        } catch (IllegalArgumentException e) {
            throw new IOException("not a usable location: " + folder, e);
        }
        try {
            return Files.newInputStream(file);
        } catch (NoSuchFileException e) {
            throw (IOException) new NoSuchFileException(file.toString(), null, "no such file").initCause(e);
        }
    }
}
