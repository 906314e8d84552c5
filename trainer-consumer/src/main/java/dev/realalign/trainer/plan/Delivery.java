package dev.realalign.trainer.plan;

import dev.realalign.trainer.triple.TrainingPair;

/** A record of preference-triples as it arrived: either a pair or a reason against it. */
public sealed interface Delivery {

    /** Partition of preference-triples. */
    int partition();

    /** Offset within the partition. */
    long offset();

    /**
     * What can be trained.
     *
     * @param pair the decoded triple
     */
    record Usable(int partition, long offset, TrainingPair pair) implements Delivery {}

    /**
     * What cannot be trained.
     *
     * @param skipped the record and the reason
     */
    record Unusable(Skipped skipped) implements Delivery {
        @Override
        public int partition() {
            return skipped.partition();
        }

        @Override
        public long offset() {
            return skipped.offset();
        }
    }
}
