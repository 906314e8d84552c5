package dev.realalign.publisher.catalogue;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.UndecodableRecordException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads versions and alias moves into a view, for as long as it is open. */
final class CatalogueFeed implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(CatalogueFeed.class);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration PAUSE = Duration.ofSeconds(2);
    /** How often an alias's version is looked for before its move is told: both are of one transaction. */
    private static final int LOOKS = 20;

    private final Map<String, Object> client;
    private final CatalogueView view;
    private final Thread thread = new Thread(this::read, "catalogue-feed");
    private volatile boolean closed;

    CatalogueFeed(Map<String, Object> client, CatalogueView view) {
        this.client = client;
        this.view = view;
        thread.setDaemon(true);
        thread.start();
    }

    private void read() {
        while (!closed) {
            try (TopicReader<CheckpointVersion> versions = TopicReader.open(Topics.CHECKPOINTS, client);
                    TopicReader<CheckpointAlias> aliases = TopicReader.open(Topics.CHECKPOINT_ALIASES, client)) {
                while (!closed) {
                    takeVersions(versions, Duration.ZERO);
                    for (TopicReader.Entry<CheckpointAlias> entry : poll(aliases, POLL)) {
                        CheckpointAlias alias = entry.value();
                        if (alias != null) {
                            for (int i = 0; i < LOOKS && isUnknown(alias); i++) {
                                takeVersions(versions, POLL);
                            }
                            view.takeMove(alias);
                        }
                    }
                }
            } catch (KafkaException e) {
                log.warn("the catalogue cannot read the topics ({}); trying again", e.getMessage());
                pause();
            }
        }
    }

    private boolean isUnknown(CheckpointAlias alias) {
        return !closed && view.version(alias.getModel(), alias.getVersion()).isEmpty();
    }

    private void takeVersions(TopicReader<CheckpointVersion> versions, Duration timeout) {
        poll(versions, timeout).forEach(view::takeVersion);
    }

    private static <V extends SpecificRecord> List<TopicReader.Entry<V>> poll(TopicReader<V> reader, Duration timeout) {
        try {
            return reader.poll(timeout);
        } catch (UndecodableRecordException e) {
            if (e.mayPass()) {
                throw e;
            }
            log.error("{}; the catalogue passes over it", e.getMessage());
            reader.skip(e);
            return List.of();
        }
    }

    private void pause() {
        try {
            Thread.sleep(PAUSE.toMillis());
        } catch (InterruptedException e) {
            log.debug("the catalogue's feed was told to end");
        }
    }

    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        try {
            thread.join(PAUSE.toMillis());
            thread.interrupt();
            thread.join(PAUSE.toMillis());
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
