package dev.realalign.publisher;

import dev.realalign.publisher.catalogue.CatalogueServer;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.MissingRights;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.runtime.WorkerService;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.signing.KeyFileException;
import dev.realalign.schemas.signing.SigningKey;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The publisher as a service: takes candidates of one model line, decides on each, and announces versions exactly once.
 *
 * <p>It recovers in one way only. Whatever Kafka throws ends the session; the next one fences the last, reads the topics
 * anew and goes on from the committed offset, exactly as after a crash of the process.
 */
public final class PublisherService extends WorkerService {
    private static final Logger log = LoggerFactory.getLogger(PublisherService.class);
    private static final Duration POLL = Duration.ofMillis(250);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final PublisherConfig config;
    private final Optional<SigningKey> signingKey;
    private final Gate gate;
    private final SecondOpinion.Source opinions;
    private final PublishingStep.Observer steps;
    private final Object lock = new Object();
    private @Nullable KafkaJournal open;

    /** A publisher with the gate its configuration describes. */
    public PublisherService(PublisherConfig config) {
        this(config, PublishingStep.Observer.NONE);
    }

    /**
     * A publisher with the gate its configuration describes.
     *
     * @param steps told of every step, in the publisher's thread
     * @throws UserErrorException for usage, when the signing key cannot be used
     */
    public PublisherService(PublisherConfig config, PublishingStep.Observer steps) {
        this(config, config.gate(), steps);
    }

    /**
     * A publisher with the gate its configuration describes, and a second opinion where it asks for one.
     *
     * @param steps told of every step, in the publisher's thread
     * @param opinions opens the second opinion
     * @throws UserErrorException for usage, when the signing key cannot be used
     */
    public PublisherService(PublisherConfig config, PublishingStep.Observer steps, SecondOpinion.Source opinions) {
        this(config, config.gate(), steps, opinions);
    }

    /**
     * A publisher with a gate of its own.
     *
     * @param steps told of every step, in the publisher's thread
     * @throws UserErrorException for usage, when the signing key cannot be used
     */
    public PublisherService(PublisherConfig config, Gate gate, PublishingStep.Observer steps) {
        this(config, gate, steps, (settings, stopping) -> {
            throw UserErrorException.usage("This publisher cannot measure candidates: leave out "
                    + PublisherConfig.EVALUATION_IMAGES + ", or run realalign publish.");
        });
    }

    private PublisherService(
            PublisherConfig config, Gate gate, PublishingStep.Observer steps, SecondOpinion.Source opinions) {
        super("publisher");
        this.opinions = opinions;
        this.config = config;
        this.signingKey = config.signingKey().map(PublisherService::readKey);
        this.gate = gate;
        this.steps = steps;
    }

    private static SigningKey readKey(Path file) {
        try {
            return SigningKey.read(file);
        } catch (KeyFileException e) {
            throw UserErrorException.usage(
                    PublisherConfig.SIGNING_KEY + " is \"" + file + "\": " + e.getMessage() + ".");
        }
    }

    @Override
    protected void run() throws InterruptedException {
        signingKey.ifPresentOrElse(
                key -> log.info(
                        "versions of {} are signed with the key {}",
                        config.model(),
                        key.publicKey().id()),
                () -> log.warn(
                        "versions of {} are published UNSIGNED ({} is true): nobody can tell them from forged ones",
                        config.model(),
                        PublisherConfig.UNSIGNED_ALLOWED));
        ClusterSetup.prepare(
                config.cluster(),
                List.of(
                        Topics.CHECKPOINT_CANDIDATES,
                        Topics.CHECKPOINTS,
                        Topics.CHECKPOINT_ALIASES,
                        Topics.PUBLISHING_LOG,
                        Topics.CHECKPOINT_COMMANDS,
                        Topics.SUBSCRIBER_STATUS));
        try (SecondOpinion opinion = config.secondOpinion()
                .map(settings -> opinions.open(settings, this::isStopping))
                .orElse(SecondOpinion.NONE)) {
            if (!config.catalogue().isOn()) {
                decideUntilStopped(opinion);
                return;
            }
            try (CatalogueServer catalogue =
                    CatalogueServer.start(config.catalogue(), config.cluster(), config.store())) {
                decideUntilStopped(opinion);
            }
        }
    }

    private void decideUntilStopped(SecondOpinion opinion) throws InterruptedException {
        Duration pause = POLL;
        while (!isStopping()) {
            try (KafkaJournal journal = new KafkaJournal(config, steps)) {
                synchronized (lock) {
                    open = journal;
                }
                Publisher publisher = new Publisher(
                        journal,
                        config.store(),
                        signingKey,
                        gate,
                        opinion,
                        config.retention(),
                        Clock.systemUTC(),
                        steps);
                atWork();
                while (!isStopping()) {
                    List<Journal.Delivery> deliveries = journal.poll(POLL);
                    for (Journal.Delivery delivery : deliveries) {
                        publisher.decide(delivery);
                    }
                    if (deliveries.isEmpty()) {
                        publisher.tidy();
                    }
                    pause = POLL;
                }
            } catch (WakeupException | CancellationException e) {
                log.debug("publisher of {} was told to end", config.model());
            } catch (KafkaException e) {
                throwIfFinal(e);
                log.warn(
                        "publisher of {} lost its session ({}); beginning a new one in {} ms",
                        config.model(),
                        e.getMessage(),
                        pause.toMillis());
                sleepUnlessStopping(pause);
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
            } catch (IOException e) {
                throw UserErrorException.failure(
                        "the checkpoint store " + config.store().root() + " cannot be used ("
                                + e.getClass().getSimpleName() + ": " + e.getMessage()
                                + "). Nothing was announced and nothing is lost: make room or make it writable, then start"
                                + " the publisher again.",
                        e);
            } finally {
                synchronized (lock) {
                    open = null;
                }
            }
        }
    }

    private void throwIfFinal(KafkaException failure) {
        if (find(failure, ProducerFencedException.class).isPresent()
                || find(failure, InvalidProducerEpochException.class).isPresent()) {
            throw UserErrorException.failure(
                    "another publisher of model " + config.model() + " has taken over (transactional id "
                            + config.transactionalId() + "), so this one ends. Run one publisher for each model line.",
                    failure);
        }
        MissingRights.sentence(
                        failure,
                        Map.of(
                                TransactionalIdAuthorizationException.class,
                                "transactional id " + config.transactionalId()))
                .ifPresent(sentence -> {
                    throw UserErrorException.failure(sentence, failure);
                });
        for (Class<? extends KafkaException> type :
                List.of(AuthenticationException.class, UnsupportedVersionException.class)) {
            Optional<? extends KafkaException> refused = find(failure, type);
            if (refused.isPresent()) {
                throw UserErrorException.failure(
                        "the brokers at " + config.cluster().bootstrapServers() + " refuse the publisher: "
                                + refused.get().getMessage(),
                        failure);
            }
        }
    }

    private static <T extends Throwable> Optional<T> find(Throwable failure, Class<T> type) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return Optional.of(type.cast(cause));
            }
        }
        return Optional.empty();
    }

    private void sleepUnlessStopping(Duration pause) throws InterruptedException {
        long deadline = System.nanoTime() + pause.toNanos();
        synchronized (lock) {
            for (long left = pause.toNanos(); left > 0 && !isStopping(); left = deadline - System.nanoTime()) {
                lock.wait(Math.max(1, left / 1_000_000));
            }
        }
    }

    @Override
    protected void interruptWait() {
        synchronized (lock) {
            if (open != null) {
                open.wakeup();
            }
            lock.notifyAll();
        }
    }
}
