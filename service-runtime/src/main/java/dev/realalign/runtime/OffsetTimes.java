package dev.realalign.runtime;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * When a partition had which end offset, as samples saw it: from it follows when an offset was written, to within the time
 * between two samples. Its memory is bounded; when it is full every other sample goes, so that it reaches as far back as
 * before with half the precision. No I/O, no clock.
 */
final class OffsetTimes {
    static final int CAPACITY = 128;

    private final List<Seen> seen = new ArrayList<>();

    private record Seen(Instant at, long end) {}

    /** Takes in that the partition ended here at this time. An end below the one before means a new topic: what was seen of the old one goes. */
    void see(Instant at, long end) {
        int size = seen.size();
        if (size > 0 && seen.get(size - 1).end() > end) {
            seen.clear();
            size = 0;
        }
        if (size > 1 && seen.get(size - 1).end() == end && seen.get(size - 2).end() == end) {
            seen.set(size - 1, new Seen(at, end)); // of a standstill its beginning and its end are enough
            return;
        }
        seen.add(new Seen(at, end));
        if (seen.size() > CAPACITY) {
            thin();
        }
    }

    private void thin() {
        List<Seen> kept = new ArrayList<>();
        for (int i = 0; i < seen.size(); i++) {
            if (i % 2 == 0 || i == seen.size() - 1) {
                kept.add(seen.get(i));
            }
        }
        seen.clear();
        seen.addAll(kept);
    }

    /**
     * When the record at this offset was written, on the line between the samples around it. Absent when it was there before
     * the first sample or is not there yet.
     */
    Optional<Instant> writtenAt(long offset) {
        for (int i = 1; i < seen.size(); i++) {
            Seen before = seen.get(i - 1);
            Seen after = seen.get(i);
            if (before.end() <= offset && offset < after.end()) {
                double part = (offset - before.end()) / (double) (after.end() - before.end());
                long millis = Duration.between(before.at(), after.at()).toMillis();
                return Optional.of(before.at().plusMillis(Math.round(part * millis)));
            }
        }
        return Optional.empty();
    }
}
