package dev.realalign.trainer.ledger;

import dev.realalign.schemas.PublishingDecision;
import dev.realalign.trainer.ledger.PublisherNews.GoodVersion;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** What the publisher of a line has decided, decision after decision: as far as training has to know. */
public final class PublishedLine {
    private static final String PUBLISH = "publish";
    /** Good versions that are remembered: candidates of older ones are seldom kept. */
    static final int REMEMBERED = 100;

    private final Deque<GoodVersion> good = new ArrayDeque<>();
    private long newestVersion;

    /**
     * Takes the next decision.
     *
     * @return the rewind it asks of training, if it does
     */
    public Optional<RewindRequest> accept(PublishingDecision decision) {
        Long version = decision.getVersion();
        String command = decision.getCommand();
        if (!decision.getAccepted() || version == null) {
            return Optional.empty();
        }
        if (decision.getAction().equals(PUBLISH)) {
            newestVersion = Math.max(newestVersion, version);
            remember(decision, version);
        } else if (decision.getRewindTraining() && command != null) {
            remember(decision, version);
            return Optional.of(new RewindRequest(
                    command,
                    version,
                    decision.getCandidate(),
                    decision.getCandidateDigest(),
                    decision.getActor(),
                    decision.getReason()));
        }
        return Optional.empty();
    }

    private void remember(PublishingDecision decision, long version) {
        good.addLast(new GoodVersion(version, decision.getCandidate(), decision.getCandidateDigest()));
        if (good.size() > REMEMBERED) {
            good.removeFirst();
        }
    }

    /** Newest version that was accepted; 0 before the first. */
    public long newestVersion() {
        return newestVersion;
    }

    /** Versions that training may be taken back to without being asked, the one held good most recently last. */
    public List<GoodVersion> goodVersions() {
        return List.copyOf(good);
    }
}
