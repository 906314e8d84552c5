package dev.realalign.curator.gate;

import dev.realalign.curator.image.Damage;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * The gates in their order. A picture is judged by each only when all cheaper ones let it pass; the first no decides.
 */
public final class Gates {

    /** A progressive photograph has about ten scans; every further one costs a whole walk over the picture. */
    private static final int MAX_SCANS = 100;

    private final GateLimits limits;
    private final List<Function<ImageContainer, Optional<Rejection>>> structure =
            List.of(this::pixelBomb, this::tooSmall, this::aspectRatio, this::damaged);

    /** Gates with these limits. */
    public Gates(GateLimits limits) {
        this.limits = limits;
    }

    /**
     * Judges the size of a file, before its bytes are fetched.
     *
     * @param bytes size of the file in bytes
     */
    public Optional<Rejection> judgeSize(long bytes) {
        if (bytes == 0) {
            return reject(Reason.EMPTY, "the picture has 0 bytes");
        }
        return bytes > limits.maxBytes()
                ? reject(
                        Reason.TOO_MANY_BYTES,
                        "the picture has " + bytes + " bytes, at most " + limits.maxBytes() + " are allowed")
                : Optional.empty();
    }

    /** Judges a file whose first bytes announce no type that can be read. */
    public static Rejection unknownType(byte[] file) {
        return new Rejection(
                Reason.UNKNOWN_TYPE,
                "the file " + ImageType.describeUnknown(file) + "; JPEG, PNG, GIF, WebP, BMP and TIFF are accepted");
    }

    /** Judges size and structure of a picture, before its pixels are decoded. */
    public Optional<Rejection> judgeStructure(ImageContainer picture) {
        return structure.stream()
                .map(gate -> gate.apply(picture))
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** The verdict on damage, whether the structure or the decoder showed it. */
    public static Rejection damaged(ImageType type, Damage damage) {
        Reason reason =
                switch (damage.kind()) {
                    case TRUNCATED -> Reason.TRUNCATED;
                    case CORRUPT -> Reason.CORRUPT;
                    case UNSUPPORTED -> Reason.UNKNOWN_TYPE;
                };
        return new Rejection(reason, type + ": " + damage.evidence());
    }

    private Optional<Rejection> pixelBomb(ImageContainer picture) {
        if (picture.pixels() > limits.maxPixels()) {
            return reject(
                    Reason.PIXEL_BOMB,
                    size(picture) + " are " + picture.pixels() + " pixels, at most " + limits.maxPixels()
                            + " are decoded");
        }
        return picture.scans() > MAX_SCANS
                ? reject(
                        Reason.PIXEL_BOMB,
                        "the picture comes in " + picture.scans() + " scans, at most " + MAX_SCANS + " are decoded")
                : Optional.empty();
    }

    private Optional<Rejection> tooSmall(ImageContainer picture) {
        return Math.min(picture.width(), picture.height()) < limits.minSide()
                ? reject(
                        Reason.TOO_SMALL,
                        size(picture) + ": the shorter side must have at least " + limits.minSide() + " pixels")
                : Optional.empty();
    }

    private Optional<Rejection> aspectRatio(ImageContainer picture) {
        double ratio =
                (double) Math.max(picture.width(), picture.height()) / Math.min(picture.width(), picture.height());
        return ratio > limits.maxAspectRatio()
                ? reject(
                        Reason.ASPECT_RATIO,
                        String.format(
                                Locale.ROOT,
                                "%s: one side is %.2f times the other, at most %s times is allowed",
                                size(picture),
                                ratio,
                                limits.maxAspectRatio()))
                : Optional.empty();
    }

    private Optional<Rejection> damaged(ImageContainer picture) {
        return picture.damage().map(damage -> damaged(picture.type(), damage));
    }

    private static String size(ImageContainer picture) {
        return picture.width() + "x" + picture.height() + " pixels";
    }

    private static Optional<Rejection> reject(Reason reason, String evidence) {
        return Optional.of(new Rejection(reason, evidence));
    }
}
