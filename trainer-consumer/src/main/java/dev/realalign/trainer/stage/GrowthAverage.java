package dev.realalign.trainer.stage;

/**
 * The moving average behind a {@link GrowthRule}, step by step.
 *
 * @param steps steps averaged so far
 * @param average exponential average of the gain, of decay 1 - 2 / (span + 1)
 * @param mark the average at the last multiple of the span; 0 before the first
 * @param isOver whether it has grown too little from the mark before to that one
 */
public record GrowthAverage(long steps, double average, double mark, boolean isOver) {
    /** Before the first step. */
    public static final GrowthAverage NONE = new GrowthAverage(0, 0, 0, false);

    /** The average one step on; a step that measured no gain changes nothing. */
    GrowthAverage after(double gain, GrowthRule rule) {
        if (!Double.isFinite(gain)) {
            return this;
        }
        long taken = steps + 1;
        double decay = 1 - 2.0 / (rule.steps() + 1);
        double now = steps == 0 ? gain : decay * average + (1 - decay) * gain;
        if (taken % rule.steps() != 0) {
            return new GrowthAverage(taken, now, mark, isOver);
        }
        boolean hardlyGrew = taken > rule.steps() && now - mark < rule.percent() / 100 * Math.abs(mark);
        return new GrowthAverage(taken, now, now, hardlyGrew);
    }
}
