package dev.realalign.schemas;

/**
 * A place in a line's training ledger.
 *
 * @param session session that wrote this, from 1
 * @param position number of the last entry behind it, from 0
 * @param sha256 hash chain of the ledger up to that entry, in lower-case hex
 */
public record LedgerMark(long session, long position, String sha256) {
    /** Refuses numbers no ledger has and a malformed digest. */
    public LedgerMark {
        ManifestRules.atLeast("session", session, 1);
        ManifestRules.atLeast("position", position, 0);
        Sha256.requireHex("sha256 of the ledger", sha256);
    }
}
