package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.PublishingDecision;
import java.util.Optional;

/**
 * The records one decision leads to. They are committed in one transaction together with the offset of what was decided.
 *
 * @param version the new version, if a candidate became one
 * @param alias the alias move that goes with it, if one does
 * @param decision what is written to the publishing log; absent only for a repeat that is logged already
 */
record Announcement(
        Optional<CheckpointVersion> version, Optional<CheckpointAlias> alias, Optional<PublishingDecision> decision) {
    /** Nothing but the offset moves on. */
    static final Announcement NOTHING = new Announcement(Optional.empty(), Optional.empty(), Optional.empty());

    static Announcement of(PublishingDecision decision) {
        return new Announcement(Optional.empty(), Optional.empty(), Optional.of(decision));
    }
}
