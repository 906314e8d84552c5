package dev.realalign.app.demo;

import dev.realalign.app.sample.Gallery;
import dev.realalign.app.sample.Painter;
import dev.realalign.app.sample.Sheet;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The same prompts and seeds drawn by the base model and by versions of it. */
public final class SampleSheets {
    /** Prompts of the sheets unless the user names others: what the bundled model knows. */
    public static final List<String> PROMPTS = List.of(
            "a photo of an airplane",
            "a photo of an automobile",
            "a photo of a bird",
            "a photo of a cat",
            "a photo of a deer",
            "a photo of a dog",
            "a photo of a horse",
            "a photo of a ship");

    private static final List<Long> SEEDS = List.of(0L, 1L);
    private static final int STEPS = 25;
    private static final double GUIDANCE = 2.5;

    private SampleSheets() {}

    /**
     * Draws a {@link Gallery} of the base model and of versions, and, of the base model and the newest version,
     * {@code before.png}, {@code after.png} and both on one sheet, {@code before-after.png}.
     *
     * @param received where the versions lie
     * @param versions what is drawn, oldest first, at least one: the newest before the others, whose pictures stay where
     *     they are there already
     * @param folder where the pictures go
     * @return the files with before and after
     */
    static List<Path> draw(
            Painter painter, Path received, List<DemoReport.Received> versions, List<String> prompts, Path folder)
            throws IOException {
        Gallery gallery = new Gallery(folder, prompts, SEEDS, STEPS, GUIDANCE);
        DemoReport.Received newest = versions.get(versions.size() - 1);
        painter.takeOff();
        List<BufferedImage> before = painter.paint(gallery.request());
        gallery.keep(Gallery.BASE, painter.digest(), before);
        painter.wear(ReceivedVersions.folder(received, newest.version()));
        List<BufferedImage> after = painter.paint(gallery.request());
        gallery.keep(newest.version(), newest.digest(), after);
        List<BufferedImage> both = new ArrayList<>(before);
        both.addAll(after);
        List<Path> files =
                List.of(folder.resolve("before.png"), folder.resolve("after.png"), folder.resolve("before-after.png"));
        Sheet.write(Sheet.of(before, prompts.size()), files.get(0));
        Sheet.write(Sheet.of(after, prompts.size()), files.get(1));
        Sheet.write(Sheet.of(both, prompts.size()), files.get(2));
        for (DemoReport.Received version : versions) {
            if (!gallery.holds(version.version(), version.digest())) {
                painter.wear(ReceivedVersions.folder(received, version.version()));
                gallery.keep(version.version(), version.digest(), painter.paint(gallery.request()));
            }
        }
        return files;
    }
}
