package dev.realalign.trainer.stage;

/**
 * Which stage a run is in.
 *
 * @param number number of the stage, from 1
 * @param stages stages of the plan
 * @param objective name of its objective
 */
public record StageMark(int number, int stages, String objective) {
    /** Whether no stage follows. */
    public boolean isLast() {
        return number == stages;
    }

    /** As people read it. */
    @Override
    public String toString() {
        return number + " of " + stages + " (" + objective + ")";
    }
}
