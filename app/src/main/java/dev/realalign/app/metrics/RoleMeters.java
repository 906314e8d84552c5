package dev.realalign.app.metrics;

import dev.realalign.curator.CurationCounts;
import dev.realalign.curator.gate.Reason;
import dev.realalign.generator.answer.AnswerCounts;
import dev.realalign.publisher.PublishingStep;
import dev.realalign.runtime.Service;
import dev.realalign.subscriber.SubscriberState;
import dev.realalign.trainer.learn.HeldOutMeasure;
import dev.realalign.trainer.learn.StepMetrics;
import dev.realalign.trainer.loop.Alarm;
import dev.realalign.trainer.loop.TrainerProgress;
import dev.realalign.trainer.triple.SkipReason;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** Where the numbers of the roles' meters come from. */
public final class RoleMeters {
    private RoleMeters() {}

    /** The state of a service. */
    public static void service(Meters meters, Service service) {
        for (Service.State state : Service.State.values()) {
            meters.gauge(
                    MeterCatalogue.SERVICE_STATE, () -> service.state() == state ? 1 : 0, service.name(), state.name());
        }
    }

    /** A curator's verdicts. */
    public static void curator(Meters meters, CurationCounts counts) {
        meters.counter(MeterCatalogue.IMAGES, counts::accepted, "accepted", "");
        meters.counter(MeterCatalogue.ANSWERS_DROPPED, counts::answersDropped);
        meters.counter(MeterCatalogue.DEADLINES_PASSED, counts::deadlinesPassed);
        for (Reason reason : Reason.values()) {
            meters.counter(
                    MeterCatalogue.IMAGES, () -> counts.rejected().getOrDefault(reason, 0L), "rejected", reason.name());
            if (reason.defaultMode().isPresent()) {
                meters.counter(MeterCatalogue.SHADOW, () -> counts.shadowed().getOrDefault(reason, 0L), reason.name());
            }
        }
    }

    /** A generator's answers. */
    public static void generator(Meters meters, Supplier<AnswerCounts.Numbers> counts) {
        meters.counter(MeterCatalogue.NEGATIVES, () -> counts.get().made());
        meters.counter(MeterCatalogue.REFUSALS, () -> counts.get().refused());
        meters.counter(MeterCatalogue.LATE, () -> counts.get().late());
        meters.counter(MeterCatalogue.UNDECODABLE, () -> counts.get().undecodable());
    }

    /** A trainer's progress. */
    public static void trainer(Meters meters, Supplier<Optional<TrainerProgress>> progress) {
        Counting<TrainerProgress> count = (meter, value) -> meters.counter(
                meter, () -> progress.get().map(p -> value.applyAsDouble(p)).orElse(0.0));
        count.of(MeterCatalogue.STEPS, TrainerProgress::step);
        count.of(MeterCatalogue.TRIPLES, TrainerProgress::triples);
        count.of(MeterCatalogue.NOT_APPLIED, TrainerProgress::notApplied);
        count.of(MeterCatalogue.CANDIDATES, TrainerProgress::candidates);
        for (SkipReason reason : SkipReason.values()) {
            meters.counter(
                    MeterCatalogue.SKIPPED,
                    () -> progress.get()
                            .map(p -> (double) p.skipped().getOrDefault(reason, 0L))
                            .orElse(0.0),
                    reason.name());
        }
        Counting<TrainerProgress> now = gauges(meters, progress, Function.identity());
        now.of(MeterCatalogue.CANDIDATE_STEP, TrainerProgress::candidateStep);
        now.of(MeterCatalogue.OPEN_PAIRS, TrainerProgress::open);
        now.of(MeterCatalogue.PAIRS_PER_SECOND, TrainerProgress::pairsPerSecond);
        now.of(MeterCatalogue.IDLE_RATIO, TrainerProgress::idleRatio);
        now.of(MeterCatalogue.SESSION, TrainerProgress::session);
        now.of(MeterCatalogue.HELD_OUT_PAIRS, TrainerProgress::heldOutPairs);
        now.of(MeterCatalogue.HEADROOM, RoleMeters::headroomSeconds);
        now.of(MeterCatalogue.RESERVOIR, TrainerProgress::reservoir);
        now.of(MeterCatalogue.REFERENCE_STEP, TrainerProgress::referenceStep);
        for (Alarm.Kind alarm : Alarm.Kind.values()) {
            meters.gauge(
                    MeterCatalogue.RESTING,
                    () -> progress.get()
                            .map(p -> alarm.name().equals(p.alarm()) ? 1.0 : 0.0)
                            .orElse(Double.NaN),
                    alarm.name());
        }
        Counting<StepMetrics> last = gauges(meters, progress, p -> p.flatMap(q -> Optional.ofNullable(q.last())));
        last.of(MeterCatalogue.LOSS, StepMetrics::loss);
        last.of(MeterCatalogue.MARGIN, StepMetrics::margin);
        last.of(MeterCatalogue.IMPLICIT_ACCURACY, StepMetrics::implicitAccuracy);
        last.of(MeterCatalogue.D_W, StepMetrics::dW);
        last.of(MeterCatalogue.D_L, StepMetrics::dL);
        last.of(MeterCatalogue.GRADIENT_FACTOR, StepMetrics::factor);
        last.of(MeterCatalogue.GRADIENT_NORM, StepMetrics::gradientNorm);
        last.of(MeterCatalogue.LEARNING_RATE, StepMetrics::learningRate);
        last.of(MeterCatalogue.ADAPTER_NORM, StepMetrics::adapterNorm);
        Counting<HeldOutMeasure> heldOut =
                gauges(meters, progress, p -> p.flatMap(q -> Optional.ofNullable(q.heldOut())));
        heldOut.of(MeterCatalogue.HELD_OUT_RATIO, HeldOutMeasure::preferredRatio);
        heldOut.of(MeterCatalogue.HELD_OUT_MARGIN, HeldOutMeasure::margin);
    }

    /** Registers the meter of one number of a thing. */
    @FunctionalInterface
    private interface Counting<T> {
        void of(Meter meter, ToDoubleFunction<T> value);
    }

    private static <T> Counting<T> gauges(
            Meters meters,
            Supplier<Optional<TrainerProgress>> progress,
            Function<Optional<TrainerProgress>, Optional<T>> part) {
        return (meter, value) -> meters.gauge(meter, () -> part.apply(progress.get())
                .map(p -> value.applyAsDouble(p))
                .orElse(Double.NaN));
    }

    private static double headroomSeconds(TrainerProgress progress) {
        Duration headroom = progress.headroom();
        return headroom == null ? Double.NaN : headroom.toMillis() / 1000.0;
    }

    /** A publisher's boundaries. */
    public static void publisher(Meters meters, PublishingCounts counts) {
        for (PublishingStep step : PublishingStep.values()) {
            meters.counter(MeterCatalogue.PUBLISHING_STEPS, () -> counts.of(step), step.name());
        }
    }

    /** How a subscriber fares. */
    public static void subscriber(Meters meters, String model, Supplier<SubscriberState> state, InstantSource clock) {
        meters.gauge(
                MeterCatalogue.SUBSCRIBER_VERSION,
                () -> state.get().current().map(v -> (double) v.version()).orElse(Double.NaN),
                model);
        meters.gauge(
                MeterCatalogue.SUBSCRIBER_AGE,
                () -> state.get()
                        .current()
                        .map(v -> Math.max(
                                0,
                                Duration.between(v.announcedAt(), clock.instant())
                                                .toMillis()
                                        / 1000.0))
                        .orElse(Double.NaN),
                model);
        meters.gauge(MeterCatalogue.SUBSCRIBER_WAITING, () -> state.get().waiting(), model);
        meters.gauge(
                MeterCatalogue.SUBSCRIBER_FAILURES,
                () -> state.get().trouble().map(t -> (double) t.failures()).orElse(0.0),
                model);
    }
}
