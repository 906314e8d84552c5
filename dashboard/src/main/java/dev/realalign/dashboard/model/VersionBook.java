package dev.realalign.dashboard.model;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.SubscriberStatus;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Versions of a line with what was decided about them, aliases, and who serves what. Not for use by several threads at once. */
final class VersionBook {
    /** Versions, decisions and candidates kept, each. */
    static final int KEPT = 400;

    /** Subscribers kept. */
    static final int SUBSCRIBERS = 200;

    private final TreeMap<Long, CheckpointVersion> versions = new TreeMap<>();
    private final ArrayDeque<PublishingDecision> decisions = new ArrayDeque<>();
    private final LinkedHashMap<String, CheckpointCandidate> candidates = new LinkedHashMap<>();
    private final Map<String, CheckpointAlias> aliases = new TreeMap<>();
    private final LinkedHashMap<String, SubscriberStatus> subscribers = new LinkedHashMap<>();
    private long candidatesRead;
    private long versionsRead;

    /**
     * A version.
     *
     * @param decision what the publisher said about it
     * @param evaluation measures of its candidate by name, held-out ones among them
     */
    record Version(
            long version,
            String digest,
            @Nullable Long parent,
            long step,
            long triples,
            String decision,
            Map<String, Double> evaluation,
            Instant publishedAt,
            double secondsFromCandidate) {}

    /** A candidate that did not become a version. */
    record Refused(String candidate, String reason, @Nullable Long step, Instant at) {}

    /** A decision about an alias. */
    record Move(
            String action,
            @Nullable String alias,
            @Nullable Long version,
            boolean accepted,
            String reason,
            String actor,
            Instant at) {}

    /** Where an alias points. */
    record Alias(String alias, long version, boolean held, String actor, String reason, Instant at) {}

    /** Who serves what. */
    record Subscriber(
            String subscriber,
            String follows,
            @Nullable Long version,
            @Nullable Long target,
            String problem,
            boolean stopped,
            @Nullable Instant switchedAt,
            Instant reportedAt) {}

    /** All of it, newest first. */
    record View(
            List<Version> versions,
            List<Refused> refused,
            List<Move> moves,
            List<Alias> aliases,
            List<Subscriber> subscribers) {}

    void take(CheckpointVersion version) {
        versionsRead++;
        versions.put(version.getVersion(), version);
        if (versions.size() > KEPT) {
            versions.pollFirstEntry();
        }
    }

    void take(PublishingDecision decision) {
        decisions.addLast(decision);
        if (decisions.size() > KEPT) {
            decisions.removeFirst();
        }
    }

    void take(CheckpointCandidate candidate) {
        candidatesRead++;
        candidates.put(candidate.getDigest(), candidate);
        if (candidates.size() > KEPT) {
            candidates.remove(candidates.keySet().iterator().next());
        }
    }

    void take(CheckpointAlias alias) {
        if (CheckpointKeys.ALIASES.contains(alias.getAlias())) {
            aliases.put(alias.getAlias(), alias);
        }
    }

    void take(SubscriberStatus status) {
        subscribers.remove(status.getSubscriber());
        subscribers.put(status.getSubscriber(), status);
        if (subscribers.size() > SUBSCRIBERS) {
            subscribers.remove(subscribers.keySet().iterator().next());
        }
    }

    /** Forgets a subscriber whose record was withdrawn. */
    void forgetSubscriber(String name) {
        subscribers.remove(name);
    }

    /** Forgets a version whose record was withdrawn. */
    void forgetVersion(long version) {
        versions.remove(version);
    }

    long candidatesRead() {
        return candidatesRead;
    }

    long versionsRead() {
        return versionsRead;
    }

    @Nullable
    CheckpointVersion newest() {
        return versions.isEmpty() ? null : versions.lastEntry().getValue();
    }

    /** Aliases that are held where they are. */
    List<CheckpointAlias> held() {
        return aliases.values().stream().filter(CheckpointAlias::getHeld).toList();
    }

    List<SubscriberStatus> subscribers() {
        return List.copyOf(subscribers.values());
    }

    /** Newest decision about a candidate, null before the first. */
    @Nullable
    PublishingDecision lastAboutACandidate() {
        PublishingDecision last = null;
        for (PublishingDecision decision : decisions) {
            if (decision.getAction().equals(CheckpointKeys.PUBLISH)) {
                last = decision;
            }
        }
        return last;
    }

    /** Decisions about candidates at the end of the log that all refuse. */
    List<PublishingDecision> refusedInARow() {
        List<PublishingDecision> row = new ArrayList<>();
        for (PublishingDecision decision : decisions) {
            if (decision.getAction().equals(CheckpointKeys.PUBLISH)) {
                if (decision.getAccepted()) {
                    row.clear();
                } else if (decision.getVersion() == null) {
                    row.add(decision);
                }
            }
        }
        return row;
    }

    View view() {
        Map<Long, String> said = new TreeMap<>();
        List<Refused> refused = new ArrayList<>();
        List<Move> moves = new ArrayList<>();
        for (PublishingDecision decision : decisions) {
            Long version = decision.getVersion();
            String reason = Texts.shortened(decision.getReason(), 1_000);
            if (!decision.getAction().equals(CheckpointKeys.PUBLISH)) {
                moves.add(
                        0,
                        new Move(
                                decision.getAction(),
                                decision.getAlias(),
                                version,
                                decision.getAccepted(),
                                reason,
                                Texts.shortened(decision.getActor(), 100),
                                decision.getDecidedAt()));
            } else if (decision.getAccepted() && version != null) {
                said.put(version, reason);
            } else if (version == null) {
                CheckpointCandidate candidate = candidates.get(decision.getCandidateDigest());
                refused.add(
                        0,
                        new Refused(
                                decision.getCandidate(),
                                reason,
                                candidate == null ? null : candidate.getStep(),
                                decision.getDecidedAt()));
            }
        }
        List<Version> shown = new ArrayList<>();
        versions.descendingMap().forEach((number, version) -> {
            CheckpointCandidate candidate = candidates.get(version.getCandidateDigest());
            shown.add(new Version(
                    number,
                    version.getDigest(),
                    version.getParent(),
                    version.getStep(),
                    version.getTriples(),
                    said.getOrDefault(number, ""),
                    candidate == null ? Map.of() : new TreeMap<>(candidate.getMetrics()),
                    version.getPublishedAt(),
                    Math.max(
                                    0,
                                    version.getPublishedAt().toEpochMilli()
                                            - version.getCandidateCreatedAt().toEpochMilli())
                            / 1000.0));
        });
        return new View(
                shown,
                refused.subList(0, Math.min(50, refused.size())),
                moves.subList(0, Math.min(50, moves.size())),
                aliases.values().stream()
                        .map(alias -> new Alias(
                                alias.getAlias(),
                                alias.getVersion(),
                                alias.getHeld(),
                                Texts.shortened(alias.getActor(), 100),
                                Texts.shortened(alias.getReason(), 400),
                                alias.getMovedAt()))
                        .toList(),
                subscribers.values().stream()
                        .map(status -> new Subscriber(
                                Texts.shortened(status.getSubscriber(), 100),
                                status.getFollows(),
                                status.getVersion(),
                                status.getTargetVersion(),
                                Texts.shortened(status.getProblem(), 400),
                                status.getStopped(),
                                status.getSwitchedAt(),
                                status.getReportedAt()))
                        .toList());
    }
}
