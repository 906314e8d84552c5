package dev.realalign.app.feed;

/** Room for the bodies of requests: given whole or not at all, before a byte is read. */
final class BodyMemory {
    private final long limit;
    private long used;
    private long mostUsed;

    /**
     * Empty memory.
     *
     * @param limit bytes there are
     */
    BodyMemory(long limit) {
        this.limit = limit;
    }

    /** Whether there was room, which is then taken. */
    synchronized boolean take(long bytes) {
        if (used + bytes > limit) {
            return false;
        }
        used += bytes;
        mostUsed = Math.max(mostUsed, used);
        return true;
    }

    synchronized void giveBack(long bytes) {
        used -= bytes;
    }

    /** Most bytes that were taken at once. */
    synchronized long mostUsed() {
        return mostUsed;
    }
}
