package dev.realalign.trainer.learn;

/**
 * How a cache was used since it was made.
 *
 * @param hits what was found
 * @param misses what had to be computed
 */
public record CacheUse(long hits, long misses) {

    /** Share of the questions that were answered from the cache; 0 before the first. */
    public double hitRate() {
        long all = hits + misses;
        return all == 0 ? 0 : (double) hits / all;
    }
}
