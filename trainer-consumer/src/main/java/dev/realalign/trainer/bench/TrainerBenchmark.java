package dev.realalign.trainer.bench;

import dev.realalign.diffusion.bench.ProcessMemory;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.trainer.TrainerConfig;
import dev.realalign.trainer.candidate.CandidateStore;
import dev.realalign.trainer.candidate.ReservoirStore;
import dev.realalign.trainer.learn.CacheUse;
import dev.realalign.trainer.learn.DiffusionLearner;
import dev.realalign.trainer.learn.StepMetrics;
import dev.realalign.trainer.ledger.PublisherNews;
import dev.realalign.trainer.ledger.RewindRequest;
import dev.realalign.trainer.loop.FlushRequest;
import dev.realalign.trainer.loop.LoopSettings;
import dev.realalign.trainer.loop.TrainerProgress;
import dev.realalign.trainer.loop.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The trainer's whole loop on a backlog in memory: planning, steps, held-out measures, candidates on the disk. What is left
 * out is the broker.
 *
 * @param config the trainer's configuration; no broker and no store of it is asked
 * @param warmUp steps before those that count
 * @param steps steps that count
 */
public record TrainerBenchmark(TrainerConfig config, int warmUp, int steps) {
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    /** Looks at memory in a measurement, beside the one before its first counted step. */
    private static final int LOOKS = 10;
    /** Candidate folders that are left on the disk. */
    private static final int CANDIDATES_KEPT = 2;

    /**
     * What was measured.
     *
     * @param pairs pairs trained in the counted steps
     * @param seconds time of the counted steps, with everything between them
     * @param stepMillis time of each turn with a step, in order: waiting, planning, the step, and a candidate where one was due
     * @param idleRatio share of the time in which the loop waited for triples
     * @param candidates candidates written in the whole run
     * @param memory looks at memory, the first before the first counted step
     * @param peakBytes the most memory that the process ever had
     * @param captions use of the caption cache
     * @param posteriors use of the posterior cache
     */
    public record Report(
            long pairs,
            double seconds,
            double[] stepMillis,
            double idleRatio,
            long candidates,
            List<Look> memory,
            OptionalLong peakBytes,
            CacheUse captions,
            CacheUse posteriors) {

        /** Pairs in a second. */
        public double pairsPerSecond() {
            return pairs / seconds;
        }

        /** The time within which this share of the steps was done, in milliseconds; the nearest rank. */
        public double percentile(double share) {
            double[] sorted = stepMillis.clone();
            Arrays.sort(sorted);
            return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
        }
    }

    /**
     * Memory at one moment.
     *
     * @param step counted steps done
     * @param residentBytes memory of the whole process (VmRSS); empty where the system does not say
     * @param tensors native arrays that are open
     */
    public record Look(int step, OptionalLong residentBytes, long tensors) {
        static Look at(int step) {
            return new Look(step, ProcessMemory.resident(), Tensor.liveCount());
        }
    }

    /**
     * Measures, in a temporary folder that is deleted at the end.
     *
     * @throws UserErrorException when the settings do not go with the base model, or training ends before the last step
     */
    public Report run() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("realalign-bench-trainer");
        try {
            return run(new CheckpointLayout(folder));
        } finally {
            StoreFolder.remove(folder);
        }
    }

    private Report run(CheckpointLayout layout) throws IOException, InterruptedException {
        try (DiffusionModel base = config.loadBaseModel();
                DiffusionLearner trained = new DiffusionLearner(base, config.learner());
                SyntheticTriples triples = new SyntheticTriples(base.resolution())) {
            LoopSettings loop = config.loop();
            TrainingLoop training = new TrainingLoop(
                    loop,
                    triples,
                    trained,
                    new CandidateStore(layout, loop.model()),
                    new DiscardingLedger(),
                    new ReservoirStore(layout, loop.model()),
                    new NoNews(),
                    System::nanoTime,
                    InstantSource.system(),
                    new FlushRequest());
            training.takeOver("bench");
            for (int i = 0; i < warmUp; ) {
                i += stepped(training) ? 1 : 0;
            }
            return measure(training, trained, triples, layout);
        }
    }

    private Report measure(
            TrainingLoop training, DiffusionLearner trained, SyntheticTriples triples, CheckpointLayout layout)
            throws IOException, InterruptedException {
        long pairs = 0;
        long waitedBefore = triples.waitedNanos();
        double[] millis = new double[steps];
        List<Look> memory = new ArrayList<>(List.of(Look.at(0)));
        long begin = System.nanoTime();
        for (int i = 0; i < steps; ) {
            long start = System.nanoTime();
            if (stepped(training)) {
                millis[i++] = (System.nanoTime() - start) / 1e6;
                pairs += training.progress()
                        .map(TrainerProgress::last)
                        .map(StepMetrics::pairs)
                        .orElseThrow();
                if (i * LOOKS / steps > (i - 1) * LOOKS / steps) {
                    memory.add(Look.at(i));
                    tidy(layout.candidates(config.loop().model()));
                }
            }
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        return new Report(
                pairs,
                seconds,
                millis,
                (triples.waitedNanos() - waitedBefore) / 1e9 / seconds,
                training.progress().orElseThrow().candidates(),
                memory,
                ProcessMemory.peak(),
                trained.captionUse(),
                trained.posteriorUse());
    }

    /**
     * Whether a turn took a step.
     *
     * @throws UserErrorException when none will ever be taken again
     */
    private static boolean stepped(TrainingLoop training) throws InterruptedException {
        boolean stepped = training.turn(PATIENCE);
        if (!stepped && training.isResting()) {
            throw UserErrorException.failure("The measurement cannot go on: training rests after an alarm. Lower the"
                    + " learning rate, or leave trainer.alarm.action out.");
        }
        if (!stepped && training.isPlanOver()) {
            throw UserErrorException.failure("The measurement cannot go on: the last stage of the plan is over. Lower"
                    + " --steps or --warm-up, or give the last stage more steps.");
        }
        return stepped;
    }

    /** Deletes old candidates, as the publisher does. */
    private static void tidy(Path candidates) throws IOException {
        if (!Files.isDirectory(candidates)) {
            return;
        }
        List<Path> folders;
        try (Stream<Path> children = Files.list(candidates)) {
            folders = children.sorted().toList();
        }
        for (Path old : folders.subList(0, Math.max(0, folders.size() - CANDIDATES_KEPT))) {
            StoreFolder.remove(old);
        }
    }

    /** A publisher that has decided nothing. */
    private static final class NoNews implements PublisherNews {
        @Override
        public List<RewindRequest> poll() {
            return List.of();
        }

        @Override
        public long newestVersion() {
            return 0;
        }

        @Override
        public List<GoodVersion> goodVersions() {
            return List.of();
        }
    }
}
