package dev.realalign.curator.negative;

import dev.realalign.curator.image.DamagedImageException;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.image.TrainingPicture;
import java.util.Optional;

/**
 * Looks at what a generator sent before a model may learn from it: a PNG of the real picture's size, different enough
 * from it, and equal to it wherever the mask says that nothing was repainted. Not for use by several threads.
 */
public final class GeneratedCheck {
    private static final int BLACK = 0;

    private final double leastRmsDifference;

    /** What was found. */
    public sealed interface Finding {

        /**
         * It can be learned from.
         *
         * @param image the negative
         * @param rmsDifference root mean square difference from the real picture, in 8-bit levels
         */
        record Good(RgbImage image, double rmsDifference) implements Finding {}

        /**
         * It cannot.
         *
         * @param flaw why
         */
        record Bad(Flaw flaw) implements Finding {}
    }

    /** What is wrong with a generated negative. The names are part of the records. */
    public enum Flaw {
        /** It is of another kind than was asked for. */
        OTHER_KIND,
        /** There is none. */
        NO_NEGATIVE,
        /** It is no PNG, or a damaged one. */
        NEGATIVE_UNREADABLE,
        /** It is not as large as the real picture. */
        NEGATIVE_OF_OTHER_SIZE,
        /** The mask is no PNG, a damaged one, or not as large as the picture. */
        MASK_UNREADABLE,
        /** It differs from the real picture where the mask is black. */
        CHANGED_OUTSIDE_MASK,
        /** It hardly differs from the real picture. */
        NEGATIVE_TOO_CLOSE
    }

    /**
     * A check.
     *
     * @param leastRmsDifference a pair closer than this, in 8-bit levels, is refused
     */
    public GeneratedCheck(double leastRmsDifference) {
        this.leastRmsDifference = leastRmsDifference;
    }

    /**
     * Looks at a generated negative.
     *
     * @param negative PNG, if there is one
     * @param mask grey PNG, white where the picture was repainted; empty where all of it may have been
     */
    public Finding check(RgbImage real, Optional<byte[]> negative, Optional<byte[]> mask) {
        if (negative.isEmpty()) {
            return new Finding.Bad(Flaw.NO_NEGATIVE);
        }
        Optional<ImageContainer> container = png(negative.get());
        if (container.isPresent() && !isAsLarge(container.get(), real)) {
            return new Finding.Bad(Flaw.NEGATIVE_OF_OTHER_SIZE);
        }
        Optional<RgbImage> pixels = container.flatMap(GeneratedCheck::pixels);
        if (pixels.isEmpty()) {
            return new Finding.Bad(Flaw.NEGATIVE_UNREADABLE);
        }
        RgbImage image = pixels.get();
        if (mask.isPresent()) {
            Optional<RgbImage> repainted =
                    png(mask.get()).filter(found -> isAsLarge(found, real)).flatMap(GeneratedCheck::pixels);
            if (repainted.isEmpty()) {
                return new Finding.Bad(Flaw.MASK_UNREADABLE);
            }
            if (differsOutside(repainted.get(), real, image)) {
                return new Finding.Bad(Flaw.CHANGED_OUTSIDE_MASK);
            }
        }
        double rmsDifference = real.rmsDifference(image);
        return rmsDifference < leastRmsDifference
                ? new Finding.Bad(Flaw.NEGATIVE_TOO_CLOSE)
                : new Finding.Good(image, rmsDifference);
    }

    /** Read as PNG whatever its first bytes say: anything else is damage. */
    private static Optional<ImageContainer> png(byte[] file) {
        try {
            return Optional.of(ImageContainer.read(file, ImageType.PNG))
                    .filter(container -> container.damage().isEmpty());
        } catch (DamagedImageException e) {
            return Optional.empty();
        }
    }

    private static boolean isAsLarge(ImageContainer container, RgbImage real) {
        return container.width() == real.width() && container.height() == real.height();
    }

    private static Optional<RgbImage> pixels(ImageContainer container) {
        try {
            return Optional.of(new TrainingPicture(container.height(), 0).of(container));
        } catch (DamagedImageException e) {
            return Optional.empty();
        }
    }

    private static boolean differsOutside(RgbImage mask, RgbImage real, RgbImage negative) {
        for (int i = 0; i < mask.rgb().length; i++) {
            if ((mask.rgb()[i] & 0xFF) == BLACK && real.rgb()[i] != negative.rgb()[i]) {
                return true;
            }
        }
        return false;
    }
}
