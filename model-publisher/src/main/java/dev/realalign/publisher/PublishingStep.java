package dev.realalign.publisher;

/** The boundaries between the steps of publishing one candidate, in order, and behind them those of retention. Fault tests stop the publisher at each of them. */
public enum PublishingStep {
    /** A candidate was taken from the topic. */
    TAKEN,
    /** Its files were read, hashed and judged. */
    JUDGED,
    /** The tensor files of the version are written beside its place. */
    FILES_WRITTEN,
    /** The manifest stands beside them. */
    MANIFEST_WRITTEN,
    /** The signature too, where versions are signed; everything is forced to the disk. */
    SIGNED,
    /** The version folder is in its place. */
    IN_PLACE,
    /** It was read back and is what its manifest says. */
    READ_BACK,
    /** The transaction has begun; nothing was sent. */
    TRANSACTION_BEGUN,
    /** Version, alias and decision were sent. */
    RECORDS_SENT,
    /** The consumed offset was sent. */
    OFFSET_SENT,
    /** The transaction has committed. */
    COMMITTED,
    /** Older candidates were pruned. */
    PRUNED,
    /** A version that nobody needs was taken out of the topics. */
    RETIRED,
    /** The folder of a retired version was removed. */
    REMOVED;

    /** Told of every boundary as it is passed. */
    @FunctionalInterface
    public interface Observer {
        /** Ignores them all. */
        Observer NONE = step -> {};

        /** A boundary was passed. */
        void passed(PublishingStep step);
    }
}
