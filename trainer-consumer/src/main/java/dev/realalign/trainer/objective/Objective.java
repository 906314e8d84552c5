package dev.realalign.trainer.objective;

import java.util.List;
import java.util.OptionalDouble;

/**
 * A training objective as a function of per-sample mean squared errors. Because every objective here depends on the
 * policy only through m_w and m_l, its gradient by a prediction is a weighted error: dL/dp = dL/dm 2 (p - t) / N.
 */
public interface Objective {

    /** Loss and slopes of each pair of a whole optimizer batch, in the batch's order; the batch loss is their mean. */
    List<PairLoss> evaluate(List<PairErrors> batch);

    /** Whether the rejected half is used at all; where it is not, it need not be predicted. */
    default boolean usesRejected() {
        return true;
    }

    /** Whether the frozen reference is used at all; where it is not, it is predicted for the measures only. */
    default boolean usesReference() {
        return true;
    }

    /**
     * Mean {@linkplain PairLoss#factor factor} of a batch below which its pairs teach nothing any more, although the
     * objective would have them told apart without end. Empty where a small factor is the goal reached, or says nothing
     * about what is still learned.
     */
    default OptionalDouble factorMinimum() {
        return OptionalDouble.empty();
    }

    /** An objective in which no pair's loss depends on another pair. */
    @FunctionalInterface
    interface Pairwise extends Objective {

        PairLoss evaluate(PairErrors pair);

        @Override
        default List<PairLoss> evaluate(List<PairErrors> batch) {
            return batch.stream().map(this::evaluate).toList();
        }
    }
}
