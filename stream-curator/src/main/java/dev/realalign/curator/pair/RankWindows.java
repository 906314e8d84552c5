package dev.realalign.curator.pair;

/** The last values that pairs of a partition were ranked by, for each measure by itself. */
public interface RankWindows {

    /**
     * The last values, in no order.
     *
     * @param by what they measure
     * @param most how many at most
     */
    double[] last(String by, int most);

    /**
     * Adds the newest value; the oldest beyond {@code most} may be forgotten.
     *
     * @param most how many are wanted at most
     */
    void add(String by, double value, int most);
}
