package dev.realalign.trainer.loop;

import dev.realalign.schemas.CheckpointCandidate;
import java.util.List;

/** The announcements of a model line's candidates: a candidate exists only through them. */
public interface CandidateLog extends AutoCloseable {

    /**
     * Becomes the line's only writer and reads what was announced.
     *
     * @return every committed announcement of the line, oldest first
     */
    List<CheckpointCandidate> takeOver();

    /** Announces a candidate; on return the announcement is committed. */
    void announce(CheckpointCandidate candidate);

    @Override
    void close();
}
