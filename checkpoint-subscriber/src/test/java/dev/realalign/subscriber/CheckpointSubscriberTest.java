package dev.realalign.subscriber;

import static dev.realalign.subscriber.VersionStore.MODEL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.schemas.SubscriberStatus;
import dev.realalign.schemas.signing.VerificationKey;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.apache.kafka.common.errors.InterruptException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CheckpointSubscriberTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
    private static final Follow EVERY_MOVE = new Follow.Alias("latest", true);

    @TempDir
    Path root;

    private Path into;
    private VersionStore store;
    private final FakeFeed feed = new FakeFeed();
    private final FakeStatuses statuses = new FakeStatuses();
    private final CountingSource source = new CountingSource();
    private final List<Long> received = new CopyOnWriteArrayList<>();

    @BeforeEach
    void begin() {
        into = root.resolve("into");
        store = new VersionStore(root.resolve("store"));
    }

    @Test
    @DisplayName("A subscriber receives what was announced before it came, and what comes later")
    void follows() throws Exception {
        feed.announce(store.publish(1));
        try (CheckpointSubscriber subscriber = builder().start()) {
            assertThat(subscriber.awaitCurrent(SOON).version()).isEqualTo(1);
            feed.announce(store.publish(2));
            awaitReceived(1L, 2L);
            subscriber.awaitCurrent(SOON);

            SubscriberState state = subscriber.state();
            assertThat(state.current().orElseThrow().version()).isEqualTo(2);
            assertThat(state.caughtUp()).isTrue();
            assertThat(state.waiting()).isZero();
            assertThat(state.trouble()).isEmpty();
        }
        assertThat(into.resolve("current").toRealPath())
                .isEqualTo(into.toRealPath().resolve("versions/00000002"));
    }

    @Test
    @DisplayName("Of several waiting moves only the newest is fetched")
    void newestOnly() throws Exception {
        feed.announce(store.publish(1), store.publish(2), store.publish(3));
        try (CheckpointSubscriber subscriber = builder().start()) {
            subscriber.awaitCurrent(SOON);
        }
        assertThat(received).containsExactly(3L);
        assertThat(into.resolve("versions/00000001")).doesNotExist();
    }

    @Test
    @DisplayName("Every move is fetched in order where that is asked")
    void everyMove() throws Exception {
        feed.announce(store.publish(1), store.publish(2), store.publish(3));
        try (CheckpointSubscriber subscriber = builder().follow(EVERY_MOVE).start()) {
            subscriber.awaitCurrent(SOON);
        }
        assertThat(received).containsExactly(1L, 2L, 3L);
    }

    @Test
    @DisplayName("An alias that is moved back takes its followers back")
    void rollback() throws Exception {
        Target one = store.publish(1);
        feed.announce(one, store.publish(2));
        try (CheckpointSubscriber subscriber = builder().start()) {
            subscriber.awaitCurrent(SOON);
            feed.announce(store.publish(3));
            awaitReceived(2L, 3L);
            feed.announce(store.target(1, one.digest(), 4));
            awaitReceived(2L, 3L, 1L);
            assertThat(subscriber.awaitCurrent(SOON).version()).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("After a restart nothing is fetched again, delivered again, or replaced by something older")
    void restart() throws Exception {
        Target one = store.publish(1);
        Target two = store.publish(2);
        feed.announce(one, two);
        try (CheckpointSubscriber subscriber = builder().start()) {
            subscriber.awaitCurrent(SOON);
        }
        int fetched = source.opened.get();

        feed.forget(two); // as if an older copy of the topic had been restored
        try (CheckpointSubscriber subscriber = builder().start()) {
            assertThat(subscriber.state().current().orElseThrow().version()).isEqualTo(2);
            assertThat(subscriber.awaitCurrent(SOON).version()).isEqualTo(2);
        }

        assertThat(source.opened).hasValue(fetched);
        assertThat(received).containsExactly(2L);
    }

    @Test
    @DisplayName("A version whose callback never ended is delivered again after a restart, without fetching it again")
    void restartBeforeDelivery() throws Exception {
        feed.announce(store.publish(1));
        CountDownLatch called = new CountDownLatch(1);
        CheckpointSubscriber dying = builder()
                .onVersion(version -> {
                    called.countDown();
                    throw new IllegalStateException("no memory left on the device");
                })
                .pauses(new GrowingPauses(Duration.ofMinutes(1), Duration.ofMinutes(1)))
                .start();
        assertThat(called.await(20, TimeUnit.SECONDS)).isTrue();
        dying.close();
        int fetched = source.opened.get();

        try (CheckpointSubscriber subscriber = builder().start()) {
            subscriber.awaitCurrent(SOON);
        }
        assertThat(received).containsExactly(1L);
        assertThat(source.opened).hasValue(fetched);
    }

    @Test
    @DisplayName("A served version that was damaged on disk meanwhile is fetched again at the start")
    void damagedMeanwhile() throws Exception {
        feed.announce(store.publish(1));
        try (CheckpointSubscriber subscriber = builder().start()) {
            subscriber.awaitCurrent(SOON);
        }
        Path file = into.resolve("current/pytorch_lora_weights.safetensors");
        Files.write(file, new byte[3]);

        try (CheckpointSubscriber subscriber = builder().start()) {
            assertThat(subscriber.awaitCurrent(SOON).version()).isEqualTo(1);
        }
        assertThat(file).hasSameBinaryContentAs(store.folder(1).resolve("pytorch_lora_weights.safetensors"));
    }

    @Test
    @DisplayName("A failing fetch leaves the old version in place, is tried again, and is reported while it lasts")
    void failingFetch() throws Exception {
        feed.announce(store.publish(1));
        try (CheckpointSubscriber subscriber = builder()
                .clock(Clock.fixed(NOW, ZoneOffset.UTC))
                .pauses(new GrowingPauses(Duration.ofMillis(10), Duration.ofMillis(40)))
                .start()) {
            subscriber.awaitCurrent(SOON);
            source.broken.set(true);
            feed.announce(store.publish(2));
            awaitFailures(subscriber, 4);

            SubscriberState state = subscriber.state();
            assertThat(state.current().orElseThrow().version()).isEqualTo(1);
            assertThat(into.resolve("current").toRealPath().getFileName()).hasToString("00000001");
            assertThat(state.waiting()).isEqualTo(1);
            SubscriberState.Trouble trouble = state.trouble().orElseThrow();
            assertThat(trouble.message()).isEqualTo("the store is away");
            assertThat(trouble.since()).isEqualTo(NOW);
            assertThat(trouble.pause()).isEqualTo(Duration.ofMillis(40));
            assertThatThrownBy(() -> subscriber.awaitCurrent(Duration.ZERO))
                    .isInstanceOf(SubscriptionException.class)
                    .hasMessage("alias latest of tiny was not received within 0 seconds: the store is away");

            source.broken.set(false);
            assertThat(subscriber.awaitCurrent(SOON).version()).isEqualTo(2);
            assertThat(subscriber.state().trouble()).isEmpty();
        }
        assertThat(received).containsExactly(1L, 2L);
    }

    @Test
    @DisplayName("A newer move ends the attempts at one that cannot be had")
    void newerEndsAttempts() throws Exception {
        Target one = store.publish(1);
        store.flipByte(1, "manifest.json", 5);
        feed.announce(one);
        try (CheckpointSubscriber subscriber = builder()
                .pauses(new GrowingPauses(Duration.ofMinutes(5), Duration.ofMinutes(5)))
                .start()) {
            awaitFailures(subscriber, 1);
            assertThat(subscriber.state().current()).isEmpty();
            feed.announce(store.publish(2));

            assertThat(subscriber.awaitCurrent(SOON).version()).isEqualTo(2);
        }
        assertThat(received).containsExactly(2L);
    }

    @Test
    @DisplayName("A slow callback holds back the next version, and what piles up meanwhile is passed over")
    void slowCallback() throws Exception {
        Semaphore turns = new Semaphore(0);
        CountDownLatch called = new CountDownLatch(1);
        feed.announce(store.publish(1));
        try (CheckpointSubscriber subscriber = builder()
                .onVersion(version -> {
                    called.countDown();
                    turns.acquire();
                    received.add(version.version());
                })
                .start()) {
            assertThat(called.await(20, TimeUnit.SECONDS)).isTrue();
            feed.announce(store.publish(2), store.publish(3));
            while (subscriber.state().waiting() < 1 || source.opened.get() < 4) {
                Thread.sleep(5);
            }
            Thread.sleep(100);
            assertThat(source.opened)
                    .as("nothing is fetched while the callback runs")
                    .hasValue(4);
            assertThat(into.resolve("current").toRealPath().getFileName()).hasToString("00000001");

            turns.release(2);
            assertThat(subscriber.awaitCurrent(SOON).version()).isEqualTo(3);
        }
        assertThat(received).containsExactly(1L, 3L);
    }

    @Test
    @DisplayName("A callback that fails is called again for the same version, in any way it may fail")
    void failingCallback() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        feed.announce(store.publish(1), store.publish(2));
        try (CheckpointSubscriber subscriber = builder()
                .follow(new Follow.AllVersions())
                .onVersion(version -> {
                    switch (calls.incrementAndGet()) {
                        case 1 -> throw new IOException("the device is busy");
                        case 2 -> throw new UnsatisfiedLinkError("no torch");
                        case 3 -> throw new InterruptedException("not by us");
                        default -> received.add(version.version());
                    }
                })
                .start()) {
            subscriber.awaitCurrent(SOON);
        }
        assertThat(received).containsExactly(1L, 2L);
        assertThat(calls).hasValue(5);
    }

    @Test
    @DisplayName("A callback may close its own subscriber")
    void closeFromTheCallback() throws Exception {
        feed.announce(store.publish(1), store.publish(2));
        CheckpointSubscriber[] self = new CheckpointSubscriber[1];
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        self[0] = builder()
                .follow(new Follow.AllVersions())
                .onVersion(version -> {
                    started.await();
                    received.add(version.version());
                    self[0].close();
                    closed.countDown();
                })
                .start();
        started.countDown();

        assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(received).containsExactly(1L);
    }

    @Test
    @DisplayName("A pinned version is received and nothing else")
    void pinned() throws Exception {
        feed.announce(store.publish(2));
        try (CheckpointSubscriber subscriber =
                builder().follow(new Follow.Version(2)).start()) {
            assertThat(subscriber.awaitCurrent(SOON).version()).isEqualTo(2);
        }
    }

    @Test
    @DisplayName("Announcements that cannot be read are tried again and reported while it lasts")
    void noBroker() throws Exception {
        feed.failToOpen(3);
        feed.announce(store.publish(1));
        try (CheckpointSubscriber subscriber = builder()
                .pauses(new GrowingPauses(Duration.ofMillis(50), Duration.ofMillis(50)))
                .start()) {
            while (subscriber.state().trouble().isEmpty()) {
                Thread.sleep(1);
            }
            assertThat(subscriber.state().trouble().orElseThrow().message())
                    .isEqualTo("the announcements cannot be read: no broker answers");
            assertThat(subscriber.awaitCurrent(SOON).version()).isEqualTo(1);
            assertThat(subscriber.state().trouble()).isEmpty();
            assertThat(feed.opened()).isEqualTo(4);
        }
    }

    @Test
    @DisplayName("Closing does not wait for brokers that do not answer")
    void closeWithoutBroker() throws Exception {
        CountDownLatch opening = new CountDownLatch(1);
        CheckpointSubscriber subscriber = builder()
                .feeds(() -> {
                    opening.countDown();
                    try {
                        Thread.sleep(60_000);
                        throw new IllegalStateException("nobody interrupted the wait");
                    } catch (InterruptedException e) {
                        throw new InterruptException(e);
                    }
                })
                .start();
        opening.await();
        long begun = System.nanoTime();

        subscriber.close();

        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(5));
        assertThat(subscriber.state().trouble()).isEmpty();
    }

    @Test
    @DisplayName("Waiting for a model that nobody publishes ends with a question")
    void nothingAnnounced() {
        try (CheckpointSubscriber subscriber = builder().start()) {
            assertThatThrownBy(() -> subscriber.awaitCurrent(Duration.ofMillis(1500)))
                    .isInstanceOf(SubscriptionException.class)
                    .hasMessage(
                            "alias latest of tiny was not announced within 1 seconds; is a publisher running for this"
                                    + " model?");
        }
    }

    @Test
    @DisplayName("A version is found by its digest, whatever its number")
    void byDigest() throws Exception {
        Target two = store.publish(2);
        feed.announce(two);
        try (CheckpointSubscriber subscriber =
                builder().follow(new Follow.Digest(two.digest())).start()) {
            assertThat(subscriber.awaitCurrent(SOON).digest()).isEqualTo(two.digest());
            awaitReport(status -> status.getVersion() != null);
        }
        assertThat(statuses.last().getFollows()).isEqualTo("digest " + two.digest());
        assertThat(statuses.last().getAliasSequence()).isNull();
    }

    @Test
    @DisplayName(
            "A topic that ends before the move this folder was taken to is refused and reported, also after a restart")
    void topicThatWentBack() throws Exception {
        Target one = store.publish(1);
        Target two = store.publish(2);
        feed.announce(one, two);
        try (CheckpointSubscriber subscriber = builder().start()) {
            subscriber.awaitCurrent(SOON);
        }
        feed.forget(two);
        try (CheckpointSubscriber subscriber = builder().start()) {
            subscriber.awaitCurrent(SOON);
            String problem = "alias latest of tiny stands at move 1, but this folder was taken to move 2 before, and"
                    + " follows nothing older: choose a new folder if the topics were begun anew";
            awaitReport(status -> status.getProblem().equals(problem));
            assertThat(subscriber.state().trouble().orElseThrow().message()).isEqualTo(problem);
            assertThat(subscriber.state().current().orElseThrow().version()).isEqualTo(2);

            feed.announce(store.publish(3));
            awaitReport(status -> Long.valueOf(3).equals(status.getVersion())
                    && status.getProblem().isEmpty());
        }
        assertThat(received).containsExactly(2L, 3L);
    }

    @Test
    @DisplayName("A move older than the last that arrives after it is refused and reported, until a newer one comes")
    void olderMove() throws Exception {
        Target one = store.publish(1);
        feed.announce(one, store.publish(2));
        try (CheckpointSubscriber subscriber = builder().start()) {
            subscriber.awaitCurrent(SOON);
            feed.announce(one);
            awaitReport(status -> status.getProblem()
                    .equals("move 1 of alias latest of tiny, to version 1, is refused: this folder was taken to move 2"
                            + " before, and follows nothing older"));
            feed.announce(store.publish(3));
            awaitReport(status -> Long.valueOf(3).equals(status.getVersion())
                    && status.getProblem().isEmpty());
        }
        assertThat(received).containsExactly(2L, 3L);
    }

    @Test
    @DisplayName("Keys are replaced while the subscriber runs: both in the trust file, then the new one alone")
    void keyRotation() throws Exception {
        Path trust = root.resolve("trust.pem");
        VerificationKey old = store.trusted().keys().get(0);
        Files.writeString(trust, old.pem());
        feed.announce(store.publish(1));
        try (CheckpointSubscriber subscriber = builder().trust(trust).start()) {
            subscriber.awaitCurrent(SOON);
            VerificationKey next = store.useNewKey().publicKey();
            feed.announce(store.publish(2));
            awaitFailures(subscriber, 2);
            assertThat(subscriber.state().trouble().orElseThrow().message())
                    .isEqualTo("manifest.sig of version 2 of tiny is refused: it was made with the key " + next.id()
                            + ", which is not trusted here");
            assertThat(subscriber.state().current().orElseThrow().version()).isEqualTo(1);

            Files.writeString(trust, old.pem() + next.pem());
            assertThat(subscriber.awaitCurrent(SOON).version()).isEqualTo(2);
            Files.writeString(trust, next.pem());
            feed.announce(store.publish(3));
            awaitReceived(1L, 2L, 3L);
            Files.delete(trust);
            feed.announce(store.publish(4));
            awaitFailures(subscriber, 1);
            assertThat(subscriber.state().trouble().orElseThrow().message())
                    .isEqualTo("the trust file " + trust + " does not exist");
        }
        assertThat(received).containsExactly(1L, 2L, 3L);
    }

    @Test
    @DisplayName("Without a word on whose signatures count, nothing begins")
    void noTrust() {
        assertThatThrownBy(() -> CheckpointSubscriber.of(MODEL, into, Map.of()).start())
                .isInstanceOf(SubscriptionException.class)
                .hasMessage("nothing says whose signatures count: name a trust file with the publisher's public key, or"
                        + " allow unsigned versions on purpose");
        assertThatThrownBy(() -> CheckpointSubscriber.of(MODEL, into, Map.of())
                        .trust(root.resolve("none.pub"))
                        .start())
                .isInstanceOf(SubscriptionException.class)
                .hasMessage("the trust file " + root.resolve("none.pub") + " does not exist");
        assertThat(into).doesNotExist();
    }

    @Test
    @DisplayName("Every change is reported, and the end")
    void reports() throws Exception {
        Target one = store.publish(1);
        feed.announce(one);
        try (CheckpointSubscriber subscriber =
                builder().clock(Clock.fixed(NOW, ZoneOffset.UTC)).start()) {
            subscriber.awaitCurrent(SOON);
            awaitReport(status -> status.getTargetVersion() == null && status.getVersion() != null);
            SubscriberStatus served = SubscriberStatus.newBuilder()
                    .setSubscriber("ours")
                    .setModel(MODEL)
                    .setFollows("alias latest")
                    .setVersion(1L)
                    .setDigest(one.digest())
                    .setAliasSequence(1L)
                    .setPublishedAt(VersionStore.ANNOUNCED)
                    .setSwitchedAt(NOW)
                    .setReportedAt(NOW)
                    .build();
            assertThat(statuses.last()).isEqualTo(served);

            source.broken.set(true);
            feed.announce(store.publish(2));
            awaitReport(status -> status.getProblem().equals("the store is away"));
            assertThat(statuses.last())
                    .isEqualTo(SubscriberStatus.newBuilder(served)
                            .setTargetVersion(2L)
                            .setProblem("the store is away")
                            .build());
            source.broken.set(false);
            awaitReport(status -> Long.valueOf(2).equals(status.getVersion()) && status.getTargetVersion() == null);
            assertThat(statuses.last().getProblem()).isEmpty();
            assertThat(statuses.all()).noneMatch(SubscriberStatus::getStopped);
        }
        assertThat(statuses.last().getStopped()).isTrue();
        assertThat(statuses.last().getVersion()).isEqualTo(2);
        assertThat(statuses.all()).filteredOn(SubscriberStatus::getStopped).hasSize(1);
    }

    @Test
    @DisplayName("While nothing changes the same is reported again and again; after a restart the same as before it")
    void beats() throws Exception {
        feed.announce(store.publish(1));
        Instant switched;
        try (CheckpointSubscriber subscriber =
                builder().statuses(statuses, Duration.ofMillis(20)).start()) {
            subscriber.awaitCurrent(SOON);
            awaitReport(status -> status.getVersion() != null);
            int before = statuses.all().size();
            while (statuses.all().size() < before + 5) {
                Thread.sleep(5);
            }
            switched = statuses.last().getSwitchedAt();
        }
        FakeStatuses later = new FakeStatuses();
        try (CheckpointSubscriber subscriber =
                builder().statuses(later, Duration.ofSeconds(20)).start()) {
            subscriber.awaitCurrent(SOON);
            while (later.all().isEmpty()) {
                Thread.sleep(5);
            }
        }
        assertThat(later.last().getVersion()).isEqualTo(1);
        assertThat(later.last().getSwitchedAt()).isEqualTo(switched);
        assertThat(later.last().getPublishedAt()).isEqualTo(VersionStore.ANNOUNCED);
        assertThat(later.last().getAliasSequence()).isEqualTo(1);
    }

    @Test
    @DisplayName("Reports that do not arrive hinder nothing, and the next goes over a new connection")
    void failingReports() throws Exception {
        statuses.fail(true);
        feed.announce(store.publish(1));
        try (CheckpointSubscriber subscriber = builder().start()) {
            assertThat(subscriber.awaitCurrent(SOON).version()).isEqualTo(1);
            assertThat(subscriber.state().trouble()).isEmpty();
            while (statuses.opened() < 1) {
                Thread.sleep(5);
            }
            statuses.fail(false);
            feed.announce(store.publish(2));
            awaitReport(status -> Long.valueOf(2).equals(status.getVersion()));
            assertThat(statuses.opened()).isGreaterThan(1);
        }
    }

    private void awaitReport(Predicate<SubscriberStatus> expected) throws InterruptedException {
        while (statuses.all().isEmpty() || !expected.test(statuses.last())) {
            Thread.sleep(2);
        }
    }

    private CheckpointSubscriber.Builder builder() {
        return CheckpointSubscriber.of(MODEL, into, Map.of())
                .trust(store.trusted())
                .name("ours")
                .feeds(feed)
                .statuses(statuses, Duration.ofSeconds(20))
                .source(source)
                .pauses(new GrowingPauses(Duration.ofMillis(5), Duration.ofMillis(20)))
                .onVersion(version -> received.add(version.version()));
    }

    private void awaitReceived(Long... versions) throws InterruptedException {
        while (received.size() < versions.length) {
            Thread.sleep(2);
        }
        assertThat(received).containsExactly(versions);
    }

    private static void awaitFailures(CheckpointSubscriber subscriber, int failures) throws InterruptedException {
        while (subscriber
                        .state()
                        .trouble()
                        .map(SubscriberState.Trouble::failures)
                        .orElse(0)
                < failures) {
            Thread.sleep(2);
        }
    }

    private static final class CountingSource implements ArtifactSource {
        private final AtomicInteger opened = new AtomicInteger();
        private final AtomicBoolean broken = new AtomicBoolean();

        @Override
        public InputStream open(URI folder, String name) throws IOException {
            if (broken.get()) {
                throw new IOException("the store is away");
            }
            opened.incrementAndGet();
            return new FileArtifactSource().open(folder, name);
        }
    }
}
