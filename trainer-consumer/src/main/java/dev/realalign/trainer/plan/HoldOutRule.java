package dev.realalign.trainer.plan;

/**
 * Which triples are kept for measuring and never trained: the very first of a line, so that there is always something to
 * measure, and those whose image id falls into a fixed fraction, until the set is full. The fraction depends on the image
 * alone, so runs with different seeds hold out the same images.
 *
 * @param fraction share of the images held out while the set is not full, in [0, 1); 0 holds none out
 * @param maximum size of the full set
 */
public record HoldOutRule(double fraction, int maximum) {
    private static final Randomness SALT = new Randomness(0x686f6c646f7574L); // "holdout"

    public HoldOutRule {
        if (!(fraction >= 0 && fraction < 1) || maximum < 0) {
            throw new IllegalArgumentException(
                    "a hold-out fraction lies in [0, 1) and a maximum is not negative: " + fraction + ", " + maximum);
        }
    }

    /**
     * Whether the image joins the held-out set.
     *
     * @param held images in the set so far
     */
    public boolean selects(String imageId, int held) {
        return held < maximum
                && fraction > 0
                && (held == 0 || SALT.uniform(Purpose.HOLD_OUT, 0, imageId, 0) < fraction);
    }
}
