package dev.realalign.app.evaluate;

import dev.realalign.app.console.Terminal;
import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.feed.SourceImage;
import dev.realalign.evaluation.features.FeatureTraining;
import dev.realalign.evaluation.features.LabelledPhoto;
import dev.realalign.evaluation.features.PhotoClassifier;
import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Trains the features that distances are taken of, on photographs whose captions are their labels. */
public final class FeatureTrainingRun {
    private FeatureTrainingRun() {}

    /**
     * Trains and writes {@code model.safetensors} and {@code trained-on.txt}.
     *
     * @param photographs a source whose captions are labels
     * @param folder where the weights go; made where it is missing
     * @throws UserErrorException when there are too few photographs, or the folder cannot be written
     */
    public static void run(Path photographs, FeatureTraining training, Path folder, Terminal terminal) {
        List<LabelledPhoto> photos = new ArrayList<>();
        PictureReader reader = new PictureReader(PhotoClassifier.SIDE, "");
        try (ImageSource source = ImageSource.of(photographs)) {
            for (Iterator<SourceImage> images = source.iterator(); images.hasNext(); ) {
                reader.read(images.next(), id -> true)
                        .filter(read -> !read.caption().isEmpty())
                        .ifPresent(read -> photos.add(
                                new LabelledPhoto(read.id(), read.caption(), PictureReader.image(read.picture()))));
            }
            reader.passedOver().ifPresent(reasons -> terminal.line("passed over: " + reasons));
            Files.createDirectories(folder);
            FeatureTraining.Outcome outcome = training.run(photos, folder, terminal::line);
            terminal.line("trained on " + outcome.trained() + " photographs; class found in "
                    + Math.round(1000 * outcome.accuracy()) / 10.0 + " % of " + outcome.heldOut() + " others; wrote "
                    + folder);
        } catch (IllegalArgumentException e) {
            throw UserErrorException.usage(
                    "The " + e.getMessage() + ": name photographs with captions, such as \"a photo"
                            + " of a dog\" for all dogs, in " + photographs + ".");
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The features cannot be written to " + folder + " (" + e.getMessage()
                            + "): choose another place with --out.",
                    e);
        }
    }
}
