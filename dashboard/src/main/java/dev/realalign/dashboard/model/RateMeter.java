package dev.realalign.dashboard.model;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.OptionalDouble;

/** Rate of a counter over the last seconds. Not for use by several threads at once. */
final class RateMeter {
    private static final Duration WINDOW = Duration.ofSeconds(20);
    private static final Duration SHORTEST = Duration.ofMillis(900);

    private final ArrayDeque<Sample> samples = new ArrayDeque<>();

    private record Sample(Instant at, long count) {}

    /** Takes a reading; one that went back, as after a topic was made anew, begins the measurement anew. */
    void read(long count, Instant at) {
        Sample last = samples.peekLast();
        if (last != null && (count < last.count() || at.isBefore(last.at()))) {
            samples.clear();
        }
        samples.addLast(new Sample(at, count));
        while (samples.size() > 2
                && Duration.between(samples.getFirst().at(), at).compareTo(WINDOW) > 0) {
            samples.removeFirst();
        }
    }

    /** Count per second between the oldest and the newest reading of the window, absent before there are two. */
    OptionalDouble perSecond() {
        if (samples.size() < 2) {
            return OptionalDouble.empty();
        }
        Sample first = samples.getFirst();
        Sample last = samples.getLast();
        Duration span = Duration.between(first.at(), last.at());
        return span.compareTo(SHORTEST) < 0
                ? OptionalDouble.empty()
                : OptionalDouble.of((last.count() - first.count()) * 1000.0 / span.toMillis());
    }
}
