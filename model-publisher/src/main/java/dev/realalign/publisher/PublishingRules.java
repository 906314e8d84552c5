package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.OffsetRange;
import dev.realalign.schemas.PublishingDecision;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** From the state of a line and a judged candidate to the records that announce the judgement. Pure: no I/O, no clock. */
final class PublishingRules {
    private static final String ACTOR = "publisher";

    private PublishingRules() {}

    /**
     * Numbers a candidate and moves {@code latest} to it.
     *
     * @param digest SHA-256 of the version manifest
     * @param location URI of the version folder
     * @param remarks what the gate says about it
     */
    static Announcement publish(
            LineState line,
            CheckpointCandidate candidate,
            String digest,
            String location,
            List<String> remarks,
            Instant now) {
        long number = line.nextVersion();
        CheckpointVersion version = CheckpointVersion.newBuilder()
                .setModel(line.model())
                .setVersion(number)
                .setDigest(digest)
                .setLocation(location)
                .setParent(
                        line.newestVersion().map(CheckpointVersion::getVersion).orElse(null))
                .setCandidateDigest(candidate.getDigest())
                .setStep(candidate.getStep())
                .setTriples(candidate.getTriples())
                .setOffsets(offsetsSince(line.newestVersion(), candidate.getNextOffsets()))
                .setCandidateCreatedAt(candidate.getCreatedAt())
                .setPublishedAt(now)
                .build();
        Optional<CheckpointAlias> latest = line.alias(CheckpointKeys.LATEST);
        boolean held = latest.map(CheckpointAlias::getHeld).orElse(false);
        Optional<CheckpointAlias> move = held ? Optional.empty() : Optional.of(moveLatest(latest, version, now));
        List<String> said = new ArrayList<>(List.of("published"));
        latest.filter(CheckpointAlias::getHeld)
                .ifPresent(alias -> said.add("latest is held at version " + alias.getVersion() + " and does not move"));
        said.addAll(remarks);
        return new Announcement(
                Optional.of(version),
                move,
                Optional.of(decision(candidate, true, number, String.join("; ", said), now)));
    }

    /** Refuses a candidate: a line in the publishing log, and nothing moves. */
    static Announcement refuse(CheckpointCandidate candidate, String reason, Instant now) {
        return Announcement.of(decision(candidate, false, null, reason, now));
    }

    /** Refuses a record that cannot be decoded, a candidate or a command. */
    static Announcement refuseUndecodable(String model, String problem, Instant now) {
        PublishingDecision decision = PublishingDecision.newBuilder()
                .setModel(model)
                .setCandidate("")
                .setCandidateDigest("")
                .setAccepted(false)
                .setReason(problem)
                .setDecidedAt(now)
                .build();
        return Announcement.of(decision);
    }

    /**
     * Takes a version out of the topics that nobody needs any more. Its folder may be deleted a while after that; its
     * number is not given again.
     *
     * @param reason why it may go
     */
    static PublishingDecision retire(CheckpointVersion version, String reason, Instant now) {
        return PublishingDecision.newBuilder()
                .setModel(version.getModel())
                .setCandidate("")
                .setCandidateDigest(version.getCandidateDigest())
                .setAccepted(true)
                .setVersion(version.getVersion())
                .setReason(reason)
                .setDecidedAt(now)
                .setAction(CheckpointKeys.RETIRE)
                .build();
    }

    /** Passes over a candidate that is a version already. It is logged once, however often it is repeated. */
    static Announcement skip(LineState line, CheckpointCandidate candidate, long version, Instant now) {
        return line.isRepeatLogged(candidate.getDigest())
                ? Announcement.NOTHING
                : Announcement.of(decision(candidate, false, version, "already published as version " + version, now));
    }

    /**
     * The offsets of the triples trained since the parent, per "topic-partition": from where the parent stopped (0 for a
     * partition it had not seen) up to the candidate's next offset. Empty for a candidate from before the parent's end.
     */
    static Map<String, OffsetRange> offsetsSince(Optional<CheckpointVersion> parent, Map<String, Long> nextOffsets) {
        Map<String, OffsetRange> ranges = new TreeMap<>();
        nextOffsets.forEach((partition, next) -> {
            OffsetRange before =
                    parent.map(version -> version.getOffsets().get(partition)).orElse(null);
            long from = before == null ? 0 : Math.min(before.getTo(), next);
            ranges.put(
                    partition,
                    OffsetRange.newBuilder().setFrom(from).setTo(next).build());
        });
        return ranges;
    }

    private static CheckpointAlias moveLatest(
            Optional<CheckpointAlias> latest, CheckpointVersion version, Instant now) {
        return CheckpointAlias.newBuilder()
                .setModel(version.getModel())
                .setAlias(CheckpointKeys.LATEST)
                .setVersion(version.getVersion())
                .setDigest(version.getDigest())
                .setLocation(version.getLocation())
                .setSequence(latest.map(CheckpointAlias::getSequence).orElse(0L) + 1)
                .setHeld(false)
                .setActor(ACTOR)
                .setReason("new version")
                .setMovedAt(now)
                .build();
    }

    private static PublishingDecision decision(
            CheckpointCandidate candidate, boolean accepted, @Nullable Long version, String reason, Instant now) {
        return PublishingDecision.newBuilder()
                .setModel(candidate.getModel())
                .setCandidate(candidate.getCandidate())
                .setCandidateDigest(candidate.getDigest())
                .setAccepted(accepted)
                .setVersion(version)
                .setReason(reason)
                .setDecidedAt(now)
                .build();
    }
}
