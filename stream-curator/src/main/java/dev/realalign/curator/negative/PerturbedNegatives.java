package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
            Optional<Negative> negative = strongEnough(kind, real, leastRmsDifference, seed);
            if (negative.isPresent()) {
                return negative;
            }
        }
        return Optional.empty();
    }

    /**
     * The negative of one kind, as {@link #of} makes it where that kind is drawn: for measuring kind by kind.
     *
     * @param imageId id of the image, which seeds every draw
     * @param real the real half at training resolution
     * @param leastRmsDifference a pair closer than this, in 8-bit levels, is not made
     * @param runSeed mixed into the image's seed
     * @return empty if the kind at full strength does not change the picture enough
     */
    public static Optional<Negative> ofKind(
            NegativeKind kind, String imageId, RgbImage real, double leastRmsDifference, long runSeed) {
        return strongEnough(kind, real, leastRmsDifference, SplitMix64.seedOf(imageId, runSeed));
    }

    private static Optional<Negative> strongEnough(
            NegativeKind kind, RgbImage real, double leastRmsDifference, long seed) {
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
        List<PixelRegion> regions = new ArrayList<>();
        for (int i = 0; i < REGIONS_COMPARED; i++) {
            regions.add(new PixelRegion(
                    random.nextInt(real.width() - width + 1),
                    random.nextInt(real.height() - height + 1),
                    width,
                    height));
        }
        return mostTextured(real, regions);
    }

    /** The region with the largest variance of green, the earlier where two are equal. */
    private static PixelRegion mostTextured(RgbImage real, List<PixelRegion> regions) {
        List<GreenSums> sums = regions.stream().map(GreenSums::new).toList();
        int[] greens = new int[real.width()];
        for (int y = 0; y < real.height(); y++) {
            int at = real.index(0, y) + 1;
            for (int x = 0; x < greens.length; x++) {
                greens[x] = real.rgb()[at] & 0xFF;
                at += RgbImage.CHANNELS;
            }
            for (GreenSums region : sums) {
                region.add(y, greens);
            }
        }
        GreenSums best = sums.get(0);
        for (GreenSums region : sums) {
            if (region.variance() > best.variance()) {
                best = region;
            }
        }
        return best.region;
    }

    /** Sums of a region's columns: loops over whole rows of integers run on vectors. */
    private static final class GreenSums {
        private final PixelRegion region;
        private final int[] row;
        private final int[] sums;
        private final int[] squares;

        GreenSums(PixelRegion region) {
            this.region = region;
            this.row = new int[region.width()];
            this.sums = new int[region.width()];
            this.squares = new int[region.width()];
        }

        void add(int y, int[] greens) {
            if (y >= region.y() && y < region.y() + region.height()) {
                System.arraycopy(greens, region.x(), row, 0, row.length);
                add(row, sums);
                addSquares(row, squares);
            }
        }

        private static void add(int[] values, int[] sums) {
            for (int x = 0; x < sums.length; x++) {
                sums[x] += values[x];
            }
        }

        private static void addSquares(int[] values, int[] sums) {
            for (int x = 0; x < sums.length; x++) {
                sums[x] += values[x] * values[x];
            }
        }

        double variance() {
            double count = (double) region.width() * region.height();
            double sum = Arrays.stream(sums).asLongStream().sum();
            return Arrays.stream(squares).asLongStream().sum() / count - (sum / count) * (sum / count);
        }
    }

    private static int side(int pictureSide, SplitMix64 random) {
        return Math.max(1, (int) Math.round(pictureSide * random.between(SMALLEST_REGION, LARGEST_REGION)));
    }

    /** Lays a patch over its region, fading in from the region's rim; outside the region not one byte changes. */
    private static RgbImage paste(RgbImage real, RgbImage patch, PixelRegion region) {
        RgbImage pasted = real.copy();
        int width = region.width();
        int height = region.height();
        double feather = Math.max(1, FEATHER * Math.min(width, height));
        // how much of the patch shows, by pixels from the rim; further inside it shows alone
        double[] shares = new double[(int) Math.ceil(feather - 0.5)];
        for (int toRim = 0; toRim < shares.length; toRim++) {
            shares[toRim] = Math.min(1, (toRim + 0.5) / feather);
        }
        int rim = shares.length;
        for (int y = 0; y < height; y++) {
            int fromEnd = Math.min(y, height - 1 - y);
            int to = pasted.index(region.x(), region.y() + y);
            int from = patch.index(0, y);
            int fading = fromEnd < rim || 2 * rim >= width ? width : rim;
            for (int x = 0; x < fading; x++) {
                fade(pasted, to, patch, from, x, shares[Math.min(fromEnd, Math.min(x, width - 1 - x))]);
            }
            if (fading < width) {
                int whole = (width - 2 * rim) * RgbImage.CHANNELS;
                int left = rim * RgbImage.CHANNELS;
                System.arraycopy(patch.rgb(), from + left, pasted.rgb(), to + left, whole);
                for (int x = width - rim; x < width; x++) {
                    fade(pasted, to, patch, from, x, shares[width - 1 - x]);
                }
            }
        }
        return pasted;
    }

    /** Mixes one pixel of a patch's row into the picture below it. */
    private static void fade(RgbImage pasted, int row, RgbImage patch, int patchRow, int x, double share) {
        int to = row + x * RgbImage.CHANNELS;
        int from = patchRow + x * RgbImage.CHANNELS;
        for (int c = 0; c < RgbImage.CHANNELS; c++) {
            int before = pasted.rgb()[to + c] & 0xFF;
            int after = patch.rgb()[from + c] & 0xFF;
            pasted.rgb()[to + c] = Pixels.level(before + (after - before) * share);
        }
    }
}
