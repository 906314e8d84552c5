package dev.realalign.curator;

import dev.realalign.curator.similar.HeldOutPictures;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.MissingRights;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.runtime.WorkerService;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDB;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The curator as a service. A stream thread that fails (a broker, the registry or the blob store is away) is replaced
 * after a pause; when that happens too often the service fails with the last cause. Nothing is lost either way: the
 * thread's transaction was aborted, and its records are judged again.
 */
public final class CuratorService extends WorkerService {
    private static final Logger log = LoggerFactory.getLogger(CuratorService.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

    private final CuratorConfig config;
    private final CuratorTopics topics;
    private final CurationCounts counts = new CurationCounts();
    private final RestartPolicy restarts;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final BlobStore blobs;
    private final WaitingPictures pictures;
    private volatile @Nullable Throwable lastFailure;

    /** A service that is not started yet. */
    public CuratorService(CuratorConfig config) {
        this(config, CuratorTopics.OF_THE_STREAM);
    }

    /** A service whose verdicts go elsewhere, for a second run. */
    CuratorService(CuratorConfig config, CuratorTopics topics) {
        super("curator");
        this.config = config;
        this.topics = topics;
        this.restarts = new RestartPolicy(config.threadRestarts(), config.restartWindow());
        this.blobs = BlobStore.open(config.blobStore());
        this.pictures = new WaitingPictures(
                blobs, config.applicationId(), config.cluster().imagePartitions(), config.waitingKeep());
    }

    /** Verdicts of this process since its start. */
    public CurationCounts counts() {
        return counts;
    }

    @Override
    protected void run() throws InterruptedException {
        loadRocksDb();
        ClusterSetup.prepare(config.cluster(), topics.all());
        KafkaStreams streams = open(HeldOutFiles.read(config));
        streams.setUncaughtExceptionHandler(this::afterFailure);
        streams.setStateListener((now, before) -> follow(now));
        try {
            streams.start();
            while (!ended.await(WaitingPictures.renewal(config.waitingKeep()).toMillis(), TimeUnit.MILLISECONDS)) {
                if (topics.asksGenerators()) { // a second run knows nothing of what the stream waits for
                    pictures.sweep();
                }
            }
        } finally {
            // leaving lets the others, or the next start, begin at once instead of after the session's timeout of 45 s
            if (!streams.close(CloseOptions.timeout(CLOSE_TIMEOUT)
                    .withGroupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP))) {
                log.warn(
                        "the curator's threads did not end within {} seconds; what they had not committed is judged again",
                        CLOSE_TIMEOUT.toSeconds());
            }
        }
        if (!isStopping()) {
            throw gaveUp();
        }
    }

    /** A stream thread that cannot load the library of its stores fails once; whoever tries again waits for ever (RocksDB 10.1). */
    private static void loadRocksDb() {
        try {
            RocksDB.loadLibrary();
        } catch (RuntimeException | LinkageError e) {
            throw UserErrorException.failure(
                    "the library of the state stores (RocksDB) cannot be loaded from "
                            + System.getProperty("java.io.tmpdir") + ": " + e.getMessage()
                            + ". The folder must be writable and not mounted noexec; -Djava.io.tmpdir names another.",
                    e);
        }
    }

    private KafkaStreams open(HeldOutPictures heldOut) {
        Properties properties = new Properties();
        properties.putAll(config.streams());
        try {
            return new KafkaStreams(CuratorTopology.build(config, topics, blobs, heldOut, counts), properties);
        } catch (ConfigException e) {
            throw UserErrorException.usage("a setting for Kafka Streams or its clients cannot be used: "
                    + e.getMessage() + ". Correct it or leave it out.");
        } catch (StreamsException e) {
            throw UserErrorException.failure(
                    "the state folder " + config.stateDirectory() + " cannot be used: " + e.getMessage()
                            + ". Check that it can be written and that no other curator runs on it, or set "
                            + CuratorConfig.STATE_DIRECTORY + " to another one.",
                    e);
        }
    }

    private void follow(KafkaStreams.State state) {
        if (state == KafkaStreams.State.RUNNING) {
            atWork();
        } else if (state == KafkaStreams.State.ERROR || state == KafkaStreams.State.NOT_RUNNING) {
            ended.countDown();
        }
    }

    /** Runs in the thread that failed. */
    private StreamThreadExceptionResponse afterFailure(Throwable failure) {
        lastFailure = failure;
        boolean hopeless = isStopping() || MissingRights.sentence(failure).isPresent();
        Optional<Duration> pause = hopeless ? Optional.empty() : restarts.pauseAfterFailure(Instant.now());
        if (pause.isEmpty()) {
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        }
        log.warn("a stream thread failed and is replaced in {} s", pause.get().toSeconds(), failure);
        try {
            return ended.await(pause.get().toMillis(), TimeUnit.MILLISECONDS)
                    ? StreamThreadExceptionResponse.SHUTDOWN_CLIENT
                    : StreamThreadExceptionResponse.REPLACE_THREAD;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        }
    }

    private UserErrorException gaveUp() {
        Throwable cause = lastFailure;
        Optional<String> missing = Optional.ofNullable(cause)
                .flatMap(failure -> MissingRights.sentence(
                        failure,
                        Map.of(
                                TopicAuthorizationException.class,
                                "topics that begin with " + config.applicationId() + "-",
                                TransactionalIdAuthorizationException.class,
                                "transactional ids that begin with " + config.applicationId() + "-")));
        if (missing.isPresent()) {
            return UserErrorException.failure(missing.get(), cause);
        }
        return UserErrorException.failure(
                "the curator gave up after " + config.threadRestarts() + " restarts of a stream thread within "
                        + config.restartWindow().toSeconds() + " s; the last failure was: "
                        + (cause == null ? "unknown" : RecordReader.rootMessage(cause))
                        + ". Mend the cause and start it again: no verdict is lost.",
                cause);
    }

    @Override
    protected void interruptWait() {
        ended.countDown();
    }
}
