package dev.realalign.curator.pair;

import dev.realalign.curator.gate.ColourMeasure;
import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.gate.GateModes;
import dev.realalign.curator.gate.Gates;
import dev.realalign.curator.gate.Measure;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.gate.Rejection;
import dev.realalign.curator.gate.Rights;
import dev.realalign.curator.gate.RunningMean;
import dev.realalign.curator.image.DamagedImageException;
import dev.realalign.curator.image.EncodedPicture;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.image.TrainingPicture;
import dev.realalign.curator.negative.GeneratedCheck;
import dev.realalign.curator.negative.Negative;
import dev.realalign.curator.negative.NegativeMixes;
import dev.realalign.curator.negative.PerturbedNegatives;
import java.util.Optional;

/**
 * Judges pictures and makes their pairs. What comes of a picture is a function of settings, id, source, bytes and the
 * running mean. Not for use by several threads.
 */
public final class PairMaker {

    private final GateModes modes;
    private final Gates gates;
    private final TrainingPicture pictures;
    private final NegativeMixes mixes;
    private final double leastRmsDifference;
    private final long seed;
    private final GeneratedCheck check;

    /** A maker with these settings. */
    public PairMaker(PairSettings settings) {
        this.modes = settings.modes();
        this.gates = new Gates(settings.limits(), settings.policy());
        this.pictures = new TrainingPicture(settings.resolution(), settings.background());
        this.mixes = settings.mixes();
        this.leastRmsDifference = settings.leastRmsDifference();
        this.seed = settings.seed();
        this.check = new GeneratedCheck(leastRmsDifference);
    }

    /** What is found about a record, before anything is. */
    public Findings nothingFound() {
        return new Findings(modes);
    }

    /** The running mean of colourfulness before the first picture. */
    public RunningMean startOfColourfulness() {
        return gates.start();
    }

    /** The running mean behind a picture whose colourfulness was measured. */
    public RunningMean after(ColourMeasure measure) {
        return gates.after(measure);
    }

    /** The rule of the gate of colourfulness, in words. */
    public String colourfulnessRule() {
        return gates.colourfulnessRule();
    }

    /** Judges what a record says about the rights in its picture, before its bytes are fetched. */
    public Optional<Rejection> judgeRights(Rights rights, Findings findings) {
        return gates.judgeRights(rights, findings);
    }

    /**
     * Judges the size of a file, before its bytes are fetched.
     *
     * @param bytes size of the file in bytes
     * @param findings told of it
     */
    public Optional<Rejection> judgeSize(long bytes, Findings findings) {
        findings.measured(Measure.BYTES, bytes);
        return gates.judgeSize(bytes);
    }

    /**
     * Judges a picture by itself.
     *
     * @param original bytes of the file
     * @param colourfulness running mean of the pictures before it
     * @param findings told of everything that is found
     */
    public Sight look(byte[] original, RunningMean colourfulness, Findings findings) {
        Optional<Rejection> size = judgeSize(original.length, findings);
        if (size.isPresent()) {
            return new Sight.Rejected(size.get());
        }
        return ImageType.detect(original)
                .map(type -> look(original, type, colourfulness, findings))
                .orElseGet(() -> new Sight.Rejected(Gates.unknownType(original)));
    }

    private Sight look(byte[] original, ImageType type, RunningMean colourfulness, Findings findings) {
        try {
            ImageContainer container = ImageContainer.read(original, type);
            Optional<Rejection> structure = gates.judgeStructure(container, findings);
            if (structure.isPresent()) {
                return new Sight.Rejected(structure.get());
            }
            RgbImage real = pictures.of(container);
            return gates.judgePixels(real, colourfulness, findings)
                    .<Sight>map(Sight.Rejected::new)
                    .orElseGet(() -> new Sight.Passed(real));
        } catch (DamagedImageException e) {
            return new Sight.Rejected(Gates.damaged(type, e.damage()));
        }
    }

    /** Measures a pair, whoever made its negative, for the pair filter and for those who judge it again. */
    public static void measurePair(RgbImage real, RgbImage negative, double rmsDifference, Findings findings) {
        findings.measured(Measure.RMS_DIFFERENCE, rmsDifference);
        if (PairFilter.isAsked(findings)) {
            findings.measured(Measure.PERCEPTUAL_DISTANCE, PerceptualDistance.of(real, negative));
        }
    }

    /** The kinds of a picture's negatives, by its source. */
    public PerturbedNegatives negatives(String source) {
        return new PerturbedNegatives(mixes.of(source), leastRmsDifference, seed);
    }

    /**
     * Pairs a picture with a perturbed negative.
     *
     * @param imageId id of the image, which seeds the negative
     * @param source its source, which may have a mix of its own
     */
    public Verdict perturb(String imageId, String source, EncodedPicture real) {
        Optional<Negative> negative = negatives(source).of(imageId, real.image());
        if (negative.isEmpty()) {
            return new Verdict.Rejected(new Rejection(
                    Reason.NEGATIVE_TOO_CLOSE,
                    "no kind of negative at full strength differs from the picture by an RMS of " + leastRmsDifference
                            + " of 255 levels"));
        }
        return new Verdict.Accepted(real.encode(negative.get().image()), negative.get());
    }

    /**
     * Looks at a generated negative.
     *
     * @param negative PNG, if there is one
     * @param mask grey PNG, white where the picture was repainted; empty where all of it may have been
     */
    public GeneratedCheck.Finding check(RgbImage real, Optional<byte[]> negative, Optional<byte[]> mask) {
        return check.check(real, negative, mask);
    }
}
