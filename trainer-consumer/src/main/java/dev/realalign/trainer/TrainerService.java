package dev.realalign.trainer;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.diffusion.tensor.TorchEngine;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.runtime.WorkerService;
import dev.realalign.schemas.Topics;
import dev.realalign.trainer.candidate.CandidateStore;
import dev.realalign.trainer.kafka.KafkaCandidateLog;
import dev.realalign.trainer.kafka.KafkaTripleSource;
import dev.realalign.trainer.learn.DiffusionLearner;
import dev.realalign.trainer.loop.CandidateLog;
import dev.realalign.trainer.loop.FlushRequest;
import dev.realalign.trainer.loop.TrainerProgress;
import dev.realalign.trainer.loop.TrainingLoop;
import dev.realalign.trainer.loop.TripleSource;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
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
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(250);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final TrainerConfig config;
    private final FlushRequest flush = new FlushRequest();
    private volatile @Nullable TrainingLoop loop;

    public TrainerService(TrainerConfig config) {
        super("trainer");
        this.config = config;
    }

    /** How far training is; empty before the first session has found its place. */
    public Optional<TrainerProgress> progress() {
        TrainingLoop current = loop;
        return current == null ? Optional.empty() : current.progress();
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
            ClusterSetup.prepare(config.cluster(), List.of(Topics.PREFERENCE_TRIPLES, Topics.CHECKPOINT_CANDIDATES));
            try (DiffusionModel model = loadModel()) {
                Duration pause = SHORTEST_PAUSE;
                while (!isStopping()) {
                    try {
                        session(model);
                        pause = SHORTEST_PAUSE;
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

    private DiffusionModel loadModel() {
        if (config.threads() > 0) {
            TorchEngine.setThreads(config.threads());
        }
        try {
            return DiffusionModel.load(config.baseModel(), LoadOptions.DEFAULT);
        } catch (ModelFormatException e) {
            throw UserErrorException.failure(
                    "The base model cannot be used: " + e.getMessage() + ". Set " + TrainerConfig.BASE_MODEL
                            + " to the folder of a complete model.",
                    e);
        }
    }

    /** From taking over to losing the brokers, or to the end. */
    private void session(DiffusionModel model) throws InterruptedException {
        try (DiffusionLearner learner = new DiffusionLearner(model, config.learner());
                CandidateLog candidates = KafkaCandidateLog.open(
                        config.loop().model(),
                        config.cluster().producer("trainer"),
                        config.cluster().registry(),
                        config.cluster().reader("trainer-recovery"),
                        config.cluster().timeout());
                TripleSource triples = KafkaTripleSource.open(
                        config.cluster().consumer("trainer"),
                        config.cluster().registry(),
                        config.group(),
                        learner.resolution(),
                        config.bufferBytes())) {
            TrainingLoop current = new TrainingLoop(
                    config.loop(),
                    triples,
                    learner,
                    new CandidateStore(config.store(), config.loop().model()),
                    candidates,
                    System::nanoTime,
                    InstantSource.system(),
                    flush);
            current.takeOver();
            loop = current;
            atWork();
            while (!isStopping()) {
                current.turn(PATIENCE);
            }
            current.finish();
        }
    }

    private void throwIfFinal(KafkaException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof AuthenticationException
                    || cause instanceof AuthorizationException
                    || cause instanceof UnsupportedVersionException) {
                throw UserErrorException.failure(
                        "The brokers at " + config.cluster().bootstrapServers() + " refuse the trainer: "
                                + cause.getMessage() + " It needs to read " + Topics.PREFERENCE_TRIPLES
                                + ", to read and"
                                + " write " + Topics.CHECKPOINT_CANDIDATES + ", to commit to the group "
                                + config.group()
                                + " and to use the transactional id trainer-"
                                + config.loop().model() + ".",
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
