package dev.realalign.trainer.loop;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.AlarmRaised;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.Measures;
import dev.realalign.schemas.PartitionName;
import dev.realalign.trainer.candidate.CandidateStore;
import dev.realalign.trainer.candidate.ReservoirStore;
import dev.realalign.trainer.learn.HeldOutMeasure;
import dev.realalign.trainer.learn.Learner;
import dev.realalign.trainer.learn.StepMetrics;
import dev.realalign.trainer.ledger.Ledger;
import dev.realalign.trainer.ledger.LedgerLog;
import dev.realalign.trainer.ledger.PublisherNews;
import dev.realalign.trainer.ledger.PublisherNews.GoodVersion;
import dev.realalign.trainer.ledger.RewindRequest;
import dev.realalign.trainer.plan.Batch;
import dev.realalign.trainer.plan.BatchPlan;
import dev.realalign.trainer.plan.BatchPlan.Closing;
import dev.realalign.trainer.plan.BatchPlanner;
import dev.realalign.trainer.plan.Delivery;
import dev.realalign.trainer.plan.Member;
import dev.realalign.trainer.plan.PassedOver;
import dev.realalign.trainer.plan.Skipped;
import dev.realalign.trainer.stage.StageMark;
import dev.realalign.trainer.triple.SkipReason;
import dev.realalign.trainer.triple.TrainingPair;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plans a batch, writes the plan into the ledger, trains it, and every so often writes a candidate and announces it. All of
 * its state is in the newest announced candidate and the ledger: whoever loads the one and repeats what the other planned
 * after it is where this loop was, to the bit.
 *
 * <p>One thread runs it; {@link #progress} may be called from any.
 */
public final class TrainingLoop {
    private static final Logger log = LoggerFactory.getLogger(TrainingLoop.class);
    private static final Duration HEADROOM_WARNING_EVERY = Duration.ofMinutes(1);

    private final LoopSettings settings;
    private final TripleSource source;
    private final Learner learner;
    private final CandidateStore store;
    private final LedgerLog ledgerLog;
    private final PublisherNews news;
    private final LongSupplier nanoTime;
    private final InstantSource clock;
    private final FlushRequest flush;
    private final CandidateWriter writer;
    private final ReservoirKeeper reservoir;
    private final List<RewindRequest> asked = new ArrayList<>();

    private final AtomicReference<@Nullable TrainerProgress> progress = new AtomicReference<>();
    private @Nullable SortedMap<Integer, Long> flushUntil;

    private @Nullable State begun;
    private String unreachable = "";
    private long candidateStep;
    private String ledgerSha256 = "";
    private String weightsSha256 = "";

    private final List<StepMetrics> sinceCandidate = new ArrayList<>();
    private int stageOfSteps;
    private final Map<SkipReason, Long> skipped = new EnumMap<>(SkipReason.class);
    private final Pace pace = new Pace();
    private long candidates;
    private long notApplied;
    private long headroomWarnedAt;
    private @Nullable StepMetrics last;
    private @Nullable HeldOutMeasure measured;

    /** What there is once the line is taken over. */
    private record State(Ledger ledger, Line line, BatchPlanner planner, List<CheckpointCandidate> announced) {}

    /**
     * @param replayed where triples are kept to be trained again
     * @param news what the publisher has decided
     * @param nanoTime monotonic time in nanoseconds
     * @param clock time of day, written into candidates and the ledger
     * @param flush where wishes for an early candidate arrive
     */
    public TrainingLoop(
            LoopSettings settings,
            TripleSource source,
            Learner learner,
            CandidateStore store,
            LedgerLog ledgerLog,
            ReservoirStore replayed,
            PublisherNews news,
            LongSupplier nanoTime,
            InstantSource clock,
            FlushRequest flush) {
        this.settings = settings;
        this.source = source;
        this.learner = learner;
        this.store = store;
        this.ledgerLog = ledgerLog;
        this.news = news;
        this.nanoTime = nanoTime;
        this.clock = clock;
        this.flush = flush;
        this.reservoir = new ReservoirKeeper(settings, replayed, learner.resolution(), learner.runSeed());
        this.writer = new CandidateWriter(settings, learner, store, reservoir, ledgerLog, clock);
        this.headroomWarnedAt = nanoTime.getAsLong() - HEADROOM_WARNING_EVERY.toNanos();
    }

    /**
     * Becomes the line's trainer: goes on from the newest whole candidate and repeats what the ledger planned after it, or
     * begins at the start of the log where the line has neither.
     *
     * @param trainer who takes over, for the ledger
     * @throws UserErrorException when no candidate is whole, the configuration does not continue the line, a triple that
     *     must be trained or trained again has expired, or ledger and candidates contradict each other
     */
    public void takeOver(String trainer) {
        asked.addAll(news.poll());
        TakeOver.Begun taken = new TakeOver(settings, source, learner, store, reservoir, ledgerLog, clock)
                .begin(trainer, news.goodVersions().isEmpty());
        Line line = taken.line();
        List<CheckpointCandidate> announced = new ArrayList<>(taken.candidates());
        if (!announced.isEmpty()) {
            CheckpointCandidate newest = announced.get(announced.size() - 1);
            candidateStep = newest.getStep();
            ledgerSha256 = newest.getLedgerSha256();
            weightsSha256 = newest.getWeightsSha256();
        }
        new Replay(settings, source, learner, store, reservoir, taken)
                .run(metrics -> afterStep(metrics, taken.ledger(), line, announced));
        SortedMap<Integer, Long> next = new TreeMap<>(line.nextOffsets());
        next.putAll(taken.planned());
        closeGaps(taken.ledger(), next);
        line.moveTo(next);
        BatchPlanner planner = new BatchPlanner(
                settings.replay().fresh(),
                settings.deterministic() ? Duration.ofNanos(Long.MAX_VALUE) : settings.maxWait(),
                settings.holdOut(),
                next,
                line.heldOut().size());
        begun = new State(taken.ledger(), line, planner, announced);
        rewindIfAsked();
        taken.ledger().settle();
        goOnOrRest(trainer);
        source.start(next);
        publishProgress();
    }

    /** Where training rests after an alarm: lets it go on when told to, and else says why it rests. */
    private void goOnOrRest(String trainer) {
        Optional<AlarmRaised> rest = ledger().rest();
        if (rest.isEmpty()) {
            return;
        }
        if (settings.resume()) {
            ledger().resume(line().step(), trainer);
            log.info(
                    "training of model {} goes on after the alarm of step {}",
                    settings.model(),
                    rest.get().getStep());
        } else {
            sayThatItRests(rest.get());
        }
    }

    private void sayThatItRests(AlarmRaised alarm) {
        log.error(
                "training of model {} rests: {} at step {}: {}. Correct the cause (the learning rate first), then start the"
                        + " trainer once with --resume",
                settings.model(),
                alarm.getKind(),
                alarm.getStep(),
                alarm.getExplanation());
    }

    /** Why training rests until somebody resumes it; empty while it does not. */
    private Optional<String> restReason() {
        return ledger().rest()
                .map(alarm -> alarm.getKind() + " at step " + alarm.getStep() + ": " + alarm.getExplanation());
    }

    /** Gives up, where that is allowed, what expired before it was trained. */
    private void closeGaps(Ledger ledger, SortedMap<Integer, Long> next) {
        List<String> lost = new ArrayList<>();
        SortedMap<Integer, Long> ends = source.ends();
        source.beginnings().forEach((partition, beginning) -> {
            long due = next.getOrDefault(partition, 0L);
            if (ends.getOrDefault(partition, 0L) < due) {
                throw UserErrorException.failure("Offset " + due + " of " + partitionName(partition)
                        + " is due next, but the log ends before it: the topic was deleted or cut. Restore it, or train"
                        + " under another model name.");
            }
            if (beginning <= due) {
                return;
            }
            String range = "offsets " + due + " to " + (beginning - 1) + " of " + partitionName(partition)
                    + " have expired before they were trained";
            if (settings.acceptGaps()) {
                log.warn("giving up: {}", range);
                ledger.giveUp(partition, due, beginning, range);
                next.put(partition, beginning);
            } else {
                lost.add(range);
            }
        });
        if (!lost.isEmpty()) {
            throw UserErrorException.failure(
                    "The trainer of model " + settings.model() + " cannot go on without a gap: "
                            + String.join("; ", lost)
                            + ". Start it once with --accept-gap to give them up, and lengthen the retention of "
                            + settings.topic() + ".");
        }
    }

    /**
     * Takes triples until a batch is due, at most for a while, and trains it. While training rests after an alarm it takes
     * none and returns at once.
     *
     * @return whether a step was taken
     */
    public boolean turn(Duration patience) throws InterruptedException {
        long start = nanoTime.getAsLong();
        rewindIfAsked();
        switchStageIfOver();
        refreshReferenceIfAccepted();
        if (isResting()) {
            publishProgress();
            restReason().ifPresent(why -> flush.abandon("training of model " + settings.model() + " rests: " + why));
            return false;
        }
        if (isPlanOver()) {
            endPlan();
            return false;
        }
        Optional<Closing> closing = awaitBatch(start + patience.toNanos());
        long ready = nanoTime.getAsLong();
        pace.waited(ready - start);
        if (closing.isPresent()) {
            train(planner().close(line().step() + 1, closing.get()));
            pace.trained(nanoTime.getAsLong() - ready, last == null ? 0 : last.pairs());
        } else if (planner().skipsDue(nanoTime.getAsLong())) {
            passOver();
        }
        endFlush();
        source.report(planner().open() == 0 ? planner().nextOffsets() : line().nextOffsets());
        publishProgress();
        return closing.isPresent();
    }

    /**
     * Begins the next stage where one is over. A candidate of the last step comes first, so that each stage is measured
     * against its own reference, and none begins from weights that raise an alarm.
     */
    private void switchStageIfOver() {
        if (isResting() || learner.stageMark().isLast() || learner.stageEnd().isEmpty()) {
            return;
        }
        writeCandidate(ledger(), line(), state().announced());
        Optional<String> end = learner.stageEnd();
        StageMark over = learner.stageMark();
        if (isResting() || over.isLast() || end.isEmpty()) { // an alarm led back to weights of earlier
            return;
        }
        learner.enterStage(over.number() + 1, line().step());
        ledger().switchStage(line().step(), over.number() + 1, Replay.setting(learner), end.get());
        line().switched(ledger().mark());
        log.info(
                "stage {} of model {} is over after step {}: {}; stage {} begins",
                over,
                settings.model(),
                line().step(),
                end.get(),
                learner.stageMark());
    }

    /**
     * Makes the newest accepted version the reference, where the stage's rule asks for it and its weights are newer than the
     * reference's. A version whose candidate is gone is passed over: the reference stays what it is.
     */
    private void refreshReferenceIfAccepted() {
        OptionalLong reference = learner.followedReference();
        List<GoodVersion> good = news.goodVersions();
        if (isResting() || reference.isEmpty() || good.isEmpty()) {
            return;
        }
        GoodVersion version = good.get(good.size() - 1);
        boolean isNewer = state().announced().stream()
                .anyMatch(candidate -> candidate.getDigest().equals(version.candidateDigest())
                        && candidate.getStep() > reference.getAsLong());
        if (!isNewer || version.candidateDigest().equals(unreachable)) {
            return;
        }
        try {
            CandidateStore.Stored stored = Replay.open(state().announced(), version.candidateDigest(), store);
            learner.refreshReference(stored.folder(), stored.manifest().step());
        } catch (IOException e) {
            unreachable = version.candidateDigest();
            log.warn(
                    "the reference of model {} stays what it is: version {} cannot be loaded: {}",
                    settings.model(),
                    version.version(),
                    e.getMessage());
            return;
        }
        ledger().refreshReference(line().step(), version, learner.referenceDigest());
        line().switched(ledger().mark());
        log.info(
                "the reference of model {} is version {} after step {}",
                settings.model(),
                version.version(),
                line().step());
    }

    /** Whether the last stage is over, so that nothing is left to train. */
    public boolean isPlanOver() {
        return learner.stageMark().isLast() && learner.stageEnd().isPresent();
    }

    /**
     * What there is to do once the plan is over: the last candidate, and answers, unless that candidate raises an alarm and
     * training goes back. What still comes stays in the log.
     */
    private void endPlan() {
        ledger().settle();
        writeCandidate(ledger(), line(), state().announced());
        Optional<String> end = learner.stageEnd();
        if (!isResting() && end.isPresent() && isPlanOver()) {
            ledger().endPlan(line().step(), end.get());
            flushUntil = null;
            flush.answer(candidateStep);
        }
        publishProgress();
    }

    /** Whether training rests until somebody resumes it. */
    public boolean isResting() {
        return ledger().rest().isPresent();
    }

    private Optional<Closing> awaitBatch(long deadline) throws InterruptedException {
        beginFlush();
        Optional<Closing> due = planner().due(nanoTime.getAsLong());
        while (due.isEmpty()) {
            if (flushUntil != null && source.passed(flushUntil)) {
                return planner().open() > 0 ? Optional.of(Closing.FLUSH) : Optional.empty();
            }
            Optional<Delivery> delivery = source.take(Duration.ZERO);
            if (delivery.isEmpty()) {
                ledger().settle();
                long now = nanoTime.getAsLong();
                if (now >= deadline) {
                    return Optional.empty();
                }
                delivery = source.take(
                        Duration.ofNanos(Math.min(deadline - now, planner().remainingWait(now))));
            }
            delivery.ifPresent(this::accept);
            due = planner().due(nanoTime.getAsLong());
        }
        return due;
    }

    private void accept(Delivery delivery) {
        if (delivery instanceof Delivery.Unusable unusable) {
            log.warn(
                    "skipped {} offset {}: {}: {}",
                    partitionName(unusable.partition()),
                    unusable.offset(),
                    unusable.skipped().reason(),
                    unusable.skipped().explanation());
        }
        planner().accept(settings.admission().judge(delivery, news.newestVersion()), nanoTime.getAsLong());
    }

    private void train(Batch batch) {
        List<Member> drawn =
                reservoir.draw(batch.plan().step(), batch.plan().members().size(), news.newestVersion());
        List<TrainingPair> pairs = new ArrayList<>(batch.pairs());
        pairs.addAll(reservoir.pairs(drawn));
        BatchPlan plan = batch.plan().with(drawn);
        ledger().plan(plan, Replay.setting(learner));
        StepMetrics metrics = learner.step(plan.step(), pairs);
        line().trained(plan.step(), batch.pairs(), metrics.applied(), plan.nextOffsets(), ledger().mark());
        line().holdOut(batch.heldOut());
        reservoir.trained(plan.members(), batch.pairs(), drawn, metrics.applied());
        count(plan.skipped());
        ledger().done(plan.step(), metrics.applied(), metrics.named());
        afterStep(metrics, ledger(), line(), state().announced());
    }

    private void afterStep(StepMetrics metrics, Ledger ledger, Line line, List<CheckpointCandidate> announced) {
        if (learner.stageMark().number() != stageOfSteps) {
            stageOfSteps = learner.stageMark().number();
            sinceCandidate.clear(); // each stage has a reference of its own
        }
        sinceCandidate.add(metrics);
        last = metrics;
        if (!metrics.applied()) {
            notApplied++;
            log.warn(
                    "step {} was not applied: loss {} with gradient norm {}; its triples count as trained and are never"
                            + " drawn again",
                    line.step(),
                    metrics.loss(),
                    metrics.gradientNorm());
            Optional<Alarm> alarm = AlarmRules.judge(line.notFiniteInARow());
            if (alarm.isPresent() && settings.alarmAction() != AlarmAction.NONE) {
                raiseOnceRepeated(alarm.get(), ledger, line, announced);
                return;
            }
        }
        if (line.step() % settings.candidateEvery() == 0) {
            writeCandidate(ledger, line, announced);
        }
    }

    /** Writes what was consumed while no batch was open. */
    private void passOver() {
        Optional<PassedOver> passed = planner().passOver();
        passed.ifPresent(over -> {
            ledger().skip(over.skipped(), over.nextOffsets());
            line().holdOut(over.heldOut());
            line().moveTo(over.nextOffsets());
            count(over.skipped());
        });
    }

    private void count(List<Skipped> records) {
        records.forEach(skip -> skipped.merge(skip.reason(), 1L, Long::sum));
    }

    /** Goes on from an earlier candidate where the publisher decided so; of several decisions the newest counts. */
    private void rewindIfAsked() {
        asked.addAll(news.poll());
        RewindRequest newest = null;
        for (RewindRequest request : asked) {
            if (!ledger().isRewound(request.command())) {
                newest = request;
            }
        }
        asked.clear();
        if (newest == null) {
            return;
        }
        CandidateStore.Stored target;
        try {
            target = Replay.open(state().announced(), newest.candidateDigest(), store);
            learner.load(target.folder());
        } catch (IOException e) {
            throw UserErrorException.failure(
                    newest.actor() + " asked to rewind training of model " + settings.model() + " to version "
                            + newest.version() + ", whose candidate " + newest.candidate() + " cannot be loaded: "
                            + e.getMessage() + ". Restore its folder, or roll training back to another version.",
                    e);
        }
        ledger().rewind(
                        line().step(),
                        newest,
                        target.manifest().step(),
                        target.manifest().ledger());
        line().rewound(ledger().mark(), target.manifest().metrics());
        sinceCandidate.clear();
        log.warn(
                "training of model {} goes on from version {} (step {}) after step {}: {} asked for it: {}",
                settings.model(),
                newest.version(),
                target.manifest().step(),
                line().step(),
                newest.actor(),
                newest.reason());
    }

    /**
     * Raises an alarm, unless the step is one of several that are repeated: what the ledger says after it was done too, where
     * nobody looked for alarms then, and the last of them is judged again.
     */
    private void raiseOnceRepeated(Alarm alarm, Ledger ledger, Line line, List<CheckpointCandidate> announced) {
        if (line.mark().sha256().equals(ledger.chain().hex())) {
            raise(alarm, ledger, line, announced);
        } else {
            log.warn("step {} is repeated although {}", line.step(), alarm.explanation());
        }
    }

    /**
     * Goes back to good weights, and says in the ledger that and why it did. The weights of the moment become no candidate.
     *
     * @throws UserErrorException when no good weights can be loaded
     */
    private void raise(Alarm alarm, Ledger ledger, Line line, List<CheckpointCandidate> announced) {
        boolean pause = settings.alarmAction() == AlarmAction.PAUSE;
        AlarmRaised raised = new AlarmRaised(line.step(), alarm.kind().name(), alarm.explanation(), pause);
        String command = "alarm-" + line.step();
        Optional<Good> good = loadGood(announced, alarm);
        String candidate = good.map(g -> g.version().candidate()).orElse("");
        String digest = good.map(g -> g.version().candidateDigest()).orElse("");
        long version = good.map(g -> g.version().version()).orElse(0L);
        Optional<CandidateManifest> manifest = good.map(Good::manifest);
        ledger.alarm(
                raised,
                new RewindRequest(command, version, candidate, digest, "trainer", alarm.explanation()),
                manifest.map(CandidateManifest::step).orElse(0L),
                manifest.map(CandidateManifest::ledger).orElse(null));
        line.rewound(ledger.mark(), manifest.map(CandidateManifest::metrics).orElse(Map.of()));
        sinceCandidate.clear();
        log.error(
                "ALARM {} at step {} of model {}: {}. No candidate is made of these weights; training goes back to {}",
                alarm.kind(),
                line.step(),
                settings.model(),
                alarm.explanation(),
                good.isPresent() ? "version " + version + " (candidate " + candidate + ")" : "its beginning");
        if (pause) {
            sayThatItRests(raised);
        }
    }

    /** A version held good and its candidate. */
    private record Good(GoodVersion version, CandidateManifest manifest) {}

    /** Loads the newest good version whose candidate is whole; where no version was ever held good, the beginning. */
    private Optional<Good> loadGood(List<CheckpointCandidate> announced, Alarm alarm) {
        List<GoodVersion> versions = news.goodVersions();
        for (int i = versions.size() - 1; i >= 0; i--) {
            GoodVersion version = versions.get(i);
            try {
                CandidateStore.Stored stored = Replay.open(announced, version.candidateDigest(), store);
                learner.load(stored.folder());
                return Optional.of(new Good(version, stored.manifest()));
            } catch (IOException e) {
                log.warn(
                        "candidate {} of version {} cannot be returned to: {}",
                        version.candidate(),
                        version.version(),
                        e.getMessage());
            }
        }
        try {
            learner.load(store.start());
            return Optional.empty();
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "Training of model " + settings.model() + " has gone wrong (" + alarm.explanation()
                            + ") and there are no good weights to go back to: " + e.getMessage()
                            + ". Restore the candidate of an accepted version from a backup, or train under another model"
                            + " name.",
                    e);
        }
    }

    /**
     * Writes and announces a candidate of the last step, if it has none yet and nothing speaks against its weights.
     */
    private void writeCandidate(Ledger ledger, Line line, List<CheckpointCandidate> announced) {
        if (line.step() <= candidateStep || sinceCandidate.isEmpty()) {
            return;
        }
        Map<String, Double> metrics =
                new TreeMap<>(StepMetrics.mean(sinceCandidate).named());
        metrics.put(Measures.STAGE, (double) learner.stageMark().number());
        learner.factorMinimum().ifPresent(least -> metrics.put(Measures.GRADIENT_FACTOR_MINIMUM, least));
        Optional<HeldOutMeasure> measure = learner.measure(line.heldOut());
        measure.ifPresent(m -> {
            metrics.putAll(m.named());
            metrics.putAll(m.drift(line.measures(), line.stepsSinceMeasured()));
        });
        Optional<Alarm> alarm = AlarmRules.judge(metrics, measure.map(HeldOutMeasure::errors));
        if (alarm.isPresent() && settings.alarmAction() != AlarmAction.NONE) {
            measured = measure.orElse(null);
            raiseOnceRepeated(alarm.get(), ledger, line, announced);
            return;
        }
        if (line.notFiniteInARow() > 0) {
            metrics.put(Line.NOT_FINITE_IN_A_ROW, (double) line.notFiniteInARow());
        }
        ledger.settle();
        CheckpointCandidate candidate =
                writer.write(line, ledger.session(), metrics, measure.map(HeldOutMeasure::errors));
        line.measured(metrics);
        announced.add(candidate);
        if (settings.replay().replays()) {
            reservoir.sweep();
        }
        candidates++;
        candidateStep = line.step();
        ledgerSha256 = candidate.getLedgerSha256();
        weightsSha256 = candidate.getWeightsSha256();
        sinceCandidate.clear();
        measured = measure.orElse(null);
        log.info(
                "announced candidate {} of model {}: {} triples",
                candidate.getCandidate(),
                settings.model(),
                line.triples());
    }

    private void beginFlush() {
        if (flushUntil == null && flush.isPending()) {
            flushUntil = source.ends();
        }
    }

    private void endFlush() {
        if (flushUntil == null || planner().open() > 0 || !source.passed(flushUntil)) {
            return;
        }
        passOver();
        writeCandidate(ledger(), line(), state().announced());
        flushUntil = null;
        if (!isResting()) { // the next turn says why there is no answer
            flush.answer(candidateStep);
        }
    }

    /** Ends in good order: steps that no candidate holds yet get one. Pairs of the open batch stay in the log. */
    public void finish() {
        if (begun != null) {
            ledger().settle();
            writeCandidate(ledger(), line(), state().announced());
            source.report(line().nextOffsets());
            publishProgress();
        }
    }

    /** How far the loop is. */
    public Optional<TrainerProgress> progress() {
        return Optional.ofNullable(progress.get());
    }

    private void publishProgress() {
        Optional<Duration> headroom = source.headroom();
        headroom.filter(left -> left.compareTo(settings.headroomAlert()) < 0).ifPresent(this::warnOfHeadroom);
        progress.set(new TrainerProgress(
                line().step(),
                learner.stageMark(),
                line().triples(),
                Map.copyOf(skipped),
                notApplied,
                candidates,
                candidateStep,
                line().nextOffsets(),
                planner().open(),
                last,
                measured,
                line().heldOut().size(),
                pace.pairsPerSecond(),
                pace.idleRatio(),
                headroom.orElse(null),
                ledger().session(),
                ledgerSha256,
                weightsSha256,
                reservoir.size(),
                learner.referenceStep(),
                ledger().rest().map(AlarmRaised::getKind).orElse(null),
                restReason().orElse(null)));
    }

    private void warnOfHeadroom(Duration left) {
        long now = nanoTime.getAsLong();
        if (now - headroomWarnedAt >= HEADROOM_WARNING_EVERY.toNanos()) {
            headroomWarnedAt = now;
            log.warn(
                    "the oldest untrained triple of {} expires in {} s, less than {} s: lengthen its retention.ms, or train"
                            + " faster",
                    settings.topic(),
                    left.toSeconds(),
                    settings.headroomAlert().toSeconds());
        }
    }

    private State state() {
        if (begun == null) {
            throw new IllegalStateException("take over first");
        }
        return begun;
    }

    private BatchPlanner planner() {
        return state().planner();
    }

    private Line line() {
        return state().line();
    }

    private Ledger ledger() {
        return state().ledger();
    }

    private String partitionName(int partition) {
        return PartitionName.of(new TopicPartition(settings.topic(), partition));
    }
}
