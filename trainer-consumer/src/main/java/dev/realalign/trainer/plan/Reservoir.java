package dev.realalign.trainer.plan;

import dev.realalign.schemas.ReservoirState;
import dev.realalign.schemas.ReservoirState.Slot;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Predicate;

/**
 * A uniform sample of everything a line has trained, of bounded size (algorithm R; Vitter 1985, "Random Sampling with a
 * Reservoir"). The n-th triple offered takes a free slot, or else the slot that its number draws, if there is such a slot.
 * What it holds is a function of the run's seed and of what was offered and removed, in order.
 */
public final class Reservoir {
    private final ReplayRule rule;
    private final Randomness randomness;
    private final List<Slot> slots = new ArrayList<>();
    private long offered;

    /** An empty reservoir. */
    public Reservoir(ReplayRule rule, long runSeed) {
        this.rule = rule;
        this.randomness = new Randomness(runSeed);
    }

    /** Takes the contents of a candidate's; slots beyond today's capacity are given up. */
    public void resume(ReservoirState state) {
        slots.clear();
        slots.addAll(
                state.slots().subList(0, Math.min(rule.capacity(), state.slots().size())));
        offered = state.offered();
    }

    /**
     * Offers a triple that was trained for the first time.
     *
     * @return whether it was taken
     */
    public boolean offer(Slot slot) {
        if (!rule.replays()) {
            return false;
        }
        offered++;
        if (slots.size() < rule.capacity()) {
            return slots.add(slot);
        }
        long place = (long) (randomness.uniform(Purpose.RESERVOIR, offered, "", 0) * offered);
        if (place >= slots.size()) {
            return false;
        }
        slots.set((int) place, slot);
        return true;
    }

    /** Gives up a triple, if it is here: it is never drawn again. */
    public void remove(String triple) {
        slots.removeIf(slot -> slot.triple().equals(triple));
    }

    /**
     * Draws what a step trains again, without returning a triple within the step.
     *
     * @param step the step: with the run's seed it fixes the draws
     * @param freshPairs fresh pairs of the step
     * @param eligible which triples may be drawn today
     */
    public List<Slot> draw(long step, int freshPairs, Predicate<Slot> eligible) {
        int most = rule.drawsBeside(freshPairs);
        if (most == 0) {
            return List.of();
        }
        List<Slot> pool = new ArrayList<>(slots.stream().filter(eligible).toList());
        int draws = Math.min(most, pool.size());
        for (int i = 0; i < draws; i++) {
            Collections.swap(pool, i, i + randomness.below(pool.size() - i, Purpose.REPLAY_DRAW, step, "", i));
        }
        return List.copyOf(pool.subList(0, draws));
    }

    /** Triples it holds. */
    public int size() {
        return slots.size();
    }

    /** What a candidate keeps of it. */
    public ReservoirState state() {
        return ReservoirState.of(offered, slots);
    }
}
