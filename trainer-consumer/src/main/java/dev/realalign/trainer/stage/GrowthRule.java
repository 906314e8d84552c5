package dev.realalign.trainer.stage;

/**
 * Ends a stage that hardly gets further: its moving average of e_ref - e, the policy's gain over the reference on real
 * images, has grown by less than a share within so many steps.
 *
 * @param percent least growth that keeps the stage going, in percent of the average
 * @param steps over how many steps; also the span of the average
 */
public record GrowthRule(double percent, int steps) {
    public GrowthRule {
        if (!(percent >= 0) || steps < 2) {
            throw new IllegalArgumentException("growth is not negative and is taken over two steps or more");
        }
    }

    @Override
    public String toString() {
        return percent + "%/" + steps;
    }
}
