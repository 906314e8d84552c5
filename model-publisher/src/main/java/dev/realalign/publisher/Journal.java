package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointCommand;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.SubscriberStatus;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.common.TopicPartition;

/** The topics as the publisher sees them: what is committed, what comes, and one atomic step from one to the other. */
interface Journal extends AutoCloseable {
    /**
     * What came for this line.
     *
     * @param subject what there is to decide on
     * @param position what to commit with the decision
     */
    record Delivery(Subject subject, Position position) {}

    /** What there is to decide on. */
    sealed interface Subject {}

    /** Something the trainer announced. */
    record Candidate(CheckpointCandidate record) implements Subject {}

    /** Something a person asks for. */
    record Command(CheckpointCommand record) implements Subject {}

    /**
     * A record that cannot be decoded.
     *
     * @param problem why
     */
    record Undecodable(String problem) implements Subject {}

    /**
     * An offset to go on from.
     *
     * @param partition partition of the candidates' or the commands' topic
     * @param next offset after the last one decided
     */
    record Position(TopicPartition partition, long next) {}

    /** Everything committed about the line, with every earlier publisher of the line fenced off. */
    LineState history();

    /** The next candidates and commands; none when nothing came in time. They come again after a crash until they are committed. */
    List<Delivery> poll(Duration timeout);

    /** Commits the records of a decision and the position behind what it decides: all or nothing. */
    void commit(Announcement announcement, Position position);

    /** The newest status of every subscriber of this line. */
    List<SubscriberStatus> subscribers();

    /** Commits that a version is retired, all or nothing: its record is taken out of the topic, and the log says why. */
    void retire(PublishingDecision decision);

    /**
     * Asks the brokers whether this publisher still owns the line, which a file system cannot tell: commits a position
     * before which everything is decided, and throws as {@link #commit} does when another publisher has taken over.
     */
    void confirmOwnership(Position position);

    @Override
    void close();
}
