package dev.realalign.trainer.ledger;

/**
 * An accepted rollback of training: the trainer is to go on from the candidate of an earlier version.
 *
 * @param command id of the command behind it
 * @param version the version
 * @param candidate name of its candidate
 * @param candidateDigest SHA-256 of the candidate's manifest
 * @param actor who asked
 * @param reason why
 */
public record RewindRequest(
        String command, long version, String candidate, String candidateDigest, String actor, String reason) {}
