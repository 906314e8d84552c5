package dev.realalign.app.feed;

import dev.realalign.runtime.UserErrorException;
import java.io.Closeable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/**
 * Pictures in a fixed order. Nothing is read before it is asked for, so a source of any size needs little memory.
 */
public interface ImageSource extends Closeable {
    /** A source without pictures. */
    ImageSource NONE = new ImageSource() {
        @Override
        public long count() {
            return 0;
        }

        @Override
        public Iterator<SourceImage> iterator() {
            return Collections.emptyIterator();
        }

        @Override
        public List<String> unusedCaptions() {
            return List.of();
        }

        @Override
        public void close() {}
    };

    /** How many pictures {@link #iterator()} gives. */
    long count();

    /** A fresh walk over all pictures, in the same order each time. */
    Iterator<SourceImage> iterator();

    /** Rows of caption files that name no picture of this source, known once a walk has ended; a sign of a misspelt caption file. */
    List<String> unusedCaptions();

    /**
     * The source a user names by its path.
     *
     * @param path a folder, an archive ({@code .zip}, {@code .jar}, {@code .tar}) or a list ({@code .csv} or {@code .jsonl} of paths with
     *     captions)
     * @throws UserErrorException when nothing readable of these kinds lies there
     */
    static ImageSource of(Path path) {
        if (Files.isDirectory(path)) {
            return new FolderSource(path);
        }
        if (!Files.exists(path)) {
            throw UserErrorException.usage(
                    "There is no folder, archive or list at " + path + ": check the path of the images.");
        }
        if (!Files.isReadable(path)) {
            throw UserErrorException.usage("The file " + path + " cannot be read: grant read permission.");
        }
        String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
        if (name.endsWith(".csv")) {
            return new ListSource(path, false);
        }
        if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
            return new ListSource(path, true);
        }
        if (name.endsWith(".zip") || name.endsWith(".jar")) {
            return new ArchiveSource(path, () -> new ZipArchive(path));
        }
        if (name.endsWith(".tar")) {
            return new ArchiveSource(path, () -> new TarArchive(path));
        }
        if (name.endsWith(".tar.gz") || name.endsWith(".tgz") || name.endsWith(".tar.zst")) {
            throw UserErrorException.usage("The archive " + path
                    + " is packed as a whole: unpack it to a .tar first, pictures hardly shrink.");
        }
        throw UserErrorException.usage(
                "Images come from a folder, a .zip, a .tar, or a .csv or .jsonl of paths with captions, and " + path
                        + " is none of them: name its folder instead.");
    }
}
