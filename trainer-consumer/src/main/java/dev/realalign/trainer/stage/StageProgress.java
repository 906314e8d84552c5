package dev.realalign.trainer.stage;

import java.util.Map;
import java.util.TreeMap;

/**
 * How far a run is within its plan.
 *
 * @param stage number of the stage under training, from 1
 * @param begunAt last step before the stage
 * @param steps steps taken in it
 * @param growth its gain over the reference so far
 * @param referenceStep last step before the reference took its weights
 * @param laggedStep last step before the lagged policy took its weights
 */
public record StageProgress(
        int stage, long begunAt, long steps, GrowthAverage growth, long referenceStep, long laggedStep) {
    /** Before the first step. */
    public static final StageProgress BEGINNING = new StageProgress(1, 0, 0, GrowthAverage.NONE, 0, 0);

    /** The beginning of a stage after a step, all references new. */
    public StageProgress entered(int number, long step) {
        return new StageProgress(number, step, 0, GrowthAverage.NONE, step, step);
    }

    /** One step on. */
    public StageProgress after(GrowthAverage average) {
        return new StageProgress(stage, begunAt, steps + 1, average, referenceStep, laggedStep);
    }

    /** With a reference of this step. */
    public StageProgress withReferenceStep(long step) {
        return new StageProgress(stage, begunAt, steps, growth, step, laggedStep);
    }

    /** With a lagged policy of this step. */
    public StageProgress withLaggedStep(long step) {
        return new StageProgress(stage, begunAt, steps, growth, referenceStep, step);
    }

    /** As texts beside the optimizer's state; numbers come back to the bit. */
    public Map<String, String> metadata() {
        Map<String, String> texts = new TreeMap<>();
        texts.put("stage", Integer.toString(stage));
        texts.put("stage_begun_at", Long.toString(begunAt));
        texts.put("stage_steps", Long.toString(steps));
        texts.put("growth_steps", Long.toString(growth.steps()));
        texts.put("growth_average", Double.toString(growth.average()));
        texts.put("growth_mark", Double.toString(growth.mark()));
        texts.put("growth_is_over", Boolean.toString(growth.isOver()));
        texts.put("reference_step", Long.toString(referenceStep));
        texts.put("lagged_step", Long.toString(laggedStep));
        return texts;
    }

    /**
     * The progress that {@link #metadata} wrote.
     *
     * @throws IllegalArgumentException naming what is missing or no number
     */
    public static StageProgress of(Map<String, String> texts) {
        return new StageProgress(
                (int) whole(texts, "stage"),
                whole(texts, "stage_begun_at"),
                whole(texts, "stage_steps"),
                new GrowthAverage(
                        whole(texts, "growth_steps"),
                        Double.parseDouble(text(texts, "growth_average")),
                        Double.parseDouble(text(texts, "growth_mark")),
                        Boolean.parseBoolean(text(texts, "growth_is_over"))),
                whole(texts, "reference_step"),
                whole(texts, "lagged_step"));
    }

    private static long whole(Map<String, String> texts, String name) {
        return Long.parseLong(text(texts, name));
    }

    private static String text(Map<String, String> texts, String name) {
        String text = texts.get(name);
        if (text == null) {
            throw new IllegalArgumentException(
                    "the optimizer state says nothing of its stage: " + name + " is missing");
        }
        return text;
    }
}
