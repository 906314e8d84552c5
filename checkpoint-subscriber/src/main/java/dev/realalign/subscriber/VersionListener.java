package dev.realalign.subscriber;

/** Told of every version that a subscriber switches to. */
@FunctionalInterface
public interface VersionListener {
    /**
     * Called in order, by one thread, never by the one that reads Kafka. The next version is not fetched before this
     * returns. A version whose call throws is offered again after a pause, unless a newer one makes it void; a version
     * whose call never returned, because the process died, is offered again at the next start.
     */
    void onVersion(ReceivedVersion version) throws Exception;
}
