package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointCandidate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;

/** The topics as the publisher sees them: what is committed, what comes, and one atomic step from one to the other. */
interface Journal extends AutoCloseable {
    /**
     * What came from the topic of candidates for this line.
     *
     * @param candidate the record, empty where it cannot be decoded
     * @param problem why it cannot be decoded, empty where it can
     * @param position what to commit with the decision
     */
    record Delivery(Optional<CheckpointCandidate> candidate, String problem, Position position) {
        static Delivery of(CheckpointCandidate candidate, Position position) {
            return new Delivery(Optional.of(candidate), "", position);
        }
    }

    /**
     * An offset to go on from.
     *
     * @param partition partition of the candidates' topic
     * @param next offset after the last one decided
     */
    record Position(TopicPartition partition, long next) {}

    /** Everything committed about the line, with every earlier publisher of the line fenced off. */
    LineState history();

    /** The next candidates; none when nothing came in time. They come again after a crash until they are committed. */
    List<Delivery> poll(Duration timeout);

    /** Commits the records of a decision and the position behind its candidate: all or nothing. */
    void commit(Announcement announcement, Position position);

    /**
     * Asks the brokers whether this publisher still owns the line, which a file system cannot tell: commits a position
     * before which everything is decided, and throws as {@link #commit} does when another publisher has taken over.
     */
    void confirmOwnership(Position position);

    @Override
    void close();
}
