package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.PublishingDecision;
import java.util.Optional;

/**
 * The records one candidate leads to. They are committed in one transaction together with the candidate's offset.
 *
 * @param version the new version, if the candidate became one
 * @param alias the alias move that goes with it, unless the alias is held
 * @param decision what is written to the publishing log; absent only for a repeat that is logged already
 */
record Announcement(
        Optional<CheckpointVersion> version, Optional<CheckpointAlias> alias, Optional<PublishingDecision> decision) {}
