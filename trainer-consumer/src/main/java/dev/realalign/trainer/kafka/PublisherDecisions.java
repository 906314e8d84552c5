package dev.realalign.trainer.kafka;

import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.trainer.ledger.PublishedLine;
import dev.realalign.trainer.ledger.PublisherNews;
import dev.realalign.trainer.ledger.RewindRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The publisher's decisions about a line, as they arrive in publishing-log. */
public final class PublisherDecisions implements PublisherNews, AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(200);

    private final String model;
    private final TopicReader<PublishingDecision> log;
    private final PublishedLine line = new PublishedLine();
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
            if (decision != null && entry.key().equals(model)) {
                line.accept(decision).ifPresent(into::add);
            }
        }
    }

    @Override
    public long newestVersion() {
        return line.newestVersion();
    }

    @Override
    public List<GoodVersion> goodVersions() {
        return line.goodVersions();
    }

    @Override
    public void close() {
        log.close();
    }
}
