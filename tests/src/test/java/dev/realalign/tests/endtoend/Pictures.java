package dev.realalign.tests.endtoend;

import dev.realalign.app.feed.CameraTiles;
import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.feed.SourceImage;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

/** Real pictures for tests, from the class path alone. */
public final class Pictures {
    /** Side of a tile in pixels: the resolution of the bundled model. */
    public static final int SIDE = 32;

    private static final String A_RESOURCE = "/data/images/jpg/3/img_F028c_small.jpg";
    private static final long LARGEST = 200_000;

    private Pictures() {}

    /** Writes this many tiles of camera photographs as PNG files, named in their order. */
    public static List<Path> tiles(Path folder, int count) throws IOException {
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

    /**
     * Writes every file of the picture folders inside the Apache Commons Imaging test jar that is small enough to be fed quickly: pictures of many types,
     * and many that are damaged on purpose.
     *
     * @return how many files there are
     */
    static int malformed(Path folder) throws IOException {
        URL photograph = Pictures.class.getResource(A_RESOURCE);
        if (photograph == null) {
            throw new IOException("the test pictures are not on the class path");
        }
        int count = 0;
        try (FileSystem jar = FileSystems.newFileSystem(Path.of(jarOf(photograph)));
                Stream<Path> entries = Files.walk(jar.getPath("/"))) {
            for (Path entry : entries.filter(Files::isRegularFile).sorted().toList()) {
                if (entry.toString().contains("images/") && Files.size(entry) < LARGEST) {
                    Path file = folder.resolve("%04d-%s".formatted(count++, entry.getFileName()));
                    Files.createDirectories(folder);
                    Files.copy(entry, file);
                }
            }
        }
        return count;
    }

    private static String jarOf(URL resource) throws IOException {
        return Path.of(URI.create(
                        resource.getPath().substring(0, resource.getPath().indexOf("!/"))))
                .toString();
    }
}
