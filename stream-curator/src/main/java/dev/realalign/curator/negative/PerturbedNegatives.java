package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;
import java.util.Optional;

/**
 * Draws the kind of a picture's negative, and makes perturbed negatives that a trainer can tell from their real picture: where a perturbation changes too little it is
 * repeated more strongly, then another kind is tried.
 */
public final class PerturbedNegatives {

    private static final double WEAKEST_START = 0.3;
    private static final double STRONGEST_START = 0.7;
    private static final double STEP = 0.1;

    /** Share of the picture's side that a region spans. */
    private static final double SMALLEST_REGION = 0.40;

    private static final double LARGEST_REGION = 0.65;
    private static final int REGIONS_COMPARED = 8;
    /** Share of a region's shorter side over which the change fades in, so that no frame shows. */
    private static final double FEATHER = 0.08;

    /** Streams under a seed: one for the order of kinds, one for each kind. */
    private static final int ORDER_STREAM = 0;

    private static final int FIRST_KIND_STREAM = 1;
    private static final int GENERATED_STREAM = 1_000;

    private final NegativeMix mix;
    private final double leastRmsDifference;
    private final long runSeed;

    /**
     * A recipe for negatives.
     *
     * @param mix how often each kind is drawn
     * @param leastRmsDifference a pair closer than this, in 8-bit levels, is not made
     * @param runSeed mixed into every image's seed
     */
    public PerturbedNegatives(NegativeMix mix, double leastRmsDifference, long runSeed) {
        this.mix = mix;
        this.leastRmsDifference = leastRmsDifference;
        this.runSeed = runSeed;
    }

    /** Seed of everything random about an image's negative. */
    public long seed(String imageId) {
        return SplitMix64.seedOf(imageId, runSeed);
    }

    /** The generated kind that was drawn for an image: a function of the settings and the id; empty for a perturbation. */
    public Optional<NegativeKind> generatedKind(String imageId) {
        return mix.generated(SplitMix64.stream(seed(imageId), GENERATED_STREAM));
    }

    /**
     * The perturbed negative of a picture: a function of the settings, the id and the pixels.
     *
     * @param imageId id of the image, which seeds every draw
     * @param real the real half at training resolution
     * @return empty if no kind at full strength changes the picture enough
     */
    public Optional<Negative> of(String imageId, RgbImage real) {
        long seed = seed(imageId);
        SplitMix64 order = SplitMix64.stream(seed, ORDER_STREAM);
        for (NegativeKind kind : mix.order(order)) {
            Optional<Negative> negative = strongEnough(kind, real, seed);
            if (negative.isPresent()) {
                return negative;
            }
        }
        return Optional.empty();
    }

    private Optional<Negative> strongEnough(NegativeKind kind, RgbImage real, long seed) {
        double start = kindStream(kind, seed).between(WEAKEST_START, STRONGEST_START);
        for (int step = 0; ; step++) {
            double strength = Math.min(1, start + step * STEP);
            Negative negative = make(kind, real, strength, seed);
            if (negative.rmsDifference() >= leastRmsDifference) {
                return Optional.of(negative);
            }
            if (strength == 1) {
                return Optional.empty();
            }
        }
    }

    private static SplitMix64 kindStream(NegativeKind kind, long seed) {
        return SplitMix64.stream(seed, FIRST_KIND_STREAM + kind.ordinal());
    }

    /** One perturbation of a given kind and strength: for tests and for pictures of the kinds. */
    static Negative make(NegativeKind kind, RgbImage real, double strength, long seed) {
        SplitMix64 random = kindStream(kind, seed);
        random.nextDouble(); // the start strength, drawn by strongEnough
        PixelRegion region = kind.isLocal()
                ? mostTexturedOfSeveral(real, random)
                : new PixelRegion(0, 0, real.width(), real.height());
        RgbImage patch = kind.perturbation().apply(real, region, strength, random);
        RgbImage image = kind.isLocal() ? paste(real, patch, region) : patch;
        return new Negative(
                image,
                kind,
                strength,
                seed,
                kind.isLocal() ? Optional.of(region) : Optional.empty(),
                real.rmsDifference(image));
    }

    /**
     * A region of sky changes nothing when it slips or blurs: of several regions the one with the most contrast is
     * taken.
     */
    private static PixelRegion mostTexturedOfSeveral(RgbImage real, SplitMix64 random) {
        int width = side(real.width(), random);
        int height = side(real.height(), random);
        PixelRegion best = new PixelRegion(0, 0, width, height);
        double bestVariance = -1;
        for (int i = 0; i < REGIONS_COMPARED; i++) {
            PixelRegion region = new PixelRegion(
                    random.nextInt(real.width() - width + 1),
                    random.nextInt(real.height() - height + 1),
                    width,
                    height);
            double variance = greenVariance(real, region);
            if (variance > bestVariance) {
                best = region;
                bestVariance = variance;
            }
        }
        return best;
    }

    private static int side(int pictureSide, SplitMix64 random) {
        return Math.max(1, (int) Math.round(pictureSide * random.between(SMALLEST_REGION, LARGEST_REGION)));
    }

    private static double greenVariance(RgbImage image, PixelRegion region) {
        long sum = 0;
        long squares = 0;
        for (int y = region.y(); y < region.y() + region.height(); y++) {
            int at = image.index(region.x(), y) + 1;
            for (int x = 0; x < region.width(); x++) {
                int green = image.rgb()[at] & 0xFF;
                sum += green;
                squares += (long) green * green;
                at += RgbImage.CHANNELS;
            }
        }
        double count = (double) region.width() * region.height();
        return squares / count - (sum / count) * (sum / count);
    }

    /** Lays a patch over its region, fading in from the region's rim; outside the region not one byte changes. */
    private static RgbImage paste(RgbImage real, RgbImage patch, PixelRegion region) {
        RgbImage pasted = real.copy();
        double feather = Math.max(1, FEATHER * Math.min(region.width(), region.height()));
        for (int y = 0; y < region.height(); y++) {
            for (int x = 0; x < region.width(); x++) {
                int toRim = Math.min(Math.min(x, region.width() - 1 - x), Math.min(y, region.height() - 1 - y));
                double share = Math.min(1, (toRim + 0.5) / feather);
                int to = pasted.index(region.x() + x, region.y() + y);
                int from = patch.index(x, y);
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    int before = real.rgb()[to + c] & 0xFF;
                    int after = patch.rgb()[from + c] & 0xFF;
                    pasted.rgb()[to + c] = Pixels.level(before + (after - before) * share);
                }
            }
        }
        return pasted;
    }
}
