package dev.realalign.trainer;

import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.tensor.TorchEngine;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.MissingRights;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.runtime.WorkerService;
import dev.realalign.schemas.Topics;
import dev.realalign.trainer.candidate.CandidateStore;
import dev.realalign.trainer.candidate.ReservoirStore;
import dev.realalign.trainer.kafka.KafkaLedgerLog;
import dev.realalign.trainer.kafka.KafkaTripleSource;
import dev.realalign.trainer.kafka.Lease;
import dev.realalign.trainer.kafka.PublisherDecisions;
import dev.realalign.trainer.learn.DiffusionLearner;
import dev.realalign.trainer.ledger.FencedException;
import dev.realalign.trainer.ledger.LedgerLog;
import dev.realalign.trainer.loop.FlushRequest;
import dev.realalign.trainer.loop.TrainerProgress;
import dev.realalign.trainer.loop.TrainingLoop;
import dev.realalign.trainer.loop.TripleSource;
import dev.realalign.trainer.tensorboard.TensorBoardLog;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The trainer as a service: learns an adapter of one model line from preference-triples and announces candidates.
 *
 * <p>Like the publisher it recovers in one way only: whatever Kafka throws ends the session, and the next one goes on from
 * the newest announced candidate, exactly as after a crash of the process.
 */
public final class TrainerService extends WorkerService {
    private static final Logger log = LoggerFactory.getLogger(TrainerService.class);
    private static final String ENDED = "the trainer has ended";
    private static final Duration PATIENCE = Duration.ofMillis(200);
    private static final Duration PATIENT_START = Duration.ofSeconds(2);
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(250);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final TrainerConfig config;
    private final FlushRequest flush = new FlushRequest();
    private volatile @Nullable TrainingLoop loop;
    private volatile boolean planOver;

    public TrainerService(TrainerConfig config) {
        super("trainer");
        this.config = config;
    }

    /** How far training is, and why it rests where it does; empty before the first session has found its place. */
    public Optional<TrainerProgress> progress() {
        TrainingLoop current = loop;
        return current == null ? Optional.empty() : current.progress();
    }

    /** Whether the last stage of the plan is over, so that nothing more is trained unless somebody rolls training back. */
    public boolean isPlanOver() {
        return planOver;
    }

    /**
     * Asks for a candidate of everything that is in preference-triples now: the rest is trained even where it fills no
     * batch.
     *
     * @return the step of the newest candidate, once it is announced; fails when the service ends before
     */
    public CompletableFuture<Long> flush() {
        CompletableFuture<Long> answer = flush.ask();
        if (state().isEnd()) {
            flush.abandon(ENDED);
        }
        return answer;
    }

    @Override
    protected void run() throws InterruptedException {
        try {
            ClusterSetup.prepare(
                    config.cluster(),
                    List.of(
                            Topics.PREFERENCE_TRIPLES,
                            Topics.TRAINING_LEDGER,
                            Topics.CHECKPOINT_CANDIDATES,
                            Topics.PUBLISHING_LOG));
            Optional<Duration> retention = ClusterSetup.retention(config.cluster(), Topics.PREFERENCE_TRIPLES);
            try (DiffusionModel model = loadModel();
                    Lease lease = Lease.ask(
                            config.cluster().consumer("trainer-lease"),
                            config.leaseGroup(),
                            config.instance(),
                            config.leaseTimeout())) {
                Duration pause = SHORTEST_PAUSE;
                while (!isStopping()) {
                    try {
                        if (!awaitLease(lease)) {
                            return;
                        }
                        session(model, lease, retention);
                        pause = SHORTEST_PAUSE;
                    } catch (FencedException e) {
                        stopped(e);
                    } catch (KafkaException e) {
                        throwIfFinal(e);
                        log.warn(
                                "trainer of {} lost its session ({}); going on from the newest candidate in {} ms",
                                config.loop().model(),
                                e.getMessage(),
                                pause.toMillis());
                        sleepUnlessStopping(pause);
                        pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0
                                ? pause.multipliedBy(2)
                                : LONGEST_PAUSE;
                    }
                }
            }
        } finally {
            flush.abandon(ENDED);
        }
    }

    /** Stands by until the lease is this trainer's; false when it is told to end before. */
    private boolean awaitLease(Lease lease) throws InterruptedException {
        boolean told = false;
        while (!lease.await(told ? PATIENCE : PATIENT_START)) {
            if (isStopping()) {
                return false;
            }
            if (!told) {
                told = true;
                log.info(
                        "standing by: another trainer holds the lease of model {} (group {}), or its lease has not run out yet",
                        config.loop().model(),
                        config.leaseGroup());
                atWork();
            }
        }
        return true;
    }

    /** Says why training stops, and waits until the lease's keeper must know whose it is now. */
    private void stopped(FencedException fenced) {
        loop = null;
        log.error(
                "stops training: {}. A trainer that is paused or cut off for longer than {} ms loses its lease; standing by",
                fenced.getMessage(),
                config.leaseTimeout().toMillis());
        sleepUnlessStopping(config.leaseTimeout().plus(PATIENT_START));
    }

    private DiffusionModel loadModel() {
        if (config.threads() > 0) {
            TorchEngine.setThreads(config.threads());
        }
        return config.loadBaseModel();
    }

    /** From taking over to losing the brokers, or to the end. */
    private void session(DiffusionModel model, Lease lease, Optional<Duration> retention) throws InterruptedException {
        try (DiffusionLearner learner = new DiffusionLearner(model, config.learner());
                LedgerLog ledger = KafkaLedgerLog.open(
                        config.loop().model(),
                        config.group(),
                        config.cluster().producer("trainer"),
                        config.cluster().registry(),
                        config.cluster().reader("trainer-recovery"),
                        config.cluster().timeout());
                PublisherDecisions decisions = PublisherDecisions.open(
                        config.loop().model(), config.cluster().reader("trainer-decisions"));
                TripleSource triples = KafkaTripleSource.open(
                        config.cluster().consumer("trainer"),
                        config.cluster().registry(),
                        config.group(),
                        learner.resolution(),
                        config.bufferBytes(),
                        retention.orElse(null))) {
            TrainingLoop current = new TrainingLoop(
                    config.loop(),
                    triples,
                    learner,
                    new CandidateStore(config.store(), config.loop().model()),
                    ledger,
                    new ReservoirStore(config.store(), config.loop().model()),
                    decisions,
                    System::nanoTime,
                    InstantSource.system(),
                    flush);
            current.takeOver(trainer());
            loop = current;
            atWork();
            try (TensorBoardLog board = tensorBoard(current)) {
                while (!isStopping()) {
                    if (!lease.isHeld()) {
                        throw new FencedException(
                                "this trainer lost the lease of model "
                                        + config.loop().model(),
                                null);
                    }
                    boolean trained = current.turn(PATIENCE);
                    if (current.isResting()) {
                        sleepUnlessStopping(PATIENCE);
                    } else if (!trained && current.isPlanOver()) {
                        if (!planOver) {
                            planOver = true;
                            log.info(
                                    "the plan of model {} is over: nothing more is trained, and what still comes stays in {}",
                                    config.loop().model(),
                                    Topics.PREFERENCE_TRIPLES);
                        }
                        sleepUnlessStopping(PATIENCE);
                    } else if (trained) {
                        planOver = false;
                    }
                    record(board, current);
                }
                current.finish();
                record(board, current);
            }
        }
    }

    private @Nullable TensorBoardLog tensorBoard(TrainingLoop current) {
        Path folder = config.tensorBoard().orElse(null);
        TrainerProgress start = current.progress().orElse(null);
        return folder == null || start == null
                ? null
                : TensorBoardLog.open(
                        folder.resolve(config.loop().model()), InstantSource.system(), start, config.described());
    }

    private static void record(@Nullable TensorBoardLog board, TrainingLoop current) {
        if (board != null) {
            current.progress().ifPresent(board::record);
        }
    }

    /** Who this is, for the ledger. */
    private String trainer() {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            host = "unknown-host";
        }
        String name = config.instance().isEmpty() ? "" : " (" + config.instance() + ")";
        return host + " process " + ProcessHandle.current().pid() + name;
    }

    private void throwIfFinal(KafkaException failure) {
        MissingRights.sentence(
                        failure,
                        Map.of(
                                TransactionalIdAuthorizationException.class,
                                "transactional id "
                                        + KafkaLedgerLog.transactionalId(
                                                config.loop().model())))
                .ifPresent(sentence -> {
                    throw UserErrorException.failure(sentence, failure);
                });
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof AuthenticationException || cause instanceof UnsupportedVersionException) {
                throw UserErrorException.failure(
                        "The brokers at " + config.cluster().bootstrapServers() + " refuse the trainer: "
                                + cause.getMessage(),
                        failure);
            }
        }
    }

    private void sleepUnlessStopping(Duration pause) {
        long until = System.nanoTime() + pause.toNanos();
        while (!isStopping() && System.nanoTime() < until) {
            LockSupport.parkNanos(PATIENCE.toNanos());
        }
    }
}
