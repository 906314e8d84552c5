package dev.realalign.dashboard.stream;

import dev.realalign.dashboard.history.HistoryRing;
import dev.realalign.dashboard.model.StreamState;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.LagReport;
import dev.realalign.runtime.LagWatch;
import dev.realalign.runtime.RegistryProbe;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes every new lag report into the state and the history, and asks the registry whether it answers: every 2 seconds while
 * somebody looks, every 10 otherwise.
 */
public final class StreamProbe implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(StreamProbe.class);
    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration WATCHED = Duration.ofSeconds(2);
    private static final Duration UNWATCHED = Duration.ofSeconds(10);
    private static final Duration LONGEST_ANSWER = Duration.ofSeconds(4);

    private final ClusterConfig cluster;
    private final LagWatch lags;
    private final StreamState state;
    private final HistoryRing history;
    private final BooleanSupplier isWatched;
    private final Clock clock;
    private final Pause pause = new Pause();
    private final Thread sampling;
    private final Thread asking;
    private @Nullable Instant taken;

    /**
     * A probe that is not started yet.
     *
     * @param lags samples the cluster; stays the caller's
     * @param isWatched whether somebody looks at the page
     */
    public StreamProbe(
            ClusterConfig cluster,
            LagWatch lags,
            StreamState state,
            HistoryRing history,
            BooleanSupplier isWatched,
            Clock clock) {
        this.cluster = cluster.withTimeout(LONGEST_ANSWER);
        this.lags = lags;
        this.state = state;
        this.history = history;
        this.isWatched = isWatched;
        this.clock = clock;
        sampling = new Thread(this::sample, "dashboard-lag");
        sampling.setDaemon(true);
        asking = new Thread(this::askRegistry, "dashboard-registry");
        asking.setDaemon(true);
    }

    /** Begins. */
    public void start() {
        sampling.start();
        asking.start();
    }

    private void sample() {
        do {
            lags.trouble()
                    .ifPresentOrElse(
                            trouble -> state.brokerFailed(trouble.message(), trouble.since()),
                            () -> lags.newest().ifPresent(this::take));
        } while (!pause.endsWithin(LOOK));
    }

    private void take(LagReport report) {
        if (!report.sample().at().equals(taken)) {
            taken = report.sample().at();
            state.sample(report);
            history.write(report.sample().at(), state.forHistory());
        }
    }

    private void askRegistry() {
        try (RegistryProbe probe = new RegistryProbe(cluster)) {
            do {
                probe.trouble()
                        .ifPresentOrElse(
                                trouble -> state.registryFailed(trouble, clock.instant()),
                                () -> state.registryAnswered(clock.instant()));
            } while (!pause.endsWithin(isWatched.getAsBoolean() ? WATCHED : UNWATCHED));
        } catch (IOException e) {
            log.debug("the registry's client did not close: {}", e.getMessage());
        }
    }

    /** Ends the sampling and waits for it. */
    @Override
    public void close() throws InterruptedException {
        pause.end();
        sampling.join();
        asking.join();
    }
}
