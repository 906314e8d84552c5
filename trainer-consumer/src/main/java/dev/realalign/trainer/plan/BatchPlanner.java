package dev.realalign.trainer.plan;

import dev.realalign.trainer.plan.BatchPlan.Closing;
import dev.realalign.trainer.triple.SkipReason;
import dev.realalign.trainer.triple.TrainingPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Turns deliveries into batches: every delivery ends in exactly one plan, as a member or as skipped. A batch closes
 * when it is full, or when its oldest member has waited long enough because the stream is quiet.
 */
public final class BatchPlanner {
    private final int size;
    private final long maxWaitNanos;
    private final HoldOutRule holdOut;

    private final SortedMap<Integer, Long> nextOffsets;
    private final List<Member> members = new ArrayList<>();
    private final List<TrainingPair> pairs = new ArrayList<>();
    private final List<Skipped> skipped = new ArrayList<>();
    private final List<TrainingPair> newlyHeldOut = new ArrayList<>();
    private int heldOut;
    private long openedAt;
    private long skippedSince;

    /**
     * A planner that goes on from a point of the stream.
     *
     * @param size members of a full batch
     * @param maxWait how long the oldest member waits for others
     * @param nextOffsets next offset to read of every partition
     * @param heldOut triples in the held-out set so far
     */
    public BatchPlanner(
            int size, Duration maxWait, HoldOutRule holdOut, SortedMap<Integer, Long> nextOffsets, int heldOut) {
        if (size < 1) {
            throw new IllegalArgumentException("a batch has at least one member, not " + size);
        }
        this.size = size;
        this.maxWaitNanos = maxWait.toNanos();
        this.holdOut = holdOut;
        this.nextOffsets = new TreeMap<>(nextOffsets);
        this.heldOut = heldOut;
    }

    /**
     * Takes the next record of its partition.
     *
     * @param now a monotonic time in nanoseconds
     * @throws IllegalStateException when the batch is full: close it first
     * @throws IllegalArgumentException when the record was taken before, or its partition is unknown
     */
    public void accept(Delivery delivery, long now) {
        if (members.size() == size) {
            throw new IllegalStateException("the batch is full");
        }
        Long expected = nextOffsets.get(delivery.partition());
        if (expected == null || delivery.offset() < expected) {
            throw new IllegalArgumentException("partition " + delivery.partition() + " delivered offset "
                    + delivery.offset() + " where " + expected + " or later was due");
        }
        nextOffsets.put(delivery.partition(), delivery.offset() + 1); // gaps are transaction markers
        if (skipped.isEmpty()) {
            skippedSince = now;
        }
        if (delivery instanceof Delivery.Unusable unusable) {
            skipped.add(unusable.skipped());
        } else if (delivery instanceof Delivery.Usable usable) {
            accept(usable, now);
        }
    }

    private void accept(Delivery.Usable delivery, long now) {
        TrainingPair pair = delivery.pair();
        if (holdOut.selects(pair.imageId(), heldOut)) {
            heldOut++;
            newlyHeldOut.add(pair);
            skipped.add(new Skipped(
                    delivery.partition(),
                    delivery.offset(),
                    pair.imageId(),
                    SkipReason.HELD_OUT,
                    "kept for measuring"));
            return;
        }
        if (members.isEmpty()) {
            openedAt = now;
        }
        members.add(new Member(pair.imageId(), pair.digest(), delivery.partition(), delivery.offset()));
        pairs.add(pair);
    }

    /** Why the open batch should be closed now, if it should. */
    public Optional<Closing> due(long now) {
        if (members.size() == size) {
            return Optional.of(Closing.SIZE);
        }
        return !members.isEmpty() && now - openedAt >= maxWaitNanos ? Optional.of(Closing.WAIT) : Optional.empty();
    }

    /** Whether skipped records have waited long enough for a plan to list them, because no batch is open. */
    public boolean skipsDue(long now) {
        return members.isEmpty() && !skipped.isEmpty() && now - skippedSince >= maxWaitNanos;
    }

    /**
     * Hands over the skipped records that no plan lists, where no batch is open; their pairs join the held-out set.
     *
     * @return them, with no members; empty when there are none or a batch is open
     */
    public Optional<PassedOver> passOver() {
        if (!members.isEmpty() || skipped.isEmpty()) {
            return Optional.empty();
        }
        PassedOver passed = new PassedOver(skipped, newlyHeldOut, nextOffsets);
        skipped.clear();
        newlyHeldOut.clear();
        return Optional.of(passed);
    }

    /** How long the open batch would still wait, in nanoseconds; the whole wait when it is empty. */
    public long remainingWait(long now) {
        return members.isEmpty() ? maxWaitNanos : Math.max(0, maxWaitNanos - (now - openedAt));
    }

    /** Members of the open batch. */
    public int open() {
        return members.size();
    }

    /** Next offset to read of every partition, counting what was accepted. */
    public SortedMap<Integer, Long> nextOffsets() {
        return new TreeMap<>(nextOffsets);
    }

    /**
     * Closes the open batch and opens an empty one.
     *
     * @param step the step it will be
     * @throws IllegalStateException when it has no members
     */
    public Batch close(long step, Closing closing) {
        if (members.isEmpty()) {
            throw new IllegalStateException("an empty batch is not trained");
        }
        Batch batch =
                new Batch(new BatchPlan(step, members, List.of(), skipped, nextOffsets, closing), pairs, newlyHeldOut);
        members.clear();
        pairs.clear();
        skipped.clear();
        newlyHeldOut.clear();
        return batch;
    }
}
