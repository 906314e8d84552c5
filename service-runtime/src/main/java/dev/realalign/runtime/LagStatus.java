package dev.realalign.runtime;

/** What a stretch of a group's history in one partition says, from good to bad. */
public enum LagStatus {
    /** It keeps up, or catches up. */
    OK,
    /** Nothing was committed yet, so there is nothing to judge. */
    NO_COMMIT,
    /** It lags, and has not been watched for long enough to say more. */
    UNKNOWN,
    /** It reads, but its lag has not fallen once within the window: it is too slow. */
    WARNING,
    /** Its committed offset went back and has not come back to where it was: records are read again. */
    REWIND,
    /** It has a member on the partition and a lag, but its committed offset does not move. */
    STALLED,
    /** It has a lag, no member on the partition, and commits nothing any more. */
    STOPPED;

    /** Whether somebody should look at once. */
    public boolean isError() {
        return compareTo(REWIND) >= 0;
    }

    /** The worse of the two. */
    public LagStatus worse(LagStatus other) {
        return compareTo(other) >= 0 ? this : other;
    }
}
