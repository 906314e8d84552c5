package dev.realalign.app.flow;

import dev.realalign.app.flow.ImageToWeights.Position;
import dev.realalign.app.flow.ImageToWeights.Taken;
import dev.realalign.app.flow.Staleness.Stale;
import dev.realalign.schemas.BatchPlanned;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.StepDone;
import dev.realalign.schemas.SubscriberStatus;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Everything the topics say about pictures on their way, as numbers: latency by hop, staleness, what was rejected and
 * refused. Safe for several threads. No I/O, no clock.
 */
public final class Flow {
    /** Pictures remembered on each stretch of the way. */
    private static final int CAPACITY = 50_000;

    private static final String PUBLISH = "publish";

    private final Consumer<Taken> hops;
    private final ImageToWeights ways = new ImageToWeights(CAPACITY);
    private final Staleness staleness = new Staleness();
    private final Map<String, Long> rejections = new TreeMap<>();
    private long accepted;
    private long refused;

    /**
     * Has seen nothing.
     *
     * @param hops told of every hop that a picture takes
     */
    public Flow(Consumer<Taken> hops) {
        this.hops = hops;
    }

    /**
     * A record came.
     *
     * @param value its value
     * @param partition its partition
     * @param offset its offset
     * @param written its timestamp
     */
    public synchronized void take(Object value, int partition, long offset, Instant written) {
        if (value instanceof PreferenceTriple triple) {
            tell(ways.triple(new Position(partition, offset), triple.getIngestTime(), triple.getAcceptedAt(), written));
        } else if (value instanceof ImageRejection rejection) {
            rejections.merge(rejection.getReason(), 1L, Long::sum);
        } else if (value instanceof LedgerEntry entry) {
            take(entry);
        } else if (value instanceof CheckpointVersion version) {
            staleness.published(version.getModel(), version.getVersion(), version.getPublishedAt());
            tell(ways.published(version.getModel(), version.getVersion(), version.getStep(), version.getPublishedAt()));
        } else if (value instanceof PublishingDecision decision) {
            take(decision);
        } else if (value instanceof SubscriberStatus status) {
            take(status);
        } else {
            throw new IllegalArgumentException("no record of the flow: " + value.getClass());
        }
    }

    private void take(LedgerEntry entry) {
        if (entry.getEntry() instanceof BatchPlanned plan) {
            ways.planned(
                    entry.getModel(),
                    plan.getStep(),
                    plan.getMembers().stream()
                            .map(member -> new Position(member.getPartition(), member.getOffset()))
                            .toList());
        } else if (entry.getEntry() instanceof StepDone done) {
            tell(ways.trained(entry.getModel(), done.getStep(), done.getApplied(), entry.getWrittenAt()));
        }
    }

    private void take(PublishingDecision decision) {
        if (decision.getAction().equals(PUBLISH)) {
            if (decision.getAccepted()) {
                accepted++;
            } else {
                refused++;
            }
        }
    }

    private void take(SubscriberStatus status) {
        Long version = status.getVersion();
        if (status.getStopped()) {
            staleness.gone(status.getSubscriber());
        } else {
            staleness.serves(status.getSubscriber(), status.getModel(), version == null ? 0 : version);
        }
        Instant switched = status.getSwitchedAt();
        if (version != null && switched != null) {
            tell(ways.served(status.getModel(), version, switched));
        }
    }

    private void tell(List<Taken> taken) {
        taken.forEach(hops);
    }

    /** Records of image-rejections so far, by reason. */
    public synchronized Map<String, Long> rejections() {
        return new TreeMap<>(rejections);
    }

    /** Candidates that became versions. */
    public synchronized long acceptedCandidates() {
        return accepted;
    }

    /** Candidates that were refused. */
    public synchronized long refusedCandidates() {
        return refused;
    }

    /** How stale each running subscriber is. */
    public synchronized List<Stale> staleness(Instant now) {
        return staleness.at(now);
    }
}
