package dev.realalign.trainer.ledger;

import java.util.List;

/** What the publisher has decided about a line. */
public interface PublisherNews {
    /** Rewinds that were decided since the call before, from the beginning of the line at the first call, oldest first. */
    List<RewindRequest> poll();

    /** Newest version that was accepted, as of the last {@link #poll}; 0 before the first. */
    long newestVersion();

    /**
     * Versions that training may be taken back to without being asked, as of the last {@link #poll}: accepted ones, and those
     * that somebody took training back to. The last is the one that was held good most recently.
     */
    List<GoodVersion> goodVersions();

    /**
     * A version somebody held good.
     *
     * @param version its number
     * @param candidate name of its candidate
     * @param candidateDigest SHA-256 of the candidate's manifest
     */
    record GoodVersion(long version, String candidate, String candidateDigest) {}
}
