package dev.realalign.trainer.stage;

import java.util.Locale;

/**
 * The learning rate over the steps of a stage.
 *
 * @param rate the rate after warm-up
 * @param warmUpSteps steps over which it rises linearly; 0 for none
 * @param shape how it goes on from there
 * @param cycle steps after which everything, warm-up included, begins anew; 0 for never
 */
public record RateSchedule(double rate, int warmUpSteps, Shape shape, long cycle) {
    /** What follows the warm-up. */
    public enum Shape {
        /** The rate stays. */
        CONSTANT,
        /** Half a cosine, down to almost zero at the end of the cycle or of the stage. */
        COSINE
    }

    /** Warm-up, then a constant rate. */
    public static RateSchedule constant(double rate, int warmUpSteps) {
        return new RateSchedule(rate, warmUpSteps, Shape.CONSTANT, 0);
    }

    /**
     * The rate of a step.
     *
     * @param step number within the stage, from 1
     * @param stageSteps steps of the stage, 0 where it has no fixed number
     */
    public double at(long step, long stageSteps) {
        long within = cycle == 0 ? step : (step - 1) % cycle + 1;
        if (within < warmUpSteps) {
            return rate * within / warmUpSteps;
        }
        if (shape == Shape.CONSTANT) {
            return rate;
        }
        double length = cycle == 0 ? stageSteps : cycle;
        double part = (within - warmUpSteps) / (length - warmUpSteps + 1);
        return rate * 0.5 * (1 + StrictMath.cos(Math.PI * Math.min(1, part)));
    }

    @Override
    public String toString() {
        return rate + " after " + warmUpSteps + " steps, " + shape.name().toLowerCase(Locale.ROOT)
                + (cycle == 0 ? "" : "/" + cycle);
    }
}
