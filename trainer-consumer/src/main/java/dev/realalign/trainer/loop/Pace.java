package dev.realalign.trainer.loop;

/** How fast training goes and how much of the time it waits, weighted towards the last few dozen turns. */
final class Pace {
    /** Weight of a turn against the one after it: half of the weight lies in the last 34 turns. */
    private static final double DECAY = 0.98;

    private double waitedSeconds;
    private double trainedSeconds;
    private double pairs;

    void waited(long nanos) {
        waitedSeconds += nanos / 1e9;
    }

    /** Ends a turn with a step. */
    void trained(long nanos, int stepPairs) {
        trainedSeconds = DECAY * trainedSeconds + nanos / 1e9;
        pairs = DECAY * pairs + stepPairs;
        waitedSeconds *= DECAY;
    }

    /** Pairs trained per second of training. */
    double pairsPerSecond() {
        return trainedSeconds > 0 ? pairs / trainedSeconds : 0;
    }

    /** Share of the time spent waiting, in [0, 1]. */
    double idleRatio() {
        double all = waitedSeconds + trainedSeconds;
        return all > 0 ? waitedSeconds / all : 0;
    }
}
