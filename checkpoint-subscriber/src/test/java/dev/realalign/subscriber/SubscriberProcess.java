package dev.realalign.subscriber;

import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A subscriber in a process of its own, which a test may kill. It takes every version that stands in a store as announced. */
final class SubscriberProcess {
    private SubscriberProcess() {}

    /**
     * Subscribes until a version is in use.
     *
     * @param arguments folder to keep, store, trust file, and the version to end at
     */
    public static void main(String[] arguments) throws InterruptedException {
        long last = Long.parseLong(arguments[3]);
        VersionStore store = new VersionStore(Path.of(arguments[1]));
        try (CheckpointSubscriber subscriber = CheckpointSubscriber.of(
                        VersionStore.MODEL, Path.of(arguments[0]), Map.of())
                .trust(Path.of(arguments[2]))
                .follow(new Follow.AllVersions())
                .keepPrevious(Math.toIntExact(last))
                .feeds(() -> new StoreFeed(store))
                .statuses(new FakeStatuses(), Duration.ofSeconds(20))
                .start()) {
            while (subscriber.state().waiting() > 0
                    || subscriber
                                    .state()
                                    .current()
                                    .map(ReceivedVersion::version)
                                    .orElse(0L)
                            < last) {
                Thread.sleep(5);
            }
        }
    }

    /** The versions of a store, one after the other as they appear. */
    private static final class StoreFeed implements TargetFeed {
        private final VersionStore store;
        private long next = 1;

        StoreFeed(VersionStore store) {
            this.store = store;
        }

        @Override
        public List<Target> poll(Duration timeout) {
            List<Target> targets = new ArrayList<>();
            try {
                Path manifest = store.folder(next).resolve(CheckpointLayout.MANIFEST);
                while (Files.exists(manifest)) {
                    targets.add(store.target(next, Sha256.hex(manifest), next));
                    manifest = store.folder(++next).resolve(CheckpointLayout.MANIFEST);
                }
                Thread.sleep(5);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return targets;
        }

        @Override
        public boolean isAtEnd() {
            return true;
        }

        @Override
        public void wakeup() {}

        @Override
        public void close() {}
    }
}
