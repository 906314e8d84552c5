package dev.realalign.publisher;

import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.VersionManifest;
import java.util.Optional;

/** Judges a candidate whose files are sound: whether it is good enough to become a version. Pure. */
@FunctionalInterface
public interface Gate {
    /**
     * Judges.
     *
     * @param candidate what the trainer says about it, measures included
     * @param parent the newest version of the line, if there is one
     * @return why it must not be published, with its figure; empty when it may be
     */
    Optional<String> refusal(CandidateManifest candidate, Optional<VersionManifest> parent);
}
