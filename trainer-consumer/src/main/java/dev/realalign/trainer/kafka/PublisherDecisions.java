package dev.realalign.trainer.kafka;

import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.trainer.ledger.PublisherNews;
import dev.realalign.trainer.ledger.RewindRequest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/** The publisher's decisions about a line, as they arrive in publishing-log. */
public final class PublisherDecisions implements PublisherNews, AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final String PUBLISH = "publish";
    /** Good versions that are remembered: candidates of older ones are seldom kept. */
    private static final int REMEMBERED = 100;

    private final String model;
    private final TopicReader<PublishingDecision> log;
    private final Deque<GoodVersion> good = new ArrayDeque<>();
    private long newestVersion;
    private boolean caughtUp;

    private PublisherDecisions(String model, TopicReader<PublishingDecision> log) {
        this.model = model;
        this.log = log;
    }

    /**
     * Opens the log at its beginning.
     *
     * @param reader properties of a reader of committed records
     */
    public static PublisherDecisions open(String model, Map<String, Object> reader) {
        return new PublisherDecisions(model, TopicReader.open(Topics.PUBLISHING_LOG, reader));
    }

    @Override
    public List<RewindRequest> poll() {
        List<RewindRequest> requests = new ArrayList<>();
        while (!caughtUp) {
            take(log.poll(POLL), requests);
            caughtUp = log.isAtEnd();
        }
        take(log.poll(Duration.ZERO), requests);
        return requests;
    }

    private void take(List<TopicReader.Entry<PublishingDecision>> entries, List<RewindRequest> into) {
        for (TopicReader.Entry<PublishingDecision> entry : entries) {
            PublishingDecision decision = entry.value();
            if (decision == null || !entry.key().equals(model)) {
                continue;
            }
            Long version = decision.getVersion();
            if (!decision.getAccepted() || version == null) {
                continue;
            }
            String command = decision.getCommand();
            if (decision.getAction().equals(PUBLISH)) {
                newestVersion = Math.max(newestVersion, version);
                remember(decision, version);
            } else if (decision.getRewindTraining() && command != null) {
                into.add(new RewindRequest(
                        command,
                        version,
                        decision.getCandidate(),
                        decision.getCandidateDigest(),
                        decision.getActor(),
                        decision.getReason()));
                remember(decision, version);
            }
        }
    }

    private void remember(PublishingDecision decision, long version) {
        good.addLast(new GoodVersion(version, decision.getCandidate(), decision.getCandidateDigest()));
        if (good.size() > REMEMBERED) {
            good.removeFirst();
        }
    }

    @Override
    public long newestVersion() {
        return newestVersion;
    }

    @Override
    public List<GoodVersion> goodVersions() {
        return List.copyOf(good);
    }

    @Override
    public void close() {
        log.close();
    }
}
