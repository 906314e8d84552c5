package dev.realalign.publisher.catalogue;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.TopicReader;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What the topics have said so far about the versions of one store, for many threads to read. */
final class CatalogueView {
    /** Moves of an alias that are remembered for clients that come back. */
    private static final int MOVES = 1000;

    private final String store;
    private final Map<String, TreeMap<Long, CheckpointVersion>> versions = new TreeMap<>();
    private final Map<String, TreeMap<String, Deque<CheckpointAlias>>> moves = new TreeMap<>();
    private boolean closed;

    /** A view of the versions that lie under this location. */
    CatalogueView(String store) {
        this.store = store + "/";
    }

    synchronized void takeVersion(TopicReader.Entry<CheckpointVersion> entry) {
        CheckpointVersion version = entry.value();
        if (version == null) {
            String[] key = entry.key().split("/", 2);
            if (key.length == 2 && key[1].matches("[0-9]{8}") && versions.containsKey(key[0])) {
                versions.get(key[0]).remove(Long.parseLong(key[1]));
            }
        } else if (version.getLocation().startsWith(store)) {
            versions.computeIfAbsent(version.getModel(), model -> new TreeMap<>())
                    .put(version.getVersion(), version);
        }
    }

    synchronized void takeMove(CheckpointAlias alias) {
        if (!alias.getLocation().startsWith(store)) {
            return;
        }
        Deque<CheckpointAlias> known = moves.computeIfAbsent(alias.getModel(), model -> new TreeMap<>())
                .computeIfAbsent(alias.getAlias(), name -> new ArrayDeque<>());
        if (known.isEmpty() || known.getLast().getSequence() < alias.getSequence()) {
            known.addLast(alias);
            if (known.size() > MOVES) {
                known.removeFirst();
            }
            notifyAll();
        }
    }

    synchronized Set<String> models() {
        return new TreeSet<>(versions.keySet());
    }

    synchronized List<CheckpointVersion> versions(String model) {
        return versions.containsKey(model) ? List.copyOf(versions.get(model).values()) : List.of();
    }

    synchronized Optional<CheckpointVersion> version(String model, long number) {
        return versions.containsKey(model)
                ? Optional.ofNullable(versions.get(model).get(number))
                : Optional.empty();
    }

    /** Where every alias of a model points. */
    synchronized List<CheckpointAlias> aliases(String model) {
        return moves.containsKey(model)
                ? moves.get(model).values().stream().map(Deque::getLast).toList()
                : List.of();
    }

    /** Moves of an alias after a sequence, oldest first; only the newest where {@code after} is negative. */
    private List<CheckpointAlias> movesAfter(String model, String alias, long after) {
        Deque<CheckpointAlias> known = moves.containsKey(model)
                ? moves.get(model).getOrDefault(alias, new ArrayDeque<>())
                : new ArrayDeque<>();
        return after < 0 && !known.isEmpty()
                ? List.of(known.getLast())
                : known.stream().filter(move -> move.getSequence() > after).toList();
    }

    /** Waits for moves; none when the time is over or the view is closed. */
    synchronized List<CheckpointAlias> awaitMoves(String model, String alias, long after, Duration timeout)
            throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        List<CheckpointAlias> found = movesAfter(model, alias, after);
        for (long left = timeout.toNanos(); found.isEmpty() && !closed && left > 0; ) {
            wait(Math.max(1, left / 1_000_000));
            left = deadline - System.nanoTime();
            found = movesAfter(model, alias, after);
        }
        return found;
    }

    synchronized boolean isClosed() {
        return closed;
    }

    synchronized void close() {
        closed = true;
        notifyAll();
    }
}
