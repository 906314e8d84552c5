package dev.realalign.app.feed;

import java.util.ArrayList;
import java.util.List;

/** How far a feed is; written by the feeder, read by whoever shows it. */
public final class FeedTally {
    private static final int NAMED = 50;

    /**
     * The numbers at one moment.
     *
     * @param taken pictures taken from the source so far, whatever became of them
     * @param fed records the broker acknowledged
     * @param bytes original bytes of the fed pictures
     * @param before pictures passed over because the topic holds them already
     * @param unreadable pictures that could not be read
     */
    public record Numbers(long taken, long fed, long bytes, long before, long unreadable) {}

    private long taken;
    private long fed;
    private long bytes;
    private long before;
    private long unreadable;
    private final List<String> unreadableNames = new ArrayList<>();

    synchronized void taken() {
        taken++;
    }

    synchronized void acknowledged(long size) {
        fed++;
        bytes += size;
    }

    synchronized void before() {
        before++;
    }

    synchronized void unreadable(String name, String cause) {
        unreadable++;
        if (unreadableNames.size() < NAMED) {
            unreadableNames.add(name + ": " + cause);
        }
    }

    /** The numbers now. */
    public synchronized Numbers numbers() {
        return new Numbers(taken, fed, bytes, before, unreadable);
    }

    /** The first pictures that could not be read, each with the cause. */
    public synchronized List<String> unreadableNames() {
        return List.copyOf(unreadableNames);
    }
}
