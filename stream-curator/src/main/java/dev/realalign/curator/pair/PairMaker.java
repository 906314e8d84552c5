package dev.realalign.curator.pair;

import dev.realalign.curator.gate.Gates;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.gate.Rejection;
import dev.realalign.curator.image.DamagedImageException;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.PngEncoder;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.image.TrainingPicture;
import dev.realalign.curator.negative.Negative;
import dev.realalign.curator.negative.PerturbedNegatives;
import java.util.Optional;

/**
 * Judges pictures and makes their pairs. The verdict is a function of settings, id and bytes. Not for several threads.
 */
public final class PairMaker {

    private final Gates gates;
    private final TrainingPicture pictures;
    private final PerturbedNegatives negatives;
    private final double leastRmsDifference;

    /** A maker with these settings. */
    public PairMaker(PairSettings settings) {
        this.gates = new Gates(settings.limits());
        this.pictures = new TrainingPicture(settings.resolution(), settings.background());
        this.negatives = new PerturbedNegatives(settings.mix(), settings.leastRmsDifference(), settings.seed());
        this.leastRmsDifference = settings.leastRmsDifference();
    }

    /**
     * Judges the size of a file, before its bytes are fetched.
     *
     * @param bytes size of the file in bytes
     */
    public Optional<Rejection> judgeSize(long bytes) {
        return gates.judgeSize(bytes);
    }

    /**
     * The verdict on a picture.
     *
     * @param imageId id of the image, which seeds the negative
     * @param original bytes of the file
     */
    public Verdict judge(String imageId, byte[] original) {
        Optional<Rejection> size = gates.judgeSize(original.length);
        if (size.isPresent()) {
            return new Verdict.Rejected(size.get());
        }
        return ImageType.detect(original)
                .map(type -> judge(imageId, original, type))
                .orElseGet(() -> new Verdict.Rejected(Gates.unknownType(original)));
    }

    private Verdict judge(String imageId, byte[] original, ImageType type) {
        try {
            ImageContainer container = ImageContainer.read(original, type);
            Optional<Rejection> structure = gates.judgeStructure(container);
            if (structure.isPresent()) {
                return new Verdict.Rejected(structure.get());
            }
            return pair(imageId, pictures.of(container));
        } catch (DamagedImageException e) {
            return new Verdict.Rejected(Gates.damaged(type, e.damage()));
        }
    }

    private Verdict pair(String imageId, RgbImage real) {
        Optional<Negative> negative = negatives.of(imageId, real);
        if (negative.isEmpty()) {
            return new Verdict.Rejected(new Rejection(
                    Reason.NEGATIVE_TOO_CLOSE,
                    "no kind of negative at full strength differs from the picture by an RMS of " + leastRmsDifference
                            + " of 255 levels"));
        }
        return new Verdict.Accepted(
                PngEncoder.encode(real), PngEncoder.encode(negative.get().image()), negative.get());
    }
}
