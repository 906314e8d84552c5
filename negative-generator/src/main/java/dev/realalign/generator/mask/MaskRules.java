package dev.realalign.generator.mask;

import java.util.Locale;

/**
 * How a saliency map becomes a mask: 0.5 and more is inside, then it grows by a margin, and its share of the picture must
 * lie between two bounds. RealAlign's own scripts have none of these guards; a constant map gives them a division by zero.
 *
 * @param dilationPx margin in pixels
 * @param minShare least share of the picture, above 0
 * @param maxShare largest share of the picture, below 1
 */
public record MaskRules(int dilationPx, double minShare, double maxShare) {
    private static final float INSIDE = 0.5f;

    /** Why a picture gets no mask. */
    public enum Flaw {
        /** Nothing stands out, or too little: the negative would equal the picture. */
        EMPTY_MASK,
        /** Everything stands out: the negative would keep nothing of the picture. */
        FULL_MASK
    }

    /** A mask, or why there is none. */
    public sealed interface Outcome {}

    /** @param mask a mask within the bounds */
    public record Usable(Mask mask) implements Outcome {}

    /**
     * @param flaw what is wrong
     * @param evidence what was found and what the bound is
     */
    public record Useless(Flaw flaw, String evidence) implements Outcome {}

    /** The mask of a map. */
    public Outcome apply(SaliencyMap map) {
        boolean[] inside = new boolean[map.values().length];
        float low = Float.POSITIVE_INFINITY;
        float high = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < inside.length; i++) {
            float value = map.values()[i];
            inside[i] = value >= INSIDE;
            low = Math.min(low, value);
            high = Math.max(high, value);
        }
        if (!(low < high)) { // also for a map with a value that is no number
            return new Useless(Flaw.EMPTY_MASK, "the saliency map is constant: nothing stands out");
        }
        Mask mask = new Mask(map.width(), map.height(), inside).dilated(dilationPx);
        double share = mask.share();
        if (share < minShare) {
            return new Useless(
                    Flaw.EMPTY_MASK,
                    percent(share) + " of the picture stands out; at least " + percent(minShare) + " must");
        }
        if (share > maxShare) {
            return new Useless(
                    Flaw.FULL_MASK,
                    percent(share) + " of the picture stands out; at most " + percent(maxShare) + " may");
        }
        return new Usable(mask);
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }
}
