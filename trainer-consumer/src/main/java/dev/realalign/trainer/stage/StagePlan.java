package dev.realalign.trainer.stage;

import java.util.List;

/**
 * The stages of a run, in order.
 *
 * @param stages at least one
 */
public record StagePlan(List<Stage> stages) {
    public StagePlan {
        stages = List.copyOf(stages);
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("a plan has at least one stage");
        }
    }

    /** One stage. */
    public static StagePlan of(Stage only) {
        return new StagePlan(List.of(only));
    }

    /**
     * The stage of a number, from 1.
     *
     * @throws IllegalArgumentException when the plan has no such stage
     */
    public Stage stage(int number) {
        if (number < 1 || number > stages.size()) {
            throw new IllegalArgumentException("stage " + number + " of a plan of " + stages.size());
        }
        return stages.get(number - 1);
    }

    /** What a run in this stage says of itself. */
    public StageMark mark(int number) {
        return new StageMark(
                number, stages.size(), stage(number).objective().kind().text());
    }
}
