package dev.realalign.trainer.ledger;

import java.util.List;

/** Where the publisher's decisions to rewind training arrive. */
@FunctionalInterface
public interface RewindRequests {
    /** What was decided since the call before, from the beginning of the line at the first call, oldest first. */
    List<RewindRequest> poll();

    /** Versions that were accepted, or that training was taken back to, as of the last {@link #poll}, oldest first. */
    default List<GoodVersion> goodVersions() {
        return List.of();
    }

    /**
     * A version somebody held good.
     *
     * @param version its number
     * @param candidate name of its candidate
     * @param candidateDigest SHA-256 of the candidate's manifest
     */
    record GoodVersion(long version, String candidate, String candidateDigest) {}
}
