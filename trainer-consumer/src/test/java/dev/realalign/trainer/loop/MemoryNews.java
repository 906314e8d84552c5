package dev.realalign.trainer.loop;

import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.trainer.ledger.PublisherNews;
import dev.realalign.trainer.ledger.RewindRequest;
import java.util.ArrayList;
import java.util.List;

/** Decisions of a publisher, in memory. Rewinds are told at every call: the ledger knows which were done. */
final class MemoryNews implements PublisherNews {
    final List<RewindRequest> rewinds = new ArrayList<>();
    final List<GoodVersion> good = new ArrayList<>();
    long newestVersion;

    /** Makes the next version of a candidate. */
    void accept(CheckpointCandidate candidate) {
        good.add(new GoodVersion(++newestVersion, candidate.getCandidate(), candidate.getDigest()));
    }

    @Override
    public List<RewindRequest> poll() {
        return List.copyOf(rewinds);
    }

    @Override
    public long newestVersion() {
        return newestVersion;
    }

    @Override
    public List<GoodVersion> goodVersions() {
        return List.copyOf(good);
    }
}
