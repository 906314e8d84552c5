package dev.realalign.dashboard.model;

import dev.realalign.dashboard.model.Alarm.Level;
import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.SubscriberStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What is an alarm and what to do about it. */
final class AlarmRules {
    private static final int REFUSALS_THAT_ARE_BAD = 3;
    private static final long STEPS_LOOKED_AT = 50;
    private static final double REJECTED_SHARE = 0.5;
    private static final long REJECTIONS_WORTH_A_WORD = 20;
    private static final Duration SILENCE = Duration.ofMinutes(5);

    private AlarmRules() {}

    /**
     * What the rules look at.
     *
     * @param brokers where the brokers are
     * @param registryUrl where the registry is
     * @param lags lag of every group and topic
     * @param missingSince since when a stage runs nowhere, for those of which that is known
     * @param notApplied steps among the newest {@value #STEPS_LOOKED_AT} that changed nothing
     * @param pause why training pauses, if it does
     * @param judged records of real-images that were judged, absent when unknown
     * @param undecodable records that could not be decoded
     */
    record Facts(
            String brokers,
            String registryUrl,
            Reachability broker,
            Reachability registry,
            List<GroupLag> lags,
            Map<Stage, Instant> missingSince,
            VersionBook versions,
            RejectionTally.View rejections,
            long notApplied,
            Optional<TrainingCurve.Pause> pause,
            OptionalLong judged,
            long undecodable) {}

    static List<Alarm> alarms(Facts facts, Instant now) {
        List<Alarm> alarms = new ArrayList<>();
        reachability(facts, alarms);
        if (!facts.broker().isDown()) {
            stages(facts, alarms);
        }
        publishing(facts, alarms);
        subscribers(facts, now, alarms);
        training(facts, alarms);
        rejections(facts, alarms);
        alarms.sort(Comparator.comparing(Alarm::level));
        return alarms;
    }

    private static void reachability(Facts facts, List<Alarm> alarms) {
        if (facts.broker().isDown()) {
            alarms.add(new Alarm(
                    "broker",
                    Level.BAD,
                    "The broker does not answer",
                    facts.broker().trouble(),
                    "Start the broker at " + facts.brokers()
                            + ", or correct bootstrap.servers. This page goes on by itself once it answers.",
                    facts.broker().since()));
        }
        if (facts.registry().isDown()) {
            alarms.add(new Alarm(
                    "registry",
                    Level.BAD,
                    "The schema registry does not answer",
                    facts.registry().trouble(),
                    "Start the registry at " + facts.registryUrl()
                            + ". Running roles go on with the schemas they know; new ones cannot start.",
                    facts.registry().since()));
        }
        if (facts.undecodable() > 0) {
            alarms.add(new Alarm(
                    "undecodable",
                    Level.WARN,
                    "Records cannot be decoded",
                    facts.undecodable() + " records of the topics this page reads are left out.",
                    "Check that " + facts.registryUrl() + " is the registry this cluster is used with.",
                    null));
        }
    }

    private static void stages(Facts facts, List<Alarm> alarms) {
        Map<Stage, GroupLag> byStage = new EnumMap<>(Stage.class);
        facts.lags().forEach(lag -> Stage.reading(lag.topic()).ifPresent(stage -> byStage.put(stage, lag)));
        for (Stage stage : Stage.values()) {
            GroupLag lag = byStage.get(stage);
            boolean absent = facts.missingSince().containsKey(stage);
            long waiting = lag == null || lag.records() == null ? 0 : lag.records();
            String waits = "%,d %s wait".formatted(waiting, stage.what());
            if (absent) {
                alarms.add(new Alarm(
                        "missing-" + stage.role(),
                        waiting == 0 ? Level.INFO : stage.dispensable() ? Level.WARN : Level.BAD,
                        "The " + stage.role() + " is not running",
                        waiting > 0 ? waits + " for it." : "No process is a member of its group. Nothing waits for it.",
                        "Start it: " + stage.command()
                                + (stage.dispensable()
                                        ? ". Without it the curator waits for its deadline and then makes perturbations."
                                        : ". It goes on where it stopped."),
                        facts.missingSince().get(stage)));
            } else if (lag != null && !(stage == Stage.TRAINER && facts.pause().isPresent())) {
                standing(stage, lag, waits, alarms);
            }
        }
    }

    private static void standing(Stage stage, GroupLag lag, String waits, List<Alarm> alarms) {
        switch (lag.status()) {
            case STALLED -> alarms.add(new Alarm(
                    "stall-" + stage.role(),
                    Level.BAD,
                    "The " + stage.role() + " stands still",
                    waits + " and it commits nothing.",
                    "Read its log. If it hangs, end it and start it again; nothing is lost.",
                    null));
            case STOPPED -> alarms.add(new Alarm(
                    "stall-" + stage.role(),
                    Level.BAD,
                    "The " + stage.role() + " has stopped",
                    waits + ", nobody reads them and nothing is committed any more.",
                    "Read its log, and start it if it does not run: " + stage.command()
                            + ". It goes on where it stopped.",
                    null));
            case REWIND -> alarms.add(new Alarm(
                    "rewind-" + stage.role(),
                    Level.WARN,
                    "The " + stage.role() + " reads records again",
                    "Its committed offset in " + lag.topic() + " went back.",
                    "If nobody reset it, look into its log: the topic may have been made anew.",
                    null));
            case WARNING -> alarms.add(new Alarm(
                    "behind-" + stage.role(),
                    Level.WARN,
                    "The " + stage.role() + " falls behind",
                    waits + ", the oldest for " + span(lag.seconds()) + ", and its lag has not fallen for a minute.",
                    stage == Stage.TRAINER
                            ? "Feed more slowly, give the trainer a faster machine, or accept that it lags."
                            : "Start another " + stage.role() + ", or feed more slowly.",
                    null));
            case OK, NO_COMMIT, UNKNOWN -> {}
        }
    }

    private static void publishing(Facts facts, List<Alarm> alarms) {
        List<PublishingDecision> row = facts.versions().refusedInARow();
        if (!row.isEmpty()) {
            PublishingDecision last = row.get(row.size() - 1);
            alarms.add(new Alarm(
                    "refused",
                    row.size() >= REFUSALS_THAT_ARE_BAD ? Level.BAD : Level.WARN,
                    row.size() == 1
                            ? "The newest candidate was refused"
                            : "The newest " + row.size() + " candidates were refused",
                    Texts.shortened(last.getCandidate() + ": " + last.getReason(), 1_000),
                    "Subscribers keep the last good version. Look at the training curves; if the model drifts, go back with"
                            + " ./realalign checkpoints rollback --training.",
                    row.get(0).getDecidedAt()));
        }
        for (CheckpointAlias alias : facts.versions().held()) {
            alarms.add(new Alarm(
                    "held-" + alias.getAlias(),
                    Level.INFO,
                    "Alias " + alias.getAlias() + " is held at version " + alias.getVersion(),
                    Texts.shortened(alias.getActor() + ": " + alias.getReason(), 400),
                    "Later versions do not move it until ./realalign checkpoints release.",
                    alias.getMovedAt()));
        }
    }

    private static void subscribers(Facts facts, Instant now, List<Alarm> alarms) {
        for (SubscriberStatus status : facts.versions().subscribers()) {
            String name = Texts.shortened(status.getSubscriber(), 100);
            if (status.getStopped()) {
                continue;
            }
            if (!status.getProblem().isEmpty()) {
                alarms.add(new Alarm(
                        "subscriber-" + name,
                        Level.WARN,
                        "Subscriber " + name + " cannot switch",
                        Texts.shortened(status.getProblem(), 400),
                        "It goes on serving "
                                + (status.getVersion() == null ? "nothing" : "version " + status.getVersion())
                                + ". See to what it names; it tries again by itself.",
                        status.getReportedAt()));
            } else if (Duration.between(status.getReportedAt(), now).compareTo(SILENCE) > 0) {
                alarms.add(new Alarm(
                        "silent-" + name,
                        Level.INFO,
                        "Subscriber " + name + " is silent",
                        "It has not reported for more than " + SILENCE.toMinutes() + " minutes.",
                        "If it was ended by force, nothing is wrong; else look whether it still runs.",
                        status.getReportedAt()));
            }
        }
    }

    private static void training(Facts facts, List<Alarm> alarms) {
        facts.pause()
                .ifPresent(pause -> alarms.add(
                        pause.isOver()
                                ? new Alarm(
                                        "plan-over",
                                        Level.INFO,
                                        "The training plan is over",
                                        "After step " + pause.step() + ": " + Texts.shortened(pause.reason(), 1_000)
                                                + ". What still comes stays in the topic.",
                                        "Add a stage to trainer.stages and start the trainer again, or end the roles.",
                                        pause.since())
                                : new Alarm(
                                        "rests",
                                        Level.BAD,
                                        "Training rests after an alarm",
                                        "At step " + pause.step() + ", "
                                                + Texts.shortened(pause.reason(), 1_000)
                                                + ". It went back to the last good weights.",
                                        "Look at the curves and mend the cause, such as the learning rate; then start the"
                                                + " trainer once with ./realalign train --resume.",
                                        pause.since())));
        if (facts.notApplied() > 0) {
            alarms.add(new Alarm(
                    "not-finite",
                    Level.BAD,
                    "Training steps are thrown away",
                    facts.notApplied() + " of the newest " + STEPS_LOOKED_AT
                            + " steps had a loss or gradient that is not finite.",
                    "Lower the learning rate or beta; if it goes on, roll training back to a good version.",
                    null));
        }
    }

    private static void rejections(Facts facts, List<Alarm> alarms) {
        if (facts.judged().isEmpty() || !facts.rejections().complete()) {
            return;
        }
        long judged = facts.judged().getAsLong();
        long rejected = facts.rejections().read();
        if (judged > 0 && rejected >= REJECTIONS_WORTH_A_WORD && (double) rejected / judged > REJECTED_SHARE) {
            RejectionTally.Reason most = facts.rejections().reasons().get(0);
            alarms.add(new Alarm(
                    "rejected-share",
                    Level.WARN,
                    "Most pictures are rejected",
                    String.format(
                            Locale.ROOT,
                            "%.0f %% of the judged pictures, most of them (%,d) as %s.",
                            100.0 * rejected / judged,
                            most.count(),
                            most.reason()),
                    "Look at the examples below. docs/curation.md explains every reason and its setting.",
                    null));
        }
    }

    private static String span(@Nullable Double seconds) {
        if (seconds == null) {
            return "an unknown time";
        }
        return seconds < 90 ? Math.round(seconds) + " s" : Math.round(seconds / 60) + " min";
    }
}
