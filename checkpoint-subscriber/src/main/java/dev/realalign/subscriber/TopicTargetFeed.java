package dev.realalign.subscriber;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.UndecodableRecordException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.avro.specific.SpecificRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Announcements read from {@code checkpoint-aliases} or {@code checkpoints}. */
final class TopicTargetFeed<V extends SpecificRecord> implements TargetFeed {
    private static final Logger log = LoggerFactory.getLogger(TopicTargetFeed.class);

    private final TopicReader<V> reader;
    private final Function<TopicReader.Entry<V>, Optional<Target>> select;

    private TopicTargetFeed(TopicReader<V> reader, Function<TopicReader.Entry<V>, Optional<Target>> select) {
        this.reader = reader;
        this.select = select;
    }

    static TargetFeed open(String model, Follow follow, Map<String, ?> client) {
        if (follow instanceof Follow.Alias alias) {
            String key = CheckpointKeys.alias(model, alias.name());
            return new TopicTargetFeed<>(
                    TopicReader.open(Topics.CHECKPOINT_ALIASES, client), entry -> aliasMove(entry, key));
        }
        if (follow instanceof Follow.Version version) {
            String key = CheckpointKeys.version(model, version.number());
            return new TopicTargetFeed<>(
                    TopicReader.open(Topics.CHECKPOINTS, client),
                    entry -> entry.key().equals(key) ? version(entry, model) : Optional.empty());
        }
        if (follow instanceof Follow.Digest digest) {
            return new TopicTargetFeed<>(TopicReader.open(Topics.CHECKPOINTS, client), entry -> version(entry, model)
                    .filter(target -> target.digest().equals(digest.sha256())));
        }
        return new TopicTargetFeed<>(TopicReader.open(Topics.CHECKPOINTS, client), entry -> version(entry, model));
    }

    @Override
    public List<Target> poll(Duration timeout) {
        try {
            return reader.poll(timeout).stream()
                    .map(select)
                    .flatMap(Optional::stream)
                    .toList();
        } catch (UndecodableRecordException e) {
            if (e.mayPass()) {
                throw e;
            }
            log.error("{}; it is passed over, whoever wrote it must announce again", e.getMessage());
            reader.skip(e);
            return List.of();
        }
    }

    @Override
    public boolean isAtEnd() {
        return reader.isAtEnd();
    }

    @Override
    public void wakeup() {
        reader.wakeup();
    }

    @Override
    public void close() {
        reader.close();
    }

    private static Optional<Target> aliasMove(TopicReader.Entry<CheckpointAlias> entry, String key) {
        CheckpointAlias alias = entry.value();
        return alias == null || !entry.key().equals(key) ? Optional.empty() : Optional.of(Target.of(alias));
    }

    private static Optional<Target> version(TopicReader.Entry<CheckpointVersion> entry, String model) {
        CheckpointVersion version = entry.value();
        return version == null || !version.getModel().equals(model)
                ? Optional.empty()
                : Optional.of(Target.of(version));
    }
}
