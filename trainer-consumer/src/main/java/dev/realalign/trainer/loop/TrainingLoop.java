package dev.realalign.trainer.loop;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.PartitionName;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.trainer.candidate.CandidateStore;
import dev.realalign.trainer.learn.HeldOutMeasure;
import dev.realalign.trainer.learn.Learner;
import dev.realalign.trainer.learn.StepMetrics;
import dev.realalign.trainer.plan.Batch;
import dev.realalign.trainer.plan.BatchPlan.Closing;
import dev.realalign.trainer.plan.BatchPlanner;
import dev.realalign.trainer.plan.Delivery;
import dev.realalign.trainer.triple.SkipReason;
import dev.realalign.trainer.triple.TrainingPair;
import dev.realalign.trainer.triple.UnusableTripleException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plans a batch, trains it, and every so often writes a candidate and announces it. All of its state is in the newest
 * announced candidate: whoever loads that and reads on from its offsets is where this loop was.
 *
 * <p>One thread runs it; {@link #progress} may be called from any.
 */
public final class TrainingLoop {
    private static final Logger log = LoggerFactory.getLogger(TrainingLoop.class);

    private final LoopSettings settings;
    private final TripleSource source;
    private final Learner learner;
    private final CandidateStore store;
    private final CandidateLog announcements;
    private final LongSupplier nanoTime;
    private final InstantSource clock;
    private final FlushRequest flush;

    private final AtomicReference<@Nullable TrainerProgress> progress = new AtomicReference<>();
    private @Nullable SortedMap<Integer, Long> flushUntil;

    private @Nullable BatchPlanner planner;
    private final Set<String> announcedNames = new HashSet<>();
    private final List<TrainingPair> heldOut = new ArrayList<>();
    private SortedMap<Integer, Long> trainedTo = new TreeMap<>();
    private long step;
    private long triples;
    private long candidateStep;
    private @Nullable Instant firstEvent;
    private @Nullable Instant lastEvent;

    private final List<StepMetrics> sinceCandidate = new ArrayList<>();
    private final Map<SkipReason, Long> skipped = new EnumMap<>(SkipReason.class);
    private final Pace pace = new Pace();
    private long candidates;
    private long notApplied;
    private @Nullable StepMetrics last;
    private @Nullable HeldOutMeasure measured;

    /**
     * @param nanoTime monotonic time in nanoseconds
     * @param clock time of day, written into candidates
     * @param flush where wishes for an early candidate arrive
     */
    public TrainingLoop(
            LoopSettings settings,
            TripleSource source,
            Learner learner,
            CandidateStore store,
            CandidateLog announcements,
            LongSupplier nanoTime,
            InstantSource clock,
            FlushRequest flush) {
        this.settings = settings;
        this.source = source;
        this.learner = learner;
        this.store = store;
        this.announcements = announcements;
        this.nanoTime = nanoTime;
        this.clock = clock;
        this.flush = flush;
    }

    /**
     * Becomes the line's trainer: goes on from the newest whole candidate, or begins at the start of the log where the
     * line has none.
     *
     * @throws UserErrorException when no candidate is whole, or the configuration does not continue the line
     */
    public void takeOver() {
        List<CheckpointCandidate> announced = announcements.takeOver();
        announced.forEach(candidate -> announcedNames.add(candidate.getCandidate()));
        try {
            store.sweep();
            if (announced.isEmpty()) {
                trainedTo = source.beginnings();
                log.info("model {} begins at the start of {}: {}", settings.model(), settings.topic(), trainedTo);
            } else {
                resume(newestWhole(announced));
            }
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The candidates of model " + settings.model() + " cannot be read: " + e.getMessage()
                            + ". Check the checkpoint store and its permissions.",
                    e);
        }
        planner = new BatchPlanner(
                settings.batchPairs(), settings.maxWait(), settings.holdOut(), trainedTo, heldOut.size());
        source.start(trainedTo);
        publishProgress();
    }

    private CandidateStore.Stored newestWhole(List<CheckpointCandidate> announced) {
        List<String> broken = new ArrayList<>();
        for (int i = announced.size() - 1; i >= 0; i--) {
            try {
                CandidateStore.Stored whole = store.open(announced.get(i));
                broken.forEach(problem -> log.warn(
                        "{}; going on from {} instead",
                        problem,
                        whole.manifest().candidate()));
                return whole;
            } catch (IOException e) {
                broken.add("candidate " + announced.get(i).getCandidate() + " of model " + settings.model()
                        + " is broken: " + e.getMessage());
            }
        }
        throw UserErrorException.failure("No candidate of model " + settings.model() + " is whole: " + broken.get(0)
                + (broken.size() > 1 ? " (and " + (broken.size() - 1) + " older ones)" : "")
                + ". Restore its folder from a backup, or train under another model name.");
    }

    private void resume(CandidateStore.Stored stored) throws IOException {
        CandidateManifest manifest = stored.manifest();
        requireSameLine(manifest);
        learner.load(stored.folder());
        for (PreferenceTriple triple : stored.heldOut()) {
            try {
                heldOut.add(TrainingPair.of(triple.getImageId(), triple, learner.resolution()));
            } catch (UnusableTripleException e) {
                throw new IOException("its held-out set holds an unusable triple: " + e.explanation(), e);
            }
        }
        trainedTo = new TreeMap<>();
        manifest.nextOffsets()
                .forEach((partition, offset) ->
                        trainedTo.put(PartitionName.parse(partition).partition(), offset));
        step = manifest.step();
        candidateStep = step;
        triples = manifest.triples();
        firstEvent = manifest.firstEventTime();
        lastEvent = manifest.lastEventTime();
        log.info(
                "model {} goes on from {}: step {}, {} triples", settings.model(), manifest.candidate(), step, triples);
    }

    /** Names everything in which the configuration departs from the line. */
    private void requireSameLine(CandidateManifest manifest) {
        List<String> problems = new ArrayList<>();
        String remedy = " Configure it so again, or train under another model name.";
        String line = "Model " + settings.model();
        if (!manifest.base().sha256().equals(learner.base().sha256())) {
            problems.add(line + " was trained on the base " + manifest.base().id() + " (SHA-256 "
                    + manifest.base().sha256() + "), not on " + learner.base().id() + " (SHA-256 "
                    + learner.base().sha256() + ")." + remedy);
        }
        if (!manifest.adapter().equals(learner.adapter())) {
            problems.add(line + " has the adapter " + manifest.adapter() + ", not " + learner.adapter() + "." + remedy);
        }
        if (!Long.valueOf(learner.runSeed()).equals(manifest.seeds().get("run"))) {
            problems.add(line + " runs under seed " + manifest.seeds().get("run") + ", not " + learner.runSeed() + "."
                    + remedy);
        }
        Set<String> partitions = new HashSet<>();
        source.beginnings().keySet().forEach(partition -> partitions.add(partitionName(partition)));
        if (!manifest.nextOffsets().keySet().equals(partitions)) {
            problems.add(line + " was trained on the partitions "
                    + manifest.nextOffsets().keySet() + ", but " + settings.topic() + " has "
                    + new TreeSet<>(partitions)
                    + ". A topic keeps its number of partitions; train under another model name.");
        }
        if (!problems.isEmpty()) {
            throw UserErrorException.usage(problems);
        }
    }

    /**
     * Takes triples until a batch is due, at most for a while, and trains it.
     *
     * @return whether a step was taken
     */
    public boolean turn(Duration patience) throws InterruptedException {
        long start = nanoTime.getAsLong();
        Optional<Closing> closing = awaitBatch(start + patience.toNanos());
        long ready = nanoTime.getAsLong();
        pace.waited(ready - start);
        if (closing.isPresent()) {
            train(planner().close(step + 1, closing.get()));
            pace.trained(nanoTime.getAsLong() - ready, last == null ? 0 : last.pairs());
            if (step % settings.candidateEvery() == 0) {
                writeCandidate();
            }
        }
        endFlush();
        source.report(planner().open() == 0 ? planner().nextOffsets() : trainedTo);
        publishProgress();
        return closing.isPresent();
    }

    private Optional<Closing> awaitBatch(long deadline) throws InterruptedException {
        beginFlush();
        Optional<Closing> due = planner().due(nanoTime.getAsLong());
        while (due.isEmpty()) {
            if (flushUntil != null && source.passed(flushUntil)) {
                return planner().open() > 0 ? Optional.of(Closing.FLUSH) : Optional.empty();
            }
            long now = nanoTime.getAsLong();
            if (now >= deadline) {
                return Optional.empty();
            }
            long wait = Math.min(deadline - now, planner().remainingWait(now));
            Optional<Delivery> delivery = source.take(Duration.ofNanos(wait));
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
        planner().accept(delivery, nanoTime.getAsLong());
    }

    private void train(Batch batch) {
        StepMetrics metrics = learner.step(batch.plan().step(), batch.pairs());
        step = batch.plan().step();
        trainedTo = batch.plan().nextOffsets();
        triples += batch.pairs().size();
        heldOut.addAll(batch.heldOut());
        batch.plan().skipped().forEach(skip -> skipped.merge(skip.reason(), 1L, Long::sum));
        batch.pairs().forEach(pair -> widenEventTimes(pair.eventTime()));
        sinceCandidate.add(metrics);
        last = metrics;
        if (!metrics.applied()) {
            notApplied++;
            log.warn(
                    "step {} was not applied: loss {} with gradient norm {}; its triples count as trained",
                    step,
                    metrics.loss(),
                    metrics.gradientNorm());
        }
    }

    private void widenEventTimes(Instant event) {
        firstEvent = firstEvent == null || event.isBefore(firstEvent) ? event : firstEvent;
        lastEvent = lastEvent == null || event.isAfter(lastEvent) ? event : lastEvent;
    }

    /** Writes and announces a candidate of the last step, if it has none yet. */
    private void writeCandidate() {
        if (step == candidateStep) {
            return;
        }
        Map<String, Double> metrics =
                new TreeMap<>(StepMetrics.mean(sinceCandidate).named());
        Optional<HeldOutMeasure> measure = learner.measure(heldOut);
        measure.ifPresent(m -> metrics.putAll(m.named()));
        CandidateStore.Stored stored;
        try {
            stored = store.write(
                    step,
                    announcedNames,
                    learner::save,
                    heldOut.stream().map(TrainingPair::triple).toList(),
                    (name, files) -> describe(name, files, metrics));
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The candidate of step " + step + " of model " + settings.model() + " could not be written: "
                            + e.getMessage() + ". Nothing of it was announced; see to the checkpoint store's space and"
                            + " permissions and start again.",
                    e);
        }
        CandidateManifest manifest = stored.manifest();
        announcements.announce(CheckpointCandidate.newBuilder()
                .setModel(settings.model())
                .setCandidate(manifest.candidate())
                .setDigest(manifest.digest())
                .setLocation(stored.location())
                .setStep(manifest.step())
                .setTriples(manifest.triples())
                .setNextOffsets(manifest.nextOffsets())
                .setMetrics(manifest.metrics())
                .setCreatedAt(manifest.createdAt())
                .build());
        announcedNames.add(manifest.candidate());
        candidates++;
        candidateStep = step;
        sinceCandidate.clear();
        measured = measure.orElse(null);
        log.info("announced candidate {} of model {}: {} triples", manifest.candidate(), settings.model(), triples);
    }

    private CandidateManifest describe(String name, List<FileEntry> files, Map<String, Double> metrics) {
        SortedMap<String, Long> nextOffsets = new TreeMap<>();
        trainedTo.forEach((partition, offset) -> nextOffsets.put(partitionName(partition), offset));
        return new CandidateManifest(
                CandidateManifest.FORMAT,
                settings.model(),
                name,
                step,
                triples,
                nextOffsets,
                learner.base(),
                learner.adapter(),
                learner.objective(),
                Map.of("run", learner.runSeed()),
                digestOf(files, CheckpointLayout.REFERENCE),
                digestOf(files, CheckpointLayout.HELD_OUT) == null ? null : CheckpointLayout.HELD_OUT,
                metrics,
                firstEvent,
                lastEvent,
                files,
                clock.instant(),
                settings.gitRevision(),
                settings.configDigest());
    }

    private static @Nullable String digestOf(List<FileEntry> files, String name) {
        return files.stream()
                .filter(file -> file.name().equals(name))
                .map(FileEntry::sha256)
                .findFirst()
                .orElse(null);
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
        writeCandidate();
        flushUntil = null;
        flush.answer(candidateStep);
    }

    /** Ends in good order: steps that no candidate holds yet get one. Pairs of the open batch stay in the log. */
    public void finish() {
        if (planner != null) {
            writeCandidate();
            source.report(trainedTo);
            publishProgress();
        }
    }

    /** How far the loop is. */
    public Optional<TrainerProgress> progress() {
        return Optional.ofNullable(progress.get());
    }

    private void publishProgress() {
        progress.set(new TrainerProgress(
                step,
                triples,
                Map.copyOf(skipped),
                notApplied,
                candidates,
                candidateStep,
                trainedTo,
                planner().open(),
                last,
                measured,
                heldOut.size(),
                pace.pairsPerSecond(),
                pace.idleRatio()));
    }

    private BatchPlanner planner() {
        if (planner == null) {
            throw new IllegalStateException("take over first");
        }
        return planner;
    }

    private String partitionName(int partition) {
        return PartitionName.of(new TopicPartition(settings.topic(), partition));
    }
}
