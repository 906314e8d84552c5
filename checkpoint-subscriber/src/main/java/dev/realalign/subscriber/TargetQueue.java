package dev.realalign.subscriber;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The versions that wait to be fetched, in order. Nothing enters whose sequence is not beyond what was delivered before,
 * so that nothing older arrives by accident; where only the newest counts, it replaces what waits.
 */
final class TargetQueue {
    private final boolean newestOnly;
    private final TreeMap<Long, Target> waiting = new TreeMap<>();
    private long delivered;

    /** @param delivered highest sequence that was delivered before; 0 if none */
    TargetQueue(boolean newestOnly, long delivered) {
        this.newestOnly = newestOnly;
        this.delivered = delivered;
    }

    /** Adds a target unless it, or a newer one that makes it void, was delivered or is waiting. */
    boolean offer(Target target) {
        if (target.sequence() <= delivered || waiting.containsKey(target.sequence())) {
            return false;
        }
        if (newestOnly) {
            if (!waiting.isEmpty() && waiting.lastKey() > target.sequence()) {
                return false;
            }
            waiting.clear();
        }
        waiting.put(target.sequence(), target);
        return true;
    }

    /** The target whose turn it is; it stays until it is {@link #delivered}. */
    Optional<Target> next() {
        return Optional.ofNullable(waiting.firstEntry()).map(Map.Entry::getValue);
    }

    /** Closes a target and everything before it. */
    void delivered(Target target) {
        delivered = Math.max(delivered, target.sequence());
        waiting.headMap(target.sequence(), true).clear();
    }

    int size() {
        return waiting.size();
    }
}
