package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.PublishingDecision;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;

/** The topics in memory. Sessions opened on it come and go as publishers crash; what they committed stays. */
final class MemoryJournal {
    private static final TopicPartition PARTITION = new TopicPartition("checkpoint-candidates", 0);

    final List<CheckpointVersion> versions = new ArrayList<>();
    final List<CheckpointAlias> aliases = new ArrayList<>();
    final List<PublishingDecision> decisions = new ArrayList<>();
    private final List<Optional<CheckpointCandidate>> candidates = new ArrayList<>();
    long committed;
    private int owner;

    void announce(CheckpointCandidate... records) {
        for (CheckpointCandidate record : records) {
            candidates.add(Optional.of(record));
        }
    }

    void announceGarbage() {
        candidates.add(Optional.empty());
    }

    long end() {
        return candidates.size();
    }

    Journal session(PublishingStep.Observer steps) {
        return new Session(steps);
    }

    /** Thrown at a publisher whose place was taken. */
    static final class Fenced extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private final class Session implements Journal {
        private final PublishingStep.Observer steps;
        private final int me;
        private long position;

        Session(PublishingStep.Observer steps) {
            this.steps = steps;
            this.me = ++owner;
            this.position = committed;
        }

        @Override
        public LineState history() {
            LineState line = new LineState(Candidates.MODEL);
            versions.forEach(line::replay);
            aliases.forEach(line::replay);
            decisions.forEach(line::replay);
            return line;
        }

        @Override
        public List<Delivery> poll(Duration timeout) {
            List<Delivery> deliveries = new ArrayList<>();
            while (position < end()) {
                Optional<CheckpointCandidate> candidate = candidates.get((int) position);
                position++;
                deliveries.add(new Delivery(
                        candidate, candidate.isPresent() ? "" : "garbage", new Position(PARTITION, position)));
            }
            return deliveries;
        }

        @Override
        public void confirmOwnership(Position before) {
            requireOwner();
            committed = Math.max(committed, before.next());
        }

        @Override
        public void commit(Announcement announcement, Position next) {
            steps.passed(PublishingStep.TRANSACTION_BEGUN);
            steps.passed(PublishingStep.RECORDS_SENT);
            steps.passed(PublishingStep.OFFSET_SENT);
            requireOwner();
            announcement.version().ifPresent(versions::add);
            announcement.alias().ifPresent(aliases::add);
            announcement.decision().ifPresent(decisions::add);
            committed = next.next();
        }

        private void requireOwner() {
            if (me != owner) {
                throw new Fenced();
            }
        }

        @Override
        public void close() {}
    }
}
