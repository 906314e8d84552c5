package dev.realalign.app.feed;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** A zip file. */
final class ZipArchive implements Archive {
    private final ZipFile zip;

    ZipArchive(Path path) throws IOException {
        zip = new ZipFile(path.toFile());
    }

    @Override
    public List<String> names() {
        return zip.stream()
                .filter(entry -> !entry.isDirectory())
                .map(ZipEntry::getName)
                .sorted()
                .toList();
    }

    @Override
    public InputStream open(String name) throws IOException {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new IOException("the archive has no entry " + name);
        }
        return zip.getInputStream(entry);
    }

    @Override
    public void close() throws IOException {
        zip.close();
    }
}
