package dev.realalign.trainer.ledger;

import java.util.List;

/** Where the publisher's decisions to rewind training arrive. */
@FunctionalInterface
public interface RewindRequests {
    /** What was decided since the call before, from the beginning of the line at the first call, oldest first. */
    List<RewindRequest> poll();
}
