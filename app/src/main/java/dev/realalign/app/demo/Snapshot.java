package dev.realalign.app.demo;

import dev.realalign.app.feed.FeedTally;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The demo at one moment: everything the summary shows.
 *
 * @param elapsed time since the demo began
 * @param phase what it is doing, in a few words
 * @param offered pictures the source has
 * @param feed how far this run's feed is
 * @param census what the topics hold
 * @param training how training goes, null while the trainer is starting
 * @param received versions the subscriber holds
 * @param lags how far each stage is behind
 */
record Snapshot(
        Duration elapsed,
        String phase,
        long offered,
        FeedTally.Numbers feed,
        Census census,
        @Nullable Training training,
        int received,
        Map<Stage, Lag> lags) {

    /** A stage that reads what the one before it wrote. */
    enum Stage {
        CURATOR,
        TRAINER,
        PUBLISHER
    }

    /**
     * How far a stage is behind.
     *
     * @param records records not read yet, absent when it never read
     * @param seconds age of the oldest of them, absent when unknown
     */
    record Lag(OptionalLong records, OptionalDouble seconds) {}

    /**
     * How training goes.
     *
     * @param step optimizer steps in the life of the line
     * @param stage the stage under training
     * @param triples triples trained in the life of the line
     * @param loss loss of the last step, absent before the first of this run
     * @param implicitAccuracy share of the last step's pairs the policy tells apart better than the reference, absent before the first
     * @param heldOutRatio m_w / r_w on the held-out pairs, absent while unmeasured; above 1 real images are predicted worse than before
     * @param heldOutPairs pairs held out
     * @param pairsPerSecond pairs trained a second
     */
    record Training(
            long step,
            String stage,
            long triples,
            OptionalDouble loss,
            OptionalDouble implicitAccuracy,
            OptionalDouble heldOutRatio,
            int heldOutPairs,
            double pairsPerSecond) {}
}
