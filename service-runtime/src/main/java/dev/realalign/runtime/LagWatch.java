package dev.realalign.runtime;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Samples a cluster's lag again and again in a thread of its own, and holds the newest report. A cluster that does not answer
 * is trouble and not an end: the report stays, and sampling goes on when it answers again.
 */
public final class LagWatch implements AutoCloseable {
    /** Window of the verdicts, unless another is asked for. */
    public static final Duration WINDOW = Duration.ofMinutes(1);

    private static final Logger log = LoggerFactory.getLogger(LagWatch.class);

    private final ClusterConfig cluster;
    private final LagTarget.Choice choice;
    private final Collection<String> moreTopics;
    private final Duration pause;
    private final LagHistory history;
    private final Clock clock = Clock.systemUTC();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;
    private volatile @Nullable LagReport newest;
    private volatile @Nullable Trouble trouble;

    /**
     * Why there is no newer report.
     *
     * @param message in words
     * @param since when it began
     */
    public record Trouble(String message, Instant since) {}

    /**
     * Begins to sample.
     *
     * @param choice groups to measure
     * @param moreTopics topics whose offsets are wanted although no group reads them
     * @param pause time between two samples
     * @param window history that a verdict needs; a multiple of the pause
     */
    public LagWatch(
            ClusterConfig cluster,
            LagTarget.Choice choice,
            Collection<String> moreTopics,
            Duration pause,
            Duration window) {
        this.cluster = cluster;
        this.choice = choice;
        this.moreTopics = List.copyOf(moreTopics);
        this.pause = pause;
        this.history = new LagHistory(window);
        thread = new Thread(this::watch, "lag-watch");
        thread.setDaemon(true);
        thread.start();
    }

    /** The newest report; empty before the first. */
    public Optional<LagReport> newest() {
        return Optional.ofNullable(newest);
    }

    /** Why there is no newer report, while that lasts. */
    public Optional<Trouble> trouble() {
        return Optional.ofNullable(trouble);
    }

    private void watch() {
        try (LagSampler sampler = new LagSampler(cluster)) {
            do {
                look(sampler);
            } while (!closing.await(pause.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (UserErrorException e) {
            trouble(e);
        }
    }

    private void look(LagSampler sampler) {
        try {
            newest = report(sampler, choice, moreTopics, history);
            trouble = null;
        } catch (UserErrorException | KafkaException e) {
            trouble(e);
        }
    }

    private void trouble(RuntimeException e) {
        Trouble last = trouble;
        String message = String.valueOf(e.getMessage());
        if (last == null || !last.message().equals(message)) {
            log.warn("no lag this time: {}", message);
        }
        trouble = new Trouble(message, last == null ? clock.instant() : last.since());
    }

    /** One sample with its verdicts. */
    public static LagReport report(
            LagSampler sampler, LagTarget.Choice choice, Collection<String> moreTopics, LagHistory history) {
        long began = System.nanoTime();
        LagSample sample = sampler.sample(choice, moreTopics);
        return new LagReport(
                sample, history.add(sample.at(), sample.lags()), Duration.ofNanos(System.nanoTime() - began));
    }

    @Override
    public void close() throws InterruptedException {
        closing.countDown();
        thread.join();
    }
}
