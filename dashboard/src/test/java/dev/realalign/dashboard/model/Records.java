package dev.realalign.dashboard.model;

import dev.realalign.runtime.LagEvaluation;
import dev.realalign.runtime.LagReport;
import dev.realalign.runtime.LagSample;
import dev.realalign.runtime.LagStatus;
import dev.realalign.runtime.LagTrend;
import dev.realalign.runtime.PartitionLag;
import dev.realalign.schemas.BatchPlanned;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.Digest;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.LedgerMember;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.SessionBegun;
import dev.realalign.schemas.StepDone;
import dev.realalign.schemas.SubscriberStatus;
import dev.realalign.schemas.Topics;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Records and samples as the services write them, with what a test cares about. */
final class Records {
    static final String MODEL = "tiny";
    static final Instant START = Instant.parse("2026-01-02T00:00:00Z");
    static final StageGroups GROUPS = new StageGroups(Map.of(
            Stage.CURATOR, "realalign-curator",
            Stage.GENERATOR, "realalign-generators",
            Stage.TRAINER, "realalign-trainer-tiny",
            Stage.PUBLISHER, "realalign-publisher-tiny"));
    private static final String HEX = "ab".repeat(32);
    private static final Digest DIGEST = new Digest(new byte[32]);

    static {
        // touching the catalogue lets Avro build our records
        Topics.all();
    }

    private Records() {}

    static StreamState state() {
        return new StreamState(MODEL, GROUPS, "broker:9092", "http://registry", 1_000_000, START);
    }

    static LedgerEntry entry(Instant at, Object what) {
        return LedgerEntry.newBuilder()
                .setModel(MODEL)
                .setPosition(0)
                .setSession(1)
                .setWrittenAt(at)
                .setEntry(what)
                .build();
    }

    static LedgerEntry planned(long step, int members, String objective, Instant at) {
        return entry(
                at,
                BatchPlanned.newBuilder()
                        .setStep(step)
                        .setMembers(Collections.nCopies(members, new LedgerMember(DIGEST, DIGEST, 0, 1L)))
                        .setNextOffsets(List.of(1L))
                        .setClosing("SIZE")
                        .setObjective(objective)
                        .setSeed(1)
                        .setReference(DIGEST)
                        .setChain(DIGEST)
                        .build());
    }

    static LedgerEntry done(long step, boolean applied, Map<String, Double> metrics, Instant at) {
        return entry(at, new StepDone(step, applied, metrics));
    }

    static LedgerEntry session(long step, Instant at) {
        return entry(at, new SessionBegun("host 1", null, step));
    }

    static PreferenceTriple triple(String caption, int bytes, Instant at) {
        return PreferenceTriple.newBuilder()
                .setImageId(HEX)
                .setCaption(caption)
                .setReal(ByteBuffer.wrap(new byte[bytes]))
                .setNegative(ByteBuffer.wrap(new byte[bytes]))
                .setWidth(32)
                .setHeight(32)
                .setKind("LOCAL_BLUR")
                .setStrength(0.5)
                .setSeed(1)
                .setRegion(new dev.realalign.schemas.Region(8, 16, 16, 8))
                .setRmsDifference(4)
                .setRecord(new RecordPosition(0, 1L))
                .setSource("folder/a.png")
                .setCuratorVersion("1")
                .setIngestTime(at)
                .setAcceptedAt(at)
                .build();
    }

    static ImageRejection rejection(String reason, long offset, Instant at) {
        return ImageRejection.newBuilder()
                .setImageId(HEX)
                .setReason(reason)
                .setEvidence("found something")
                .setRecord(new RecordPosition(0, offset))
                .setSource("folder/a.png")
                .setGateVersion("1")
                .setRejectedAt(at)
                .build();
    }

    static NegativeRequest request(Instant at) {
        return NegativeRequest.newBuilder()
                .setImageId(HEX)
                .setCaption("a")
                .setPicture(new BlobReference(HEX, 10L))
                .setRecord(new RecordPosition(0, 1L))
                .setKind("SDEDIT")
                .setResolution(32)
                .setSeed(1)
                .setRequestedAt(at)
                .setDeadline(at.plusSeconds(30))
                .build();
    }

    static CheckpointCandidate candidate(long step, Instant at) {
        return CheckpointCandidate.newBuilder()
                .setModel(MODEL)
                .setCandidate("step-" + step)
                .setDigest("digest-" + step)
                .setLocation("file:///x")
                .setStep(step)
                .setTriples(step * 8)
                .setNextOffsets(Map.of())
                .setMetrics(Map.of("held_out.margin", 0.25))
                .setCreatedAt(at)
                .build();
    }

    static CheckpointVersion version(long version, long step, Instant at) {
        return CheckpointVersion.newBuilder()
                .setModel(MODEL)
                .setVersion(version)
                .setDigest(HEX)
                .setLocation("file:///x")
                .setCandidateDigest("digest-" + step)
                .setStep(step)
                .setTriples(step * 8)
                .setOffsets(Map.of())
                .setCandidateCreatedAt(at.minusSeconds(2))
                .setPublishedAt(at)
                .build();
    }

    static PublishingDecision decision(long step, @Nullable Long version, String reason, Instant at) {
        return PublishingDecision.newBuilder()
                .setModel(MODEL)
                .setCandidate("step-" + step)
                .setCandidateDigest("digest-" + step)
                .setAccepted(version != null)
                .setVersion(version)
                .setReason(reason)
                .setDecidedAt(at)
                .build();
    }

    static SubscriberStatus status(String name, @Nullable Long version, String problem, Instant at) {
        return SubscriberStatus.newBuilder()
                .setSubscriber(name)
                .setModel(MODEL)
                .setFollows("alias latest")
                .setVersion(version)
                .setProblem(problem)
                .setReportedAt(at)
                .setStopped(false)
                .build();
    }

    /** A sample in which every stage has one partition with such a lag. */
    static LagReport report(Instant at, long end, long lag, LagStatus status, Map<String, Integer> members) {
        List<LagEvaluation> partitions = GROUPS.names().entrySet().stream()
                .map(stage -> new LagEvaluation(
                        new PartitionLag(
                                stage.getValue(),
                                stage.getKey().topic(),
                                0,
                                OptionalLong.of(end - lag),
                                end,
                                OptionalLong.of(lag),
                                OptionalDouble.of(lag == 0 ? 0 : 40),
                                PartitionLag.SecondsFrom.EXACT,
                                Optional.empty()),
                        status,
                        LagTrend.STEADY,
                        OptionalDouble.empty(),
                        OptionalDouble.empty()))
                .toList();
        return new LagReport(
                new LagSample(
                        at,
                        partitions.stream().map(LagEvaluation::lag).toList(),
                        List.of(new LagSample.PartitionRange(Stage.CURATOR.topic(), 0, 0, end)),
                        members,
                        1),
                partitions,
                Duration.ZERO);
    }

    static Map<String, Integer> allPresent() {
        return Map.of("realalign-curator", 1, "realalign-generators", 1, "realalign-trainer-tiny", 1);
    }
}
