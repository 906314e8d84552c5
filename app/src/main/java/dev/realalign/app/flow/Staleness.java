package dev.realalign.app.flow;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Which versions there are and which subscriber serves which. No I/O, no clock. */
public final class Staleness {
    private final Map<String, TreeMap<Long, Instant>> versions = new HashMap<>();
    private final Map<String, Serving> subscribers = new TreeMap<>();

    private record Serving(String model, long version) {}

    /**
     * How stale a subscriber is.
     *
     * @param staleness how long a newer version than the one it serves has existed; zero when it serves the newest
     */
    public record Stale(String subscriber, String model, Duration staleness) {}

    /** Knows of nothing. */
    public Staleness() {}

    /** A version was announced. */
    public void published(String model, long version, Instant at) {
        versions.computeIfAbsent(model, first -> new TreeMap<>()).put(version, at);
    }

    /** A subscriber serves a version, 0 for none yet. */
    public void serves(String subscriber, String model, long version) {
        subscribers.put(subscriber, new Serving(model, version));
    }

    /** A subscriber ended, in good order or long ago: it serves nothing any more. */
    public void gone(String subscriber) {
        subscribers.remove(subscriber);
    }

    /** Every subscriber, by name. */
    public List<Stale> at(Instant now) {
        return subscribers.entrySet().stream()
                .map(one -> {
                    Serving serving = one.getValue();
                    Map.Entry<Long, Instant> newer = versions.getOrDefault(serving.model(), new TreeMap<>())
                            .higherEntry(serving.version());
                    Duration stale = newer == null ? Duration.ZERO : Duration.between(newer.getValue(), now);
                    return new Stale(one.getKey(), serving.model(), stale.isNegative() ? Duration.ZERO : stale);
                })
                .toList();
    }
}
