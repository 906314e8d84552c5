package dev.realalign.dashboard;

import dev.realalign.dashboard.history.HistoryRing;
import dev.realalign.dashboard.model.Json;
import dev.realalign.dashboard.model.StreamState;
import dev.realalign.dashboard.stream.RejectedPictures;
import dev.realalign.dashboard.stream.StreamProbe;
import dev.realalign.dashboard.stream.TopicTail;
import dev.realalign.dashboard.stream.TripleWindow;
import dev.realalign.dashboard.web.AccessRule;
import dev.realalign.dashboard.web.DashboardServer;
import dev.realalign.dashboard.web.EventHub;
import dev.realalign.dashboard.web.PageSource;
import dev.realalign.dashboard.web.SampleFolder;
import dev.realalign.runtime.LagWatch;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.runtime.WorkerService;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.common.KafkaException;

/** The dashboard of a model line as a role: it reads, it serves its page, it changes nothing. It works on while the cluster does not answer. */
public final class DashboardService extends WorkerService {
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration HISTORY_STEP = Duration.ofSeconds(10);
    private static final int HISTORY_COLUMNS = 128;
    private static final int HISTORY_POINTS = 360;
    private static final long TRIPLE_BYTES = 24L * 1024 * 1024;

    private final DashboardConfig config;
    private final Clock clock = Clock.systemUTC();
    private final CountDownLatch stop = new CountDownLatch(1);
    private final LagWatch lags;
    private final Consumer<URI> onAddress;

    /**
     * A dashboard that is not started yet.
     *
     * @param lags samples the cluster, real-images among its topics; stays the caller's
     * @param onAddress told where the page is, once it is served
     */
    public DashboardService(DashboardConfig config, LagWatch lags, Consumer<URI> onAddress) {
        super("dashboard");
        this.config = config;
        this.lags = lags;
        this.onAddress = onAddress;
    }

    @Override
    protected void run() throws Exception {
        StreamState state = new StreamState(
                config.model(),
                config.groups(),
                config.cluster().bootstrapServers(),
                config.cluster().registryUrl(),
                TRIPLE_BYTES,
                clock.instant());
        EventHub hub = new EventHub(state, clock);
        try (HistoryRing history = openHistory();
                RejectedPictures rejected = new RejectedPictures(config.cluster(), config.blobs());
                TopicTail tail = new TopicTail(config.cluster(), state, clock);
                TripleWindow triples = new TripleWindow(config.cluster(), state, hub::isWatched);
                StreamProbe probe = new StreamProbe(config.cluster(), lags, state, history, hub::isWatched, clock);
                DashboardServer server = DashboardServer.start(
                        config.host(),
                        config.port(),
                        config.orAnyFree(),
                        new AccessRule(config.token()),
                        hub,
                        source(state, history, rejected),
                        new SampleFolder(config.samples()))) {
            tail.start();
            triples.start();
            probe.start();
            onAddress.accept(server.address());
            atWork();
            while (!stop.await(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
                hub.look();
            }
        } catch (KafkaException e) {
            throw UserErrorException.usage("the settings for brokers at "
                    + config.cluster().bootstrapServers() + " cannot be used: " + e.getMessage()
                    + ". Check bootstrap.servers and the security settings.");
        }
    }

    private HistoryRing openHistory() {
        try {
            return HistoryRing.open(config.history(), HISTORY_STEP, config.historySpan(), HISTORY_COLUMNS);
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "the history of the dashboard cannot be kept in " + config.history() + " (" + e.getMessage()
                            + "): name a file that can be written with " + DashboardConfig.HISTORY + ".",
                    e);
        }
    }

    private PageSource source(StreamState state, HistoryRing history, RejectedPictures rejected) {
        return new PageSource() {
            @Override
            public String history(Duration reach) {
                Instant now = clock.instant();
                return Json.write(history.read(now.minus(reach), now, HISTORY_POINTS));
            }

            @Override
            public Optional<byte[]> triplePicture(String key, String name) {
                return state.triplePicture(key, name);
            }

            @Override
            public Optional<byte[]> rejectedPicture(int partition, long offset) {
                return rejected.thumbnail(partition, offset);
            }
        };
    }

    @Override
    protected void interruptWait() {
        stop.countDown();
    }
}
