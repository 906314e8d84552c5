package dev.realalign.generator;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.generator.answer.ServedModel;
import dev.realalign.generator.draw.DiffusionArtist;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.subscriber.CheckpointSubscriber;
import dev.realalign.subscriber.Follow;
import dev.realalign.subscriber.ReceivedVersion;
import dev.realalign.subscriber.SubscriberState;
import dev.realalign.subscriber.SubscriptionException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows an alias as any subscriber does. A version is read in the subscriber's thread, so that one which does not fit the
 * base model is reported in {@code subscriber-status} and tried again; the drawing thread puts it on between batches.
 */
final class VersionFollower implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(VersionFollower.class);
    private static final Duration LOOK = Duration.ofMillis(50);

    private final GeneratorConfig config;
    private final DiffusionArtist artist;
    private final CheckpointSubscriber subscriber;

    private final Object lock = new Object();
    private @Nullable Ready ready;
    /** Place among the alias's moves of the newest version read. */
    private long newest;

    private ServedModel served;

    /** A version that was read and waits for the drawing thread, which owns the adapter from then on. */
    private record Ready(ReceivedVersion version, Adapter adapter) {}

    /**
     * Begins to follow.
     *
     * @throws UserErrorException when the folder cannot be kept or the keys cannot be read
     */
    VersionFollower(GeneratorConfig config, DiffusionArtist artist) {
        this.config = config;
        this.artist = artist;
        this.served = new ServedModel(baseName(config.baseModel()), null, null);
        Map<String, Object> client = new HashMap<>(config.cluster().reader(config.worker() + "-versions"));
        CheckpointSubscriber.Builder builder = CheckpointSubscriber.of(config.model(), config.versions(), client)
                .name(config.worker())
                .follow(new Follow.Alias(config.alias(), false))
                .onVersion(this::read);
        config.trust().ifPresentOrElse(builder::trust, builder::allowUnsigned);
        try {
            this.subscriber = builder.start();
        } catch (SubscriptionException e) {
            throw UserErrorException.usage(e.getMessage() + ".");
        }
    }

    private static String baseName(Path folder) {
        Path name = folder.toAbsolutePath().normalize().getFileName();
        return name == null ? folder.toString() : name.toString();
    }

    /**
     * Waits until the version that is announced now is read, so that a worker does not begin with an older one; not for ever,
     * since what it holds is better than no answers.
     *
     * @param stopping ends the wait
     */
    void awaitFirst(BooleanSupplier stopping) {
        // a version of an earlier run is not delivered again
        subscriber.state().current().ifPresent(this::readAgain);
        long until = System.nanoTime() + config.cluster().timeout().toNanos();
        while (!stopping.getAsBoolean()) {
            SubscriberState state = subscriber.state();
            if (state.caughtUp() && state.waiting() == 0) {
                return;
            }
            if (System.nanoTime() > until) {
                log.warn(
                        "alias {} of {} is not received yet{}; drawing with what there is",
                        config.alias(),
                        config.model(),
                        state.trouble()
                                .map(trouble -> " (" + trouble.message() + ")")
                                .orElse(""));
                return;
            }
            LockSupport.parkNanos(LOOK.toNanos());
        }
    }

    /** The base model may be another than when the version was received. */
    private void readAgain(ReceivedVersion version) {
        try {
            read(version);
        } catch (ModelFormatException e) {
            log.warn(
                    "version {} of {}, received before, cannot be used: {}; drawing without it",
                    version.version(),
                    version.model(),
                    e.getMessage());
        }
    }

    /** In the subscriber's thread, and once in the drawing one: what it throws is that version's trouble. */
    private void read(ReceivedVersion version) {
        synchronized (lock) {
            if (version.sequence() <= newest) {
                return;
            }
            Adapter adapter = artist.read(version.adapterFile());
            if (ready != null) {
                ready.adapter().close();
            }
            ready = new Ready(version, adapter);
            newest = version.sequence();
        }
    }

    /** In the drawing thread, between batches: draws with the newest version from here on, and says which that is. */
    ServedModel wearNewest() {
        Ready next;
        synchronized (lock) {
            next = ready;
            ready = null;
        }
        if (next != null) {
            artist.wear(next.adapter());
            ReceivedVersion version = next.version();
            served = new ServedModel(version.model(), version.version(), version.digest());
            log.info("draws with version {} of {} from here on", version.version(), version.model());
        }
        return served;
    }

    @Override
    public void close() {
        subscriber.close();
        synchronized (lock) {
            if (ready != null) {
                ready.adapter().close();
                ready = null;
            }
        }
    }
}
