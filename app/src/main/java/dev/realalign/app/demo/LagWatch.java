package dev.realalign.app.demo;

import dev.realalign.app.demo.Snapshot.Lag;
import dev.realalign.app.demo.Snapshot.Stage;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.LagRules;
import dev.realalign.runtime.LagSampler;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.Topics;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Samples how far each stage is behind, every second, in a thread of its own. */
final class LagWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LagWatch.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Map<String, Stage> STAGES = Map.of(
            Topics.REAL_IMAGES.name(), Stage.CURATOR,
            Topics.PREFERENCE_TRIPLES.name(), Stage.TRAINER,
            Topics.CHECKPOINT_CANDIDATES.name(), Stage.PUBLISHER);

    private final ClusterConfig cluster;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;
    private volatile Map<Stage, Lag> latest = Map.of();

    LagWatch(ClusterConfig cluster) {
        this.cluster = cluster;
        thread = new Thread(this::watch, "demo-lag");
        thread.setDaemon(true);
        thread.start();
    }

    Map<Stage, Lag> lags() {
        return latest;
    }

    private void watch() {
        try (LagSampler sampler = new LagSampler(cluster)) {
            do {
                latest = sample(sampler);
            } while (!closing.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A sample that fails leaves the lag unknown; whether the cluster still lives others find out. */
    private Map<Stage, Lag> sample(LagSampler sampler) {
        Map<Stage, Lag> lags = new EnumMap<>(Stage.class);
        try {
            for (LagRules.TopicLag lag : LagRules.byTopic(sampler.sample(Stages.topicsByGroup(cluster)))) {
                Stage stage = STAGES.get(lag.topic());
                if (stage != null) {
                    lags.put(stage, new Lag(lag.records(), lag.seconds()));
                }
            }
        } catch (UserErrorException e) {
            log.warn("no lag this time: {}", e.getMessage());
        }
        return lags;
    }

    @Override
    public void close() throws InterruptedException {
        closing.countDown();
        thread.join();
    }
}
