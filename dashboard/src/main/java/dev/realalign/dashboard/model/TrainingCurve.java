package dev.realalign.dashboard.model;

import dev.realalign.schemas.AlarmRaised;
import dev.realalign.schemas.BatchPlanned;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.PlanEnded;
import dev.realalign.schemas.RecordsSkipped;
import dev.realalign.schemas.ReferenceRefreshed;
import dev.realalign.schemas.Rewound;
import dev.realalign.schemas.SessionBegun;
import dev.realalign.schemas.StageSwitched;
import dev.realalign.schemas.StepDone;
import dev.realalign.schemas.TrainingResumed;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;
import org.jspecify.annotations.Nullable;

/**
 * The newest steps of a line's training, folded from its ledger: measures, what they waited for, and what happened
 * between them. Not for use by several threads at once.
 *
 * <p>The idle time of a step is the time between the result of the step before and its own plan, since a plan is written
 * as soon as its triples are there; the rest of the time to its result is work.
 */
final class TrainingCurve {
    /** Steps kept. */
    static final int STEPS = 8_192;

    /** Marks kept. */
    static final int MARKS = 200;

    /** Measures shown, by their names in the ledger. */
    static final List<String> MEASURES = List.of(
            "margin", "implicit_accuracy", "d_w", "d_l", "gradient_factor", "learning_rate", "loss", "gradient_norm");

    private final ArrayDeque<Step> steps = new ArrayDeque<>();
    private final ArrayDeque<Mark> marks = new ArrayDeque<>();
    private @Nullable BatchPlanned open;
    private @Nullable Instant plannedAt;
    private @Nullable Instant doneAt;
    private @Nullable String objective;
    private @Nullable Pause pause;
    private long trained;
    private long entries;

    /**
     * A step.
     *
     * @param values in the order of {@link #MEASURES}; NaN where the ledger has none
     */
    private record Step(long step, Instant at, boolean applied, double[] values, long idleMs, long wholeMs) {}

    /**
     * Something that happened between steps.
     *
     * @param step last step before it
     * @param kind session, rewound, stage, reference, objective, refused-step, alarm, resumed, ended, or other for what has no kind of its own
     * @param label in words
     */
    record Mark(long step, Instant at, String kind, String label) {}

    /**
     * Why a trainer that is there takes no step.
     *
     * @param isOver whether its plan is over; else it rests after an alarm until somebody resumes it
     * @param step last step before
     * @param reason in words
     */
    record Pause(boolean isOver, long step, Instant since, String reason) {}

    /** Takes the next entry of the ledger. */
    void take(LedgerEntry entry) {
        Object what = entry.getEntry();
        Instant at = entry.getWrittenAt();
        entries++;
        if (what instanceof BatchPlanned plan) {
            open = plan;
            plannedAt = at;
            pause = null;
            String now = plan.getObjective();
            if (objective != null && !objective.equals(now)) {
                mark(plan.getStep() - 1, at, "objective", Texts.shortened(now, 200));
            }
            objective = now;
        } else if (what instanceof StepDone done) {
            take(done, at);
        } else if (what instanceof SessionBegun session) {
            open = null;
            plannedAt = null;
            doneAt = null;
            mark(session.getStep(), at, "session", "session " + entry.getSession() + " of " + session.getTrainer());
        } else if (what instanceof Rewound rewound) {
            pause = pause != null && pause.isOver() ? null : pause;
            mark(
                    rewound.getStep(),
                    at,
                    "rewound",
                    "rewound to step " + rewound.getToStep() + ": " + rewound.getReason());
        } else if (what instanceof StageSwitched switched) {
            objective = switched.getObjective();
            mark(
                    switched.getStep(),
                    at,
                    "stage",
                    "stage " + switched.getStage() + ": " + objective + " (" + switched.getReason() + ")");
        } else if (what instanceof ReferenceRefreshed refreshed) {
            mark(refreshed.getStep(), at, "reference", "the reference is version " + refreshed.getVersion());
        } else if (what instanceof AlarmRaised alarm) {
            String reason = alarm.getKind() + ": " + alarm.getExplanation();
            mark(alarm.getStep(), at, "alarm", "alarm " + reason);
            pause = alarm.getPaused() ? new Pause(false, alarm.getStep(), at, reason) : pause;
        } else if (what instanceof TrainingResumed resumed) {
            pause = null;
            mark(resumed.getStep(), at, "resumed", "resumed by " + resumed.getActor());
        } else if (what instanceof PlanEnded ended) {
            pause = new Pause(true, ended.getStep(), at, ended.getReason());
            mark(ended.getStep(), at, "ended", "the plan is over: " + ended.getReason());
        } else if (what instanceof IndexedRecord other && !(what instanceof RecordsSkipped)) {
            takeOther(other, at);
        }
    }

    /** Why training pauses, if it does. */
    Optional<Pause> pause() {
        return Optional.ofNullable(pause);
    }

    /** An entry that this page knows nothing more about is shown by its name, with its step and reason where it has such. */
    private void takeOther(IndexedRecord entry, Instant at) {
        String name = entry.getSchema()
                .getName()
                .replaceAll("(?<=[a-z])(?=[A-Z])", " ")
                .toLowerCase(Locale.ROOT);
        Long last = lastStep();
        long step = field(entry, "step") instanceof Long own ? own : last == null ? 0 : last;
        Object reason = field(entry, "reason");
        mark(step, at, "other", reason == null ? name : name + ": " + reason);
    }

    private static @Nullable Object field(IndexedRecord entry, String name) {
        Schema.Field field = entry.getSchema().getField(name);
        return field == null ? null : entry.get(field.pos());
    }

    private void take(StepDone done, Instant at) {
        double[] values = new double[MEASURES.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = done.getMetrics().getOrDefault(MEASURES.get(i), Double.NaN);
        }
        long idle = 0;
        long whole = 0;
        if (doneAt != null && plannedAt != null) {
            idle = Math.max(0, Duration.between(doneAt, plannedAt).toMillis());
            whole = Math.max(idle, Duration.between(doneAt, at).toMillis());
        }
        if (open != null && open.getStep() == done.getStep()) {
            trained += open.getMembers().size();
        }
        steps.addLast(new Step(done.getStep(), at, done.getApplied(), values, idle, whole));
        if (steps.size() > STEPS) {
            steps.removeFirst();
        }
        if (!done.getApplied()) {
            mark(done.getStep(), at, "refused-step", "loss or gradient of step " + done.getStep() + " was not finite");
        }
        open = null;
        doneAt = at;
    }

    private void mark(long step, Instant at, String kind, String label) {
        marks.addLast(new Mark(step, at, kind, Texts.shortened(label, 300)));
        if (marks.size() > MARKS) {
            marks.removeFirst();
        }
    }

    /** Triples of the steps read so far. */
    long trained() {
        return trained;
    }

    /** Grows with every entry. */
    long entries() {
        return entries;
    }

    /** Step being trained, absent while the trainer waits for triples. */
    @Nullable
    Long openStep() {
        return open == null ? null : open.getStep();
    }

    /** Last finished step, absent before the first. */
    @Nullable
    Long lastStep() {
        return steps.isEmpty() ? null : steps.getLast().step();
    }

    /** When the last step was finished. */
    @Nullable
    Instant lastDoneAt() {
        return steps.isEmpty() ? null : steps.getLast().at();
    }

    /** Steps among the newest so many whose loss or gradient was not finite. */
    long notApplied(int newest) {
        return steps.stream()
                .skip(Math.max(0, steps.size() - newest))
                .filter(step -> !step.applied())
                .count();
    }

    /** Share of the time spent waiting for triples over the newest steps, absent before it is known. */
    OptionalDouble idleRatio(int newest) {
        long idle = 0;
        long whole = 0;
        int skip = Math.max(0, steps.size() - newest);
        for (Step step : steps) {
            if (skip-- > 0) {
                continue;
            }
            idle += step.idleMs();
            whole += step.wholeMs();
        }
        return whole == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) idle / whole);
    }

    /**
     * The curve in at most so many points, each the mean of as many steps.
     *
     * @param step last step of each point
     * @param at when it was finished, epoch milliseconds
     * @param measures values by name; null where nothing was measured
     * @param idle share of the time spent waiting for triples; null where unknown
     * @param marks what happened between steps
     * @param objective what is minimised, as the newest plan says; null before the first
     * @param stepsPerPoint steps behind a point
     */
    record View(
            List<Long> step,
            List<Long> at,
            Map<String, List<@Nullable Double>> measures,
            List<@Nullable Double> idle,
            List<Mark> marks,
            @Nullable String objective,
            int stepsPerPoint) {}

    View view(int points) {
        int each = Math.max(1, (steps.size() + points - 1) / points);
        List<Long> step = new ArrayList<>();
        List<Long> at = new ArrayList<>();
        List<@Nullable Double> idle = new ArrayList<>();
        Map<String, List<@Nullable Double>> measures = new LinkedHashMap<>();
        MEASURES.forEach(name -> measures.put(name, new ArrayList<>()));
        List<Step> bucket = new ArrayList<>();
        int left = steps.size();
        for (Step next : steps) {
            bucket.add(next);
            left--;
            if (bucket.size() == each || left == 0) {
                step.add(next.step());
                at.add(next.at().toEpochMilli());
                for (int i = 0; i < MEASURES.size(); i++) {
                    int measure = i;
                    OptionalDouble mean = bucket.stream()
                            .mapToDouble(s -> s.values()[measure])
                            .filter(Double::isFinite)
                            .average();
                    measures.getOrDefault(MEASURES.get(i), new ArrayList<>())
                            .add(mean.isPresent() ? mean.getAsDouble() : null);
                }
                long whole = bucket.stream().mapToLong(Step::wholeMs).sum();
                long waited = bucket.stream().mapToLong(Step::idleMs).sum();
                idle.add(whole == 0 ? null : (double) waited / whole);
                bucket.clear();
            }
        }
        return new View(step, at, measures, idle, List.copyOf(marks), objective, each);
    }
}
