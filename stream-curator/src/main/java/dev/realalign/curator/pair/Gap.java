package dev.realalign.curator.pair;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How far apart the two pictures of a pair are, and what that was judged by.
 *
 * @param measure what was measured: PICKSCORE or PERCEPTUAL_DISTANCE
 * @param value measured gap
 * @param least gap that had to be exceeded, or reached for a distance
 * @param greatest greatest gap that passed, where there is such a bound
 * @param ranking place among the last pairs, where they are ranked
 * @param rule the rule in words
 */
public record Gap(
        String measure, double value, double least, OptionalDouble greatest, Optional<Ranking> ranking, String rule) {

    /**
     * A pair against those before it.
     *
     * @param by what pairs are ranked by
     * @param value of this pair
     * @param least value that was among the best of the window; empty while it was empty
     * @param window pairs in the window before this one
     */
    public record Ranking(String by, double value, OptionalDouble least, int window) {}
}
