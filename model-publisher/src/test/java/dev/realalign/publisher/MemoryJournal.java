package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointCommand;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.SubscriberStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** The topics in memory. Sessions opened on it come and go as publishers crash; what they committed stays. */
final class MemoryJournal {
    private static final TopicPartition CANDIDATES = new TopicPartition("checkpoint-candidates", 0);
    private static final TopicPartition COMMANDS = new TopicPartition("checkpoint-commands", 0);

    final List<CheckpointVersion> versions = new ArrayList<>();
    final List<CheckpointAlias> aliases = new ArrayList<>();
    final List<PublishingDecision> decisions = new ArrayList<>();
    final List<SubscriberStatus> subscribers = new ArrayList<>();
    /** What was sent, in order; offsets count within each topic. */
    private final List<Journal.Subject> sent = new ArrayList<>();

    final Map<TopicPartition, Long> committed = new HashMap<>(Map.of(CANDIDATES, 0L, COMMANDS, 0L));
    private int owner;

    void announce(CheckpointCandidate... records) {
        for (CheckpointCandidate record : records) {
            sent.add(new Journal.Candidate(record));
        }
    }

    void ask(CheckpointCommand... commands) {
        for (CheckpointCommand command : commands) {
            sent.add(new Journal.Command(command));
        }
    }

    void announceGarbage() {
        sent.add(new Journal.Undecodable("garbage"));
    }

    /** The offset behind everything, per topic. */
    Map<TopicPartition, Long> ends() {
        long commands = sent.stream().filter(Journal.Command.class::isInstance).count();
        return Map.of(CANDIDATES, sent.size() - commands, COMMANDS, commands);
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
        private final Map<TopicPartition, Long> start;
        private boolean polled;

        Session(PublishingStep.Observer steps) {
            this.steps = steps;
            this.me = ++owner;
            this.start = Map.copyOf(committed);
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
            Map<TopicPartition, Long> offsets = new HashMap<>();
            for (Subject subject : polled ? List.<Subject>of() : sent) {
                TopicPartition partition = subject instanceof Command ? COMMANDS : CANDIDATES;
                long next = offsets.merge(partition, 1L, Long::sum);
                if (next > start.getOrDefault(partition, 0L)) {
                    deliveries.add(new Delivery(subject, new Position(partition, next)));
                }
            }
            polled = true;
            return deliveries;
        }

        @Override
        public void confirmOwnership(Position before) {
            requireOwner();
            committed.merge(before.partition(), before.next(), Math::max);
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
            committed.put(next.partition(), next.next());
        }

        @Override
        public List<SubscriberStatus> subscribers() {
            return List.copyOf(subscribers);
        }

        @Override
        public void retire(PublishingDecision decision) {
            requireOwner();
            versions.removeIf(version -> version.getVersion() == decision.getVersion());
            decisions.add(decision);
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
