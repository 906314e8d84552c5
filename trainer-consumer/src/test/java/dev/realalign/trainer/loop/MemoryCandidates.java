package dev.realalign.trainer.loop;

import dev.realalign.schemas.CheckpointCandidate;
import java.util.ArrayList;
import java.util.List;

/** Announcements in memory; they outlive the loops that make them. */
final class MemoryCandidates implements CandidateLog {
    final List<CheckpointCandidate> announced = new ArrayList<>();

    @Override
    public List<CheckpointCandidate> takeOver() {
        return List.copyOf(announced);
    }

    @Override
    public void announce(CheckpointCandidate candidate) {
        announced.add(candidate);
    }

    @Override
    public void close() {}
}
