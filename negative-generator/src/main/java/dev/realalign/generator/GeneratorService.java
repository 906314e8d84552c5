package dev.realalign.generator;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.tensor.TorchEngine;
import dev.realalign.generator.answer.AnswerCounts;
import dev.realalign.generator.answer.Answered;
import dev.realalign.generator.answer.Received;
import dev.realalign.generator.answer.RequestAnswerer;
import dev.realalign.generator.draw.DiffusionArtist;
import dev.realalign.generator.kafka.GroupRequests;
import dev.realalign.generator.kafka.RequestStream;
import dev.realalign.generator.kafka.ShareRequests;
import dev.realalign.generator.score.ClipJudge;
import dev.realalign.generator.score.JudgeSettings;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.MissingRights;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.runtime.WorkerService;
import dev.realalign.schemas.Topics;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The negative generator as a service; any number of them may run. Whatever Kafka throws ends the session, and the next one
 * takes what was not finished again.
 */
public final class GeneratorService extends WorkerService {
    private static final Logger log = LoggerFactory.getLogger(GeneratorService.class);
    private static final Duration PATIENCE = Duration.ofMillis(200);
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(250);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final GeneratorConfig config;
    private final AnswerCounts counts = new AnswerCounts();
    private volatile @Nullable RequestStream stream;

    /** A service that is not started yet. */
    public GeneratorService(GeneratorConfig config) {
        super("generator");
        this.config = config;
    }

    /** What this worker has done since its start. */
    public AnswerCounts.Numbers counts() {
        return counts.numbers();
    }

    @Override
    protected void run() {
        ClusterSetup.prepare(
                config.cluster(),
                List.of(
                        Topics.NEGATIVE_REQUESTS,
                        Topics.GENERATED_NEGATIVES,
                        Topics.CHECKPOINTS,
                        Topics.CHECKPOINT_ALIASES,
                        Topics.SUBSCRIBER_STATUS));
        if (config.groupType() == GeneratorConfig.GroupType.SHARE) {
            ClusterSetup.shareGroup(config.cluster(), config.group());
        }
        BlobStore pictures = BlobStore.open(config.blobs()).ofWaiting();
        try (DiffusionArtist artist = loadArtist();
                ClipJudge judge = loadJudge();
                VersionFollower versions = new VersionFollower(config, artist)) {
            Stream.of(
                            judge.cannotScore(ClipJudge.PICKSCORE),
                            judge.cannotScore(ClipJudge.AESTHETIC),
                            judge.cannotJudge(ClipJudge.NOT_A_PHOTOGRAPH))
                    .flatMap(Optional::stream)
                    .forEach(missing -> log.info("requests are refused where {}", missing));
            versions.awaitFirst(this::isStopping);
            RequestAnswerer answerer = new RequestAnswerer(
                    artist, judge, pictures, config.worker(), InstantSource.system(), System::nanoTime);
            Duration pause = SHORTEST_PAUSE;
            while (!isStopping()) {
                try {
                    session(answerer, versions);
                    pause = SHORTEST_PAUSE;
                } catch (WakeupException e) {
                    log.debug("the worker was told to end");
                } catch (KafkaException e) {
                    throwIfFinal(e);
                    log.warn(
                            "the worker lost its session ({}); what was not finished is taken again in {} ms",
                            e.getMessage(),
                            pause.toMillis());
                    sleepUnlessStopping(pause);
                    pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
                }
            }
        }
        AnswerCounts.Numbers numbers = counts.numbers();
        log.info(
                "made {} negatives {}, refused {} {}, {} requests were late, {} records were no requests",
                numbers.made(),
                numbers.negatives(),
                numbers.refused(),
                numbers.refusals(),
                numbers.late(),
                numbers.undecodable());
    }

    private DiffusionArtist loadArtist() {
        if (config.threads() > 0) {
            TorchEngine.setThreads(config.threads());
        }
        try {
            return DiffusionArtist.load(config.baseModel(), config.drawing());
        } catch (ModelFormatException e) {
            throw UserErrorException.usage("A network cannot be used: " + e.getMessage() + ". Correct "
                    + GeneratorConfig.BASE_MODEL + " or " + GeneratorConfig.U2NET_FILE + ".");
        } catch (IllegalArgumentException e) {
            throw UserErrorException.usage(
                    "The base model and the settings below generator. do not go together: " + e.getMessage() + ".");
        }
    }

    private ClipJudge loadJudge() {
        try {
            return ClipJudge.load(config.judging());
        } catch (ModelFormatException e) {
            throw UserErrorException.usage("A CLIP model cannot be used: " + e.getMessage() + ". Correct "
                    + JudgeSettings.PICKSCORE_MODEL + ", " + JudgeSettings.AESTHETIC_MODEL + ", "
                    + JudgeSettings.AESTHETIC_HEAD + " or " + JudgeSettings.PHOTOGRAPH_MODEL + ", or leave it out.");
        }
    }

    /** From joining the group to losing the brokers, or to the end. */
    private void session(RequestAnswerer answerer, VersionFollower versions) {
        try (RequestStream requests = join()) {
            stream = requests;
            atWork();
            while (!isStopping()) {
                List<Received> taken = requests.take(PATIENCE);
                if (!taken.isEmpty()) {
                    List<Answered> answers = answerer.answer(taken, versions.wearNewest(), requests::beat);
                    counts.finished(requests.finish(answers), taken.size() - answers.size());
                }
            }
        } finally {
            stream = null;
        }
    }

    private RequestStream join() {
        return config.groupType() == GeneratorConfig.GroupType.SHARE
                ? ShareRequests.join(config.cluster(), config.group(), config.worker(), config.requestsMax(), counts)
                : GroupRequests.join(config.cluster(), config.group(), config.worker(), config.requestsMax(), counts);
    }

    private void throwIfFinal(KafkaException failure) {
        MissingRights.sentence(
                        failure,
                        Map.of(TransactionalIdAuthorizationException.class, "transactional id " + config.worker()))
                .ifPresent(sentence -> {
                    throw UserErrorException.failure(sentence, failure);
                });
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof AuthenticationException || cause instanceof UnsupportedVersionException) {
                throw UserErrorException.failure(
                        "The brokers at " + config.cluster().bootstrapServers() + " refuse the generator: "
                                + cause.getMessage(),
                        failure);
            }
        }
    }

    @Override
    protected void interruptWait() {
        RequestStream current = stream;
        if (current != null) {
            current.wakeup();
        }
    }

    private void sleepUnlessStopping(Duration pause) {
        long until = System.nanoTime() + pause.toNanos();
        while (!isStopping() && System.nanoTime() < until) {
            LockSupport.parkNanos(PATIENCE.toNanos());
        }
    }
}
