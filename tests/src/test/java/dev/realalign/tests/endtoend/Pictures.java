package dev.realalign.tests.endtoend;

import dev.realalign.app.feed.CameraTiles;
import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.feed.SourceImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Real pictures for tests, from the class path alone. */
final class Pictures {
    /** Side of a tile in pixels: the resolution of the bundled model. */
    static final int SIDE = 32;

    private Pictures() {}

    /** Writes this many tiles of camera photographs as PNG files, named in their order. */
    static List<Path> tiles(Path folder, int count) throws IOException {
        Files.createDirectories(folder);
        List<Path> files = new ArrayList<>();
        try (ImageSource tiles = new CameraTiles(SIDE, "")) {
            for (Iterator<SourceImage> all = tiles.iterator(); all.hasNext() && files.size() < count; ) {
                Path file = folder.resolve("tile-%05d.png".formatted(files.size()));
                try (InputStream in = all.next().content().open()) {
                    Files.write(file, in.readAllBytes());
                }
                files.add(file);
            }
        }
        return files;
    }
}
