package dev.realalign.app.evaluate;

import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.feed.SourceImage;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.curator.image.DamagedImageException;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.image.TrainingPicture;
import dev.realalign.curator.negative.NegativeKind;
import dev.realalign.curator.negative.PerturbedNegatives;
import dev.realalign.curator.pair.PairSettings;
import dev.realalign.evaluation.EvaluationImage;
import dev.realalign.schemas.ImageId;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pictures of a source as the curator would cut them, in an order drawn from a seed, so that the first hundred are not all
 * from the first folder. The gates are not asked: what is measured is what the user names. Not for several threads.
 */
public final class PictureReader {
    private static final Logger log = LoggerFactory.getLogger(PictureReader.class);

    private final PairSettings settings;
    private final TrainingPicture pictures;
    private final String defaultCaption;
    private final Set<String> ids = new HashSet<>();
    private long refused;
    private long unreadable;
    private long tooSmall;
    private long repeated;

    /** A picture with its caption, not yet perturbed. */
    public record Read(String id, String caption, RgbImage picture) {}

    /**
     * A reader that has read nothing.
     *
     * @param resolution width and height of the pictures, in pixels
     * @param defaultCaption caption of pictures that have none
     */
    public PictureReader(int resolution, String defaultCaption) {
        this.settings = CuratorConfig.pairSettings(Map.of(CuratorConfig.RESOLUTION_PX, Integer.toString(resolution)));
        this.pictures = new TrainingPicture(settings.resolution(), settings.background());
        this.defaultCaption = defaultCaption;
    }

    /** All pictures of a source, not yet read, in an order that is a function of the seed and their number. */
    public static List<SourceImage> shuffled(ImageSource source, long seed) {
        List<SourceImage> images = new ArrayList<>();
        source.iterator().forEachRemaining(images::add);
        Collections.shuffle(images, new Random(seed));
        return images;
    }

    /**
     * Reads one picture.
     *
     * @param wanted whether a picture of this id may be used
     * @return empty if it cannot be used: it is damaged, smaller than the resolution, was read before or is not wanted
     */
    public Optional<Read> read(SourceImage image, Predicate<String> wanted) {
        try {
            byte[] original;
            try (InputStream in = image.content().open()) {
                original = in.readNBytes(largestFile());
                if (original.length == largestFile() && in.read() >= 0) {
                    return unreadable(image, "it is larger than " + largestFile() + " bytes");
                }
            }
            String id = ImageId.of(original).hex();
            if (ids.contains(id)) {
                repeated++;
                return Optional.empty();
            }
            if (!wanted.test(id)) {
                refused++;
                return Optional.empty();
            }
            Optional<ImageType> type = ImageType.detect(original);
            if (type.isEmpty()) {
                return unreadable(image, "its bytes are of no known picture type");
            }
            ImageContainer container = ImageContainer.read(original, type.get());
            if ((long) container.width() * container.height()
                    > settings.limits().maxPixels()) {
                return unreadable(image, "it has more than " + settings.limits().maxPixels() + " pixels");
            }
            if (Math.min(container.width(), container.height()) < settings.resolution()) {
                tooSmall++;
                return Optional.empty();
            }
            String caption = image.note().open().caption();
            RgbImage picture = pictures.of(container);
            ids.add(id);
            return Optional.of(new Read(id, caption.isEmpty() ? defaultCaption : caption, picture));
        } catch (DamagedImageException e) {
            return unreadable(image, String.valueOf(e.getMessage()));
        } catch (IOException | UncheckedIOException | SecurityException | IllegalArgumentException e) {
            return unreadable(image, String.valueOf(e.getMessage()));
        }
    }

    private int largestFile() {
        return (int) Math.min(settings.limits().maxBytes(), Integer.MAX_VALUE - 8);
    }

    private Optional<Read> unreadable(SourceImage image, String cause) {
        log.info("{} cannot be read: {}", image.name(), cause);
        unreadable++;
        return Optional.empty();
    }

    /** The picture with a perturbed negative of every kind that changes it enough. */
    public EvaluationImage withNegatives(Read read) {
        SortedMap<String, BufferedImage> negatives = new TreeMap<>();
        for (NegativeKind kind : NegativeKind.values()) {
            if (!kind.isGenerated()) {
                PerturbedNegatives.ofKind(
                                kind, read.id(), read.picture(), settings.leastRmsDifference(), settings.seed())
                        .ifPresent(negative -> negatives.put(kind.name(), image(negative.image())));
            }
        }
        return new EvaluationImage(read.id(), read.caption(), image(read.picture()), negatives);
    }

    /** The same pixels in Java's own form. */
    public static BufferedImage image(RgbImage picture) {
        BufferedImage image = new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < picture.width(); x++) {
                int at = picture.index(x, y);
                byte[] rgb = picture.rgb();
                image.setRGB(x, y, (rgb[at] & 0xFF) << 16 | (rgb[at + 1] & 0xFF) << 8 | (rgb[at + 2] & 0xFF));
            }
        }
        return image;
    }

    /** Why pictures were passed over, in words; empty if none was. */
    public Optional<String> passedOver() {
        List<String> reasons = new ArrayList<>();
        add(reasons, unreadable, "unreadable");
        add(reasons, tooSmall, "smaller than " + settings.resolution() + " pixels");
        add(reasons, repeated, "the same bytes again");
        add(reasons, refused, "seen by the features in their training");
        return reasons.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", reasons));
    }

    private static void add(List<String> reasons, long count, String reason) {
        if (count > 0) {
            reasons.add(count + " " + reason);
        }
    }
}
