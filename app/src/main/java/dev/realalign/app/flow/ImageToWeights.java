package dev.realalign.app.flow;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The ways of pictures from the feeder to a subscriber, put together from what the topics say. Events must come in the order
 * of their record timestamps. Memory is bounded: of triples that are never trained and of journeys that never end only the
 * newest are kept. No I/O, no clock.
 *
 * <p>Each hop begins where the one before it ended, so that the hops of a journey add up to its total. Times are those of the
 * processes that wrote them: clocks that differ show as a hop too long and the next too short, and may make one negative.
 */
public final class ImageToWeights {
    private final int capacity;
    private final Map<Position, Triple> triples;
    private final Map<String, Line> lines = new HashMap<>();

    /** A stretch of the way. */
    public enum Hop {
        /** From the feeder's reading of the picture to the curator's verdict. */
        ACCEPTED,
        /** From there to the triple's record in its topic. */
        TRIPLE,
        /** From there to the result of the step that trained it. */
        TRAINED,
        /** From there to the announcement of the first version with that step. */
        PUBLISHED,
        /** From there to the first subscriber that switched to this version or a later one. */
        SUBSCRIBER,
        /** From the feeder's reading of the picture to that switch. */
        TOTAL
    }

    /**
     * A hop that a picture has taken.
     *
     * @param model model line that learned it, empty for hops before training
     * @param picture its triple
     * @param took how long
     */
    public record Taken(Hop hop, String model, Position picture, Duration took) {}

    /** Where a triple stands in preference-triples. */
    public record Position(int partition, long offset) {}

    private record Triple(Position position, Instant ingested, Instant written) {}

    /** A triple on its way through a line. */
    private record Journey(Triple triple, long step, Instant reached) {
        Journey at(Instant time) {
            return new Journey(triple, step, time);
        }
    }

    /** A version on its way to subscribers, with the pictures it was the first to have learned. */
    private record Shipped(Instant publishedAt, List<Journey> journeys) {}

    /** A model line. */
    private static final class Line {
        final TreeMap<Long, List<Triple>> planned = new TreeMap<>();
        final List<Journey> trained = new ArrayList<>();
        final TreeMap<Long, Shipped> shipped = new TreeMap<>();
        long served;

        /** Forgets the oldest beyond so many journeys on each stretch. */
        void bound(int capacity) {
            int waiting = planned.values().stream().mapToInt(List::size).sum();
            while (waiting > capacity) {
                waiting -= planned.pollFirstEntry().getValue().size();
            }
            if (trained.size() > capacity) {
                trained.subList(0, trained.size() - capacity).clear();
            }
            int sent =
                    shipped.values().stream().mapToInt(s -> s.journeys().size()).sum();
            while (sent > capacity) {
                sent -= shipped.pollFirstEntry().getValue().journeys().size();
            }
        }
    }

    /**
     * Knows of no picture.
     *
     * @param capacity pictures remembered at once on each stretch of the way
     */
    public ImageToWeights(int capacity) {
        this.capacity = capacity;
        this.triples = new LinkedHashMap<>();
    }

    /**
     * A triple was written.
     *
     * @param ingested when the feeder read the picture
     * @param accepted when the verdict fell
     * @param written when its record was appended
     */
    public List<Taken> triple(Position position, Instant ingested, Instant accepted, Instant written) {
        triples.put(position, new Triple(position, ingested, written));
        Iterator<Position> oldest = triples.keySet().iterator();
        while (triples.size() > capacity) {
            oldest.next();
            oldest.remove();
        }
        return List.of(
                new Taken(Hop.ACCEPTED, "", position, Duration.between(ingested, accepted)),
                new Taken(Hop.TRIPLE, "", position, Duration.between(accepted, written)));
    }

    /** A step was planned: it will train these. Triples that are not known are left out. */
    public void planned(String model, long step, List<Position> members) {
        List<Triple> known = new ArrayList<>();
        for (Position member : members) {
            Triple triple = triples.get(member);
            if (triple != null) {
                known.add(triple);
            }
        }
        Line line = line(model);
        if (!known.isEmpty()) {
            line.planned.put(step, known);
        }
        line.bound(capacity);
    }

    /** A planned step was done. A step that was not applied changed no weights: its pictures arrive nowhere. */
    public List<Taken> trained(String model, long step, boolean applied, Instant at) {
        Line line = line(model);
        List<Triple> members = line.planned.remove(step);
        List<Taken> taken = new ArrayList<>();
        if (members != null && applied) {
            for (Triple triple : members) {
                taken.add(new Taken(Hop.TRAINED, model, triple.position(), Duration.between(triple.written(), at)));
                line.trained.add(new Journey(triple, step, at));
            }
        }
        line.bound(capacity);
        return taken;
    }

    /**
     * A version was announced.
     *
     * @param step optimizer steps behind its weights
     */
    public List<Taken> published(String model, long version, long step, Instant at) {
        Line line = line(model);
        List<Taken> taken = new ArrayList<>();
        List<Journey> learned = new ArrayList<>();
        for (Iterator<Journey> all = line.trained.iterator(); all.hasNext(); ) {
            Journey journey = all.next();
            if (journey.step() <= step) {
                all.remove();
                taken.add(new Taken(
                        Hop.PUBLISHED, model, journey.triple().position(), Duration.between(journey.reached(), at)));
                learned.add(journey.at(at));
            }
        }
        if (version > line.served && !learned.isEmpty()) {
            line.shipped.put(version, new Shipped(at, learned));
        }
        line.bound(capacity);
        return taken;
    }

    /** A subscriber switched to a version. */
    public List<Taken> served(String model, long version, Instant at) {
        Line line = line(model);
        List<Taken> taken = new ArrayList<>();
        line.served = Math.max(line.served, version);
        Map<Long, Shipped> arrived = line.shipped.headMap(version, true);
        for (Shipped shipped : arrived.values()) {
            for (Journey journey : shipped.journeys()) {
                taken.add(new Taken(
                        Hop.SUBSCRIBER,
                        model,
                        journey.triple().position(),
                        Duration.between(shipped.publishedAt(), at)));
                taken.add(new Taken(
                        Hop.TOTAL,
                        model,
                        journey.triple().position(),
                        Duration.between(journey.triple().ingested(), at)));
            }
        }
        arrived.clear();
        return taken;
    }

    private Line line(String model) {
        return lines.computeIfAbsent(model, first -> new Line());
    }
}
