package dev.realalign.app.metrics;

import dev.realalign.app.flow.Flow;
import dev.realalign.curator.CurationCounts;
import dev.realalign.generator.answer.AnswerCounts;
import dev.realalign.publisher.PublishingStep;
import dev.realalign.runtime.LagEvaluation;
import dev.realalign.runtime.LagReport;
import dev.realalign.runtime.LagSample;
import dev.realalign.runtime.LagSample.PartitionRange;
import dev.realalign.runtime.LagStatus;
import dev.realalign.runtime.LagTrend;
import dev.realalign.runtime.PartitionLag;
import dev.realalign.runtime.PartitionLag.Owner;
import dev.realalign.runtime.PartitionLag.SecondsFrom;
import dev.realalign.runtime.Service;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.SubscriberStatus;
import dev.realalign.schemas.TrustedRecords;
import dev.realalign.subscriber.SubscriberState;
import dev.realalign.trainer.learn.StepMetrics;
import dev.realalign.trainer.loop.TrainerProgress;
import dev.realalign.trainer.stage.StageMark;
import dev.realalign.trainer.triple.SkipReason;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;

/** The meters of every role in one process, over numbers of a made-up moment. */
final class EveryMeter {
    static final Instant NOW = Instant.ofEpochSecond(1_000);

    private EveryMeter() {}

    static Meters registered() {
        TrustedRecords.allow();
        Meters meters = new Meters();
        RoleMeters.service(meters, new IdleService());
        RoleMeters.curator(meters, new CurationCounts());
        RoleMeters.generator(meters, new AnswerCounts()::numbers);
        RoleMeters.trainer(meters, () -> Optional.of(progress()));
        PublishingCounts counts = new PublishingCounts();
        counts.passed(PublishingStep.COMMITTED);
        RoleMeters.publisher(meters, counts);
        RoleMeters.subscriber(
                meters,
                "m",
                () -> new SubscriberState(Optional.empty(), true, 2, Optional.empty()),
                InstantSource.fixed(NOW));
        LagMeters.register(meters, () -> Optional.of(report()), InstantSource.fixed(NOW.plusSeconds(7)));
        Flow flow = FlowMeters.register(meters, InstantSource.fixed(NOW));
        flow.take(
                CheckpointVersion.newBuilder()
                        .setModel("m")
                        .setVersion(1)
                        .setDigest("d")
                        .setLocation("file:///v")
                        .setCandidateDigest("c")
                        .setStep(1)
                        .setTriples(1)
                        .setOffsets(Map.of())
                        .setCandidateCreatedAt(NOW)
                        .setPublishedAt(NOW.minusSeconds(30))
                        .build(),
                0,
                0,
                NOW);
        flow.take(
                SubscriberStatus.newBuilder()
                        .setSubscriber("painter")
                        .setModel("m")
                        .setFollows("alias latest")
                        .setReportedAt(NOW)
                        .build(),
                0,
                0,
                NOW);
        return meters;
    }

    private static TrainerProgress progress() {
        return new TrainerProgress(
                12,
                new StageMark(1, 2, "dro"),
                96,
                Map.of(SkipReason.values()[0], 3L),
                1,
                2,
                10,
                new TreeMap<>(Map.of(0, 100L)),
                4,
                new StepMetrics(
                        8,
                        0.69,
                        1.0,
                        2.0,
                        1.1,
                        1.9,
                        0.75,
                        0.5,
                        1.0,
                        0.1,
                        1e-3,
                        1.0,
                        true,
                        Collections.emptySortedMap()),
                null,
                5,
                3.5,
                0.25,
                Duration.ofHours(2),
                3,
                "",
                "",
                40,
                4,
                "HELD_OUT_RATIO",
                "HELD_OUT_RATIO at step 12: too large");
    }

    private static LagReport report() {
        PartitionLag behind = new PartitionLag(
                "realalign-curator",
                "real-images",
                0,
                OptionalLong.of(40),
                100,
                OptionalLong.of(60),
                OptionalDouble.of(12.5),
                SecondsFrom.SAMPLED,
                Optional.of(new Owner("m-1", "c-1", "10.0.0.1")));
        PartitionLag unknown = new PartitionLag(
                "realalign-curator",
                "real-images",
                1,
                OptionalLong.empty(),
                100,
                OptionalLong.empty(),
                OptionalDouble.empty(),
                SecondsFrom.UNKNOWN,
                Optional.empty());
        LagSample sample = new LagSample(
                NOW,
                List.of(behind, unknown),
                List.of(new PartitionRange("real-images", 0, 5, 100), new PartitionRange("real-images", 1, 0, 100)),
                Map.of("realalign-curator", 1),
                3);
        return new LagReport(
                sample,
                List.of(
                        new LagEvaluation(
                                behind, LagStatus.OK, LagTrend.SHRINKING, OptionalDouble.of(-2), OptionalDouble.of(30)),
                        new LagEvaluation(
                                unknown,
                                LagStatus.NO_COMMIT,
                                LagTrend.UNKNOWN,
                                OptionalDouble.empty(),
                                OptionalDouble.empty())),
                Duration.ofMillis(250));
    }

    /** A service at work. */
    private static final class IdleService implements Service {
        @Override
        public String name() {
            return "curator";
        }

        @Override
        public void start() {}

        @Override
        public State state() {
            return State.RUNNING;
        }

        @Override
        public Optional<Throwable> failure() {
            return Optional.empty();
        }

        @Override
        public boolean await(Duration timeout) {
            return false;
        }

        @Override
        public void close() {}
    }
}
