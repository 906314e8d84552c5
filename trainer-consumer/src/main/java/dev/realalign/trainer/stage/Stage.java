package dev.realalign.trainer.stage;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A stage of training.
 *
 * @param objective what is minimised and guarded
 * @param rate the learning rate over its steps
 * @param steps steps after which it is over; 0 where only the end of the stream ends it
 * @param growth what may end it earlier; null for nothing
 * @param reference which weights the reference has
 * @param refreshSteps steps from one refresh of what samples to the next: dro's lagged policy, spin's previous iterate,
 *     nft's old policy
 */
public record Stage(
        ObjectiveChoice objective,
        RateSchedule rate,
        long steps,
        @Nullable GrowthRule growth,
        ReferenceRule reference,
        int refreshSteps) {

    /** A stage without end, from the base model. */
    public static Stage endless(ObjectiveChoice objective, RateSchedule rate) {
        return new Stage(objective, rate, 0, null, ReferenceRule.PREVIOUS, 16);
    }

    /**
     * Why the stage is over; empty while it is not.
     *
     * @param taken steps taken in it
     * @param average its gain so far
     */
    public Optional<String> end(long taken, GrowthAverage average) {
        if (steps > 0 && taken >= steps) {
            return Optional.of("its " + steps + " steps are done");
        }
        if (growth != null && average.isOver()) {
            return Optional.of("the average of e_ref - e grew by less than " + growth.percent() + " % in "
                    + growth.steps() + " steps");
        }
        return Optional.empty();
    }

    /** The average after a step of this gain. */
    public GrowthAverage averaged(GrowthAverage average, double gain) {
        return growth == null ? average : average.after(gain, growth);
    }
}
