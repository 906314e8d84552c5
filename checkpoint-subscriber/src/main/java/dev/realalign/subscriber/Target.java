package dev.realalign.subscriber;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointVersion;
import java.time.Instant;

/**
 * A version to be fetched.
 *
 * @param model model line
 * @param version version number
 * @param digest lower-case hex SHA-256 of the version manifest, as announced
 * @param location URI of the version folder, as announced
 * @param sequence place in what is followed: the alias's sequence number, or the version number
 * @param announcedAt when it was announced, by the publisher's clock
 */
record Target(String model, long version, String digest, String location, long sequence, Instant announcedAt) {
    static Target of(CheckpointAlias alias) {
        return new Target(
                alias.getModel(),
                alias.getVersion(),
                alias.getDigest(),
                alias.getLocation(),
                alias.getSequence(),
                alias.getMovedAt());
    }

    static Target of(CheckpointVersion version) {
        return new Target(
                version.getModel(),
                version.getVersion(),
                version.getDigest(),
                version.getLocation(),
                version.getVersion(),
                version.getPublishedAt());
    }
}
