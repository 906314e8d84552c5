package dev.realalign.app.feed;

import dev.realalign.runtime.UserErrorException;
import java.io.Closeable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/**
 * Pictures in a fixed order. Nothing is read before it is asked for, so a source of any size needs little memory.
 */
public interface ImageSource extends Closeable {
    /** How many pictures {@link #iterator()} gives. */
    long count();

    /** A fresh walk over all pictures, in the same order each time. */
    Iterator<SourceImage> iterator();

    /** Rows of caption files that name no picture of this source, known once a walk has ended; a sign of a misspelt caption file. */
    List<String> unusedCaptions();

    /**
     * The source a user names by its path.
     *
     * @param path a folder, an archive ({@code .zip}, {@code .jar}) or a list ({@code .csv} of path,caption)
     * @throws UserErrorException when nothing readable of these kinds lies there
     */
    static ImageSource of(Path path) {
        if (Files.isDirectory(path)) {
            return new FolderSource(path);
        }
        if (!Files.exists(path)) {
            throw UserErrorException.usage(
                    "There is no folder, zip or CSV file at " + path + ": check the path of the images.");
        }
        if (!Files.isReadable(path)) {
            throw UserErrorException.usage("The file " + path + " cannot be read: grant read permission.");
        }
        String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
        if (name.endsWith(".csv")) {
            return new ListSource(path);
        }
        if (name.endsWith(".zip") || name.endsWith(".jar")) {
            return new ArchiveSource(path);
        }
        throw UserErrorException.usage("Images come from a folder, a .zip or a .csv of path,caption, and " + path
                + " is none of them: name its folder instead.");
    }
}
