package dev.realalign.subscriber;

import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.ModelName;
import dev.realalign.schemas.SubscriberStatus;
import dev.realalign.schemas.signing.KeyFileException;
import dev.realalign.schemas.signing.TrustedKeys;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a folder on the published versions of a model: fetched, signature and hashes verified, switched in one step.
 *
 * <pre>{@code
 * try (CheckpointSubscriber subscriber = CheckpointSubscriber.of("tiny-photo", Path.of("lora"), client)
 *         .trust(Path.of("publisher.pub"))
 *         .follow(new Follow.Alias("latest", false))
 *         .onVersion(version -> pipeline.load(version.diffusersFile()))
 *         .start()) {
 *     ...
 * }
 * }</pre>
 *
 * Whatever fails, the version received before stays in place and is served; the attempt is repeated after growing pauses,
 * and {@link #state()} says what fails and since when. Three threads work: one reads the announcements, one fetches,
 * switches and calls back, one version at a time, and one reports to the topic {@code subscriber-status}.
 */
public final class CheckpointSubscriber implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(CheckpointSubscriber.class);
    private static final Duration POLL = Duration.ofMillis(500);
    /** Announcements that may wait before no more are read. */
    private static final int MOST_WAITING = 1000;

    /** How long a callback may run on after {@link #close}, and then once more after it is interrupted. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    private static final Duration FOREVER = Duration.ofDays(36_500);

    private final String model;
    private final Follow follow;
    private final SubscriberFolder folder;
    private final TargetFeed.Opener feeds;
    private final ArtifactSource source;
    private final VersionListener listener;
    private final int keepPrevious;
    private final GrowingPauses pauses;
    private final Clock clock;
    private final Thread reading;
    private final Thread receiving;
    private final String name;
    private final StatusReports reports;

    private final Object lock = new Object();
    private final TargetQueue queue;
    private @Nullable ReceivedVersion current;
    private @Nullable Instant switchedAt;
    /** Highest sequence that the folder was taken to, in this run or before. */
    private long taken;

    private @Nullable TargetFeed feed;
    private SubscriberState.@Nullable Trouble readingTrouble;
    private SubscriberState.@Nullable Trouble receivingTrouble;
    private SubscriberState.@Nullable Trouble refusedMove;
    private boolean caughtUp;
    private boolean closed;

    private CheckpointSubscriber(Builder builder, Trust trust) {
        this.model = builder.model;
        this.name = builder.name == null ? nameOf(builder.into) : builder.name;
        this.follow = builder.follow;
        this.feeds = builder.feeds;
        this.source = builder.source;
        this.listener = builder.listener;
        this.keepPrevious = builder.keepPrevious;
        this.pauses = builder.pauses;
        this.clock = builder.clock;
        this.folder = SubscriberFolder.open(builder.into, model, trust);
        this.current = folder.current().orElse(null);
        this.switchedAt =
                folder.progress().switchedAt().filter(at -> current != null).orElse(null);
        boolean newestOnly = follow instanceof Follow.Alias alias && !alias.everyMove();
        this.taken = folder.progress().highest(follow);
        this.queue = new TargetQueue(newestOnly, folder.progress().floor(follow, current != null));
        this.reading = new Thread(this::readAnnouncements, "subscriber-" + model + "-announcements");
        this.receiving = new Thread(this::receiveVersions, "subscriber-" + model + "-versions");
        reading.setDaemon(true);
        receiving.setDaemon(true);
        this.reports = new StatusReports(
                "subscriber-" + model + "-status", this::status, builder.statuses, builder.reportEvery);
    }

    /**
     * Prepares a subscription to a model's alias {@code latest}.
     *
     * @param model model line
     * @param into folder to keep; made where it is missing
     * @param client Kafka and schema registry properties: {@code bootstrap.servers}, {@code schema.registry.url} and what
     *     securing them needs
     */
    public static Builder of(String model, Path into, Map<String, ?> client) {
        return new Builder(ModelName.require(model), into, client);
    }

    /** How the subscription fares right now. */
    public SubscriberState state() {
        synchronized (lock) {
            return new SubscriberState(
                    Optional.ofNullable(current), caughtUp, queue.size(), Optional.ofNullable(trouble()));
        }
    }

    /** What is reported of it. */
    private SubscriberStatus status() {
        synchronized (lock) {
            SubscriberState.Trouble trouble = trouble();
            return SubscriberStatus.newBuilder()
                    .setSubscriber(name)
                    .setModel(model)
                    .setFollows(follow.key())
                    .setVersion(current == null ? null : current.version())
                    .setDigest(current == null ? null : current.digest())
                    .setAliasSequence(follow instanceof Follow.Alias && taken > 0 ? taken : null)
                    .setPublishedAt(current == null ? null : current.announcedAt())
                    .setSwitchedAt(switchedAt)
                    .setTargetVersion(queue.next().map(Target::version).orElse(null))
                    .setProblem(trouble == null ? "" : trouble.message())
                    .setReportedAt(clock.instant().truncatedTo(ChronoUnit.MILLIS))
                    .build();
        }
    }

    private SubscriberState.@Nullable Trouble trouble() {
        if (receivingTrouble != null) {
            return receivingTrouble;
        }
        return readingTrouble != null ? readingTrouble : refusedMove;
    }

    /**
     * Waits until everything announced before is received and delivered, and there is something to serve. With {@code
     * close()} after it this is a subscription for once.
     *
     * @return the version that is served then
     * @throws SubscriptionException when the time is over, saying what was missing
     */
    public ReceivedVersion awaitCurrent(Duration timeout) throws InterruptedException {
        synchronized (lock) {
            waitUntil(this::isServingTheNewest, timeout);
            if (current == null || !isServingTheNewest()) {
                throw new SubscriptionException(missing(timeout));
            }
            return current;
        }
    }

    /**
     * Ends every thread and reports that; a callback that runs may end first, for ten seconds. The folder stays as it is.
     */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            if (feed != null) {
                feed.wakeup();
            } else {
                reading.interrupt(); // it may be waiting for brokers that do not answer
            }
            lock.notifyAll();
        }
        boolean interrupted = false;
        for (Thread thread : List.of(reading, receiving)) {
            try {
                if (thread != Thread.currentThread()) {
                    thread.join(GRACE.toMillis());
                    thread.interrupt();
                    thread.join(GRACE.toMillis());
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        try {
            reports.close();
        } catch (InterruptedException e) {
            interrupted = true;
        }
        try {
            folder.close();
        } catch (IOException e) {
            log.warn("the lock of the folder could not be given back: {}", e.getMessage());
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void readAnnouncements() {
        int failures = 0;
        while (!isClosed()) {
            try (TargetFeed opened = feeds.open()) {
                synchronized (lock) {
                    feed = opened;
                }
                long highest = 0;
                boolean reachedEnd = false;
                while (!isClosed()) {
                    List<Target> targets = opened.poll(POLL);
                    failures = 0;
                    boolean atEnd = opened.isAtEnd();
                    if (follow instanceof Follow.Alias) {
                        highest = checkOrder(targets, highest, reachedEnd, atEnd);
                    }
                    reachedEnd |= atEnd;
                    take(targets, atEnd);
                }
            } catch (WakeupException | InterruptedException e) {
                log.debug("the reader of {}'s announcements was told to look up", model);
            } catch (RuntimeException e) {
                failures++;
                readingFailed(e, failures);
            } finally {
                synchronized (lock) {
                    feed = null;
                }
            }
        }
    }

    private void readingFailed(RuntimeException failure, int failures) {
        synchronized (lock) {
            if (closed) {
                return;
            }
            readingTrouble = trouble(readingTrouble, "the announcements cannot be read: " + reason(failure), failures);
            reports.changed();
            log.warn(
                    "{}; next attempt in {} ms",
                    readingTrouble.message(),
                    readingTrouble.pause().toMillis());
            try {
                waitUntil(() -> false, readingTrouble.pause());
            } catch (InterruptedException e) {
                log.debug("the reader of {}'s announcements was told to look up", model);
            }
        }
    }

    /** Queues what was announced, and waits while too much is waiting already. */
    private void take(List<Target> targets, boolean atEnd) throws InterruptedException {
        synchronized (lock) {
            readingTrouble = null;
            targets.forEach(queue::offer);
            caughtUp |= atEnd;
            reports.changed();
            lock.notifyAll();
            waitUntil(() -> queue.size() < MOST_WAITING, FOREVER);
        }
    }

    /**
     * Refuses, and reports, moves of the alias that are older than the one this folder was taken to: one that arrives after
     * newer ones, and a topic that as a whole ends before it.
     *
     * @param highest highest sequence that this feed has returned before
     * @param live whether the feed had reached its end before these came; what comes earlier is only history
     * @return highest sequence that this feed has returned now
     */
    private long checkOrder(List<Target> targets, long highest, boolean live, boolean atEnd) {
        long highestNow = highest;
        synchronized (lock) {
            for (Target target : targets) {
                highestNow = Math.max(highestNow, target.sequence());
                if (target.sequence() >= taken) {
                    refusedMove = null;
                } else if (live) {
                    refuseMove("move " + target.sequence() + " of " + follow.key() + " of " + model + ", to version "
                            + target.version() + ", is refused: this folder was taken to move " + taken
                            + " before, and follows nothing older");
                }
            }
            if (!live && atEnd && highestNow > 0 && highestNow < taken) {
                refuseMove(follow.key() + " of " + model + " stands at move " + highestNow
                        + ", but this folder was taken to move " + taken
                        + " before, and follows nothing older: choose a new folder if the topics were begun anew");
            }
        }
        return highestNow;
    }

    private void refuseMove(String message) {
        log.warn("{}", message);
        refusedMove = new SubscriberState.Trouble(message, clock.instant(), 1, Duration.ZERO);
    }

    private void receiveVersions() {
        int failures = 0;
        while (!isClosed()) {
            Target target = null;
            try {
                target = awaitTarget();
                receive(target);
                failures = 0;
            } catch (Throwable e) { // a callback may fail in any way; the folder must be kept all the same
                if (target != null && !isClosed()) {
                    failures++;
                    receivingFailed(target, e, failures);
                }
            }
        }
    }

    private Target awaitTarget() throws InterruptedException {
        synchronized (lock) {
            waitUntil(() -> queue.next().isPresent(), FOREVER);
            return queue.next().orElseThrow(() -> new InterruptedException("closed"));
        }
    }

    private void receive(Target target) throws Exception {
        ReceivedVersion version = folder.obtain(target, source);
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        folder.switchTo(target, follow, now);
        synchronized (lock) {
            current = version;
            switchedAt = now;
            taken = Math.max(taken, target.sequence());
            reports.changed();
        }
        listener.onVersion(version);
        folder.delivered(follow, target.sequence());
        folder.prune(keepPrevious);
        synchronized (lock) {
            queue.delivered(target);
            receivingTrouble = null;
            reports.changed();
            lock.notifyAll();
        }
    }

    private void receivingFailed(Target target, Throwable failure, int failures) {
        synchronized (lock) {
            receivingTrouble = trouble(receivingTrouble, reason(failure), failures);
            reports.changed();
            log.warn(
                    "version {} of {} is not delivered: {}; {} is served, next attempt in {} ms",
                    target.version(),
                    model,
                    receivingTrouble.message(),
                    current == null ? "nothing yet" : "version " + current.version(),
                    receivingTrouble.pause().toMillis());
            try {
                waitUntil(() -> queue.next().filter(target::equals).isEmpty(), receivingTrouble.pause());
            } catch (InterruptedException e) {
                log.debug("the receiver of {}'s versions was told to look up", model);
            }
        }
    }

    /** Waits until the condition holds, the time is over or the subscriber is closed. The lock must be held. */
    private void waitUntil(BooleanSupplier condition, Duration timeout) throws InterruptedException {
        long begun = System.nanoTime();
        long left = timeout.toNanos();
        while (!closed && left > 0 && !condition.getAsBoolean()) {
            lock.wait(Math.max(1, left / 1_000_000));
            left = timeout.toNanos() - (System.nanoTime() - begun);
        }
    }

    private boolean isServingTheNewest() {
        return caughtUp && queue.size() == 0 && current != null;
    }

    private boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    private SubscriberState.Trouble trouble(SubscriberState.@Nullable Trouble before, String message, int failures) {
        Instant since = before == null ? clock.instant() : before.since();
        return new SubscriberState.Trouble(message, since, failures, pauses.after(failures));
    }

    private String missing(Duration timeout) {
        SubscriberState.Trouble trouble = trouble();
        String what = follow.key() + " of " + model;
        if (trouble != null) {
            return what + " was not received within " + timeout.toSeconds() + " seconds: " + trouble.message();
        }
        if (!caughtUp) {
            return what + " was not received within " + timeout.toSeconds()
                    + " seconds: the announcements could not be read to their end; are brokers and registry reachable?";
        }
        return what + " was not announced within " + timeout.toSeconds()
                + " seconds; is a publisher running for this model?";
    }

    private static String reason(Throwable failure) {
        return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }

    /** This host and the folder: the same at every start, and no other subscriber's. */
    private static String nameOf(Path into) {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            host = "localhost";
        }
        return host + ":" + into.toAbsolutePath().normalize();
    }

    /** What a subscription needs, with defaults for the rest. */
    public static final class Builder {
        private final String model;
        private final Path into;
        private Follow follow = new Follow.Alias(CheckpointKeys.LATEST, false);
        private @Nullable String name;
        private @Nullable Trust trust;
        private TargetFeed.Opener feeds;
        private StatusSink.Opener statuses;
        private Duration reportEvery = StatusReports.BEAT;
        private ArtifactSource source = new FileArtifactSource();
        private VersionListener listener = version -> {};
        private int keepPrevious = 2;
        private GrowingPauses pauses = GrowingPauses.DEFAULT;
        private Clock clock = Clock.systemUTC();

        private Builder(String model, Path into, Map<String, ?> client) {
            Map<String, ?> copy = new HashMap<>(client);
            this.model = model;
            this.into = into;
            this.feeds = () -> TopicTargetFeed.open(model, follow, copy);
            this.statuses = () -> TopicStatusSink.open(copy);
        }

        /**
         * Whose signatures count: a PEM file with one or more public keys. It is read again for every version, so that keys
         * can be replaced while the subscriber runs.
         */
        public Builder trust(Path file) {
            trust = () -> Optional.of(TrustedKeys.read(file));
            return this;
        }

        /** Whose signatures count. */
        public Builder trust(TrustedKeys keys) {
            trust = () -> Optional.of(keys);
            return this;
        }

        /** Takes versions whether they are signed or not, by whomever: only the announced hashes are verified. */
        public Builder allowUnsigned() {
            trust = Trust.UNSIGNED;
            return this;
        }

        /** Name in the topic {@code subscriber-status}, unique in the cluster; host and folder by default. */
        public Builder name(String unique) {
            if (unique.isBlank()) {
                throw new IllegalArgumentException("a subscriber's name must not be blank");
            }
            name = unique;
            return this;
        }

        /** What to follow; the alias {@code latest} by default. */
        public Builder follow(Follow what) {
            follow = what;
            return this;
        }

        /** Where files come from; {@code file:} locations by default. */
        public Builder source(ArtifactSource where) {
            source = where;
            return this;
        }

        /** Whom to tell of every version. */
        public Builder onVersion(VersionListener whom) {
            listener = whom;
            return this;
        }

        /**
         * How many versions stay on disk beside the one that is served; 2 by default. Whoever still reads a version when
         * this many have followed it loses its files.
         */
        public Builder keepPrevious(int versions) {
            if (versions < 0) {
                throw new IllegalArgumentException("keepPrevious must be at least 0, not " + versions);
            }
            keepPrevious = versions;
            return this;
        }

        /** Pauses after failures. */
        public Builder pauses(GrowingPauses growing) {
            pauses = growing;
            return this;
        }

        Builder feeds(TargetFeed.Opener opener) {
            feeds = opener;
            return this;
        }

        Builder statuses(StatusSink.Opener opener, Duration beat) {
            statuses = opener;
            reportEvery = beat;
            return this;
        }

        Builder clock(Clock time) {
            clock = time;
            return this;
        }

        /**
         * Takes hold of the folder and begins.
         *
         * @throws SubscriptionException when the folder cannot be kept, nothing says whose signatures count, or the trust
         *     file cannot be read; Kafka and the store may be unreachable at this
         *     moment, which shows in {@link CheckpointSubscriber#state}
         */
        public CheckpointSubscriber start() {
            CheckpointSubscriber subscriber = new CheckpointSubscriber(this, requireTrust());
            subscriber.reading.start();
            subscriber.receiving.start();
            subscriber.reports.start();
            return subscriber;
        }

        private Trust requireTrust() {
            if (trust == null) {
                throw new SubscriptionException("nothing says whose signatures count: name a trust file with the"
                        + " publisher's public key, or allow unsigned versions on purpose");
            }
            try {
                trust.keys();
            } catch (KeyFileException e) {
                throw new SubscriptionException(String.valueOf(e.getMessage()), e);
            }
            return trust;
        }
    }
}
