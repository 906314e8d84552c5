package dev.realalign.trainer.plan;

import dev.realalign.trainer.triple.TrainingPair;
import org.jspecify.annotations.Nullable;

/**
 * A record of preference-triples as it arrived: either a pair or a reason against it.
 *
 * @param partition partition of preference-triples
 * @param offset offset within the partition
 * @param pair what can be trained, or null
 * @param skipped why it cannot be trained, or null
 */
public record Delivery(int partition, long offset, @Nullable TrainingPair pair, @Nullable Skipped skipped) {

    public Delivery {
        if ((pair == null) == (skipped == null)) {
            throw new IllegalArgumentException("a delivery is either a pair or skipped");
        }
    }

    public static Delivery of(int partition, long offset, TrainingPair pair) {
        return new Delivery(partition, offset, pair, null);
    }

    public static Delivery skipped(Skipped skipped) {
        return new Delivery(skipped.partition(), skipped.offset(), null, skipped);
    }
}
