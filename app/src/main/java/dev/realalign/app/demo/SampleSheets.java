package dev.realalign.app.demo;

import dev.realalign.app.sample.Painter;
import dev.realalign.app.sample.Sheet;
import dev.realalign.diffusion.pipeline.SamplingRequest;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The same prompts and seeds drawn by the base model and by a version of it. */
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

    private static final int ROWS = 2;
    private static final int STEPS = 25;
    private static final double GUIDANCE = 2.5;

    private SampleSheets() {}

    /**
     * Draws {@code before.png}, {@code after.png} and both on one sheet, {@code before-after.png}: a column for each prompt, a row for each seed.
     *
     * @param version folder of the version
     * @param folder where the sheets go
     * @return the files written
     */
    static List<Path> draw(Painter painter, Path version, List<String> prompts, Path folder) throws IOException {
        SamplingRequest request = request(prompts);
        painter.takeOff();
        List<BufferedImage> before = painter.paint(request);
        painter.wear(version);
        List<BufferedImage> after = painter.paint(request);
        List<BufferedImage> both = new ArrayList<>(before);
        both.addAll(after);
        List<Path> files =
                List.of(folder.resolve("before.png"), folder.resolve("after.png"), folder.resolve("before-after.png"));
        Sheet.write(Sheet.of(before, prompts.size()), files.get(0));
        Sheet.write(Sheet.of(after, prompts.size()), files.get(1));
        Sheet.write(Sheet.of(both, prompts.size()), files.get(2));
        return files;
    }

    private static SamplingRequest request(List<String> prompts) {
        List<String> cells = new ArrayList<>();
        List<Long> seeds = new ArrayList<>();
        for (long row = 0; row < ROWS; row++) {
            cells.addAll(prompts);
            seeds.addAll(Collections.nCopies(prompts.size(), row));
        }
        return SamplingRequest.of(cells)
                .withSeeds(seeds)
                .withSteps(STEPS)
                .withGuidance(GUIDANCE)
                .withBatch(cells.size());
    }
}
