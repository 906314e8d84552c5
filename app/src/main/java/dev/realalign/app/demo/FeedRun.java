package dev.realalign.app.demo;

import dev.realalign.app.feed.FedBefore;
import dev.realalign.app.feed.FeedConfig;
import dev.realalign.app.feed.FeedTally;
import dev.realalign.app.feed.Feeder;
import dev.realalign.app.feed.ImageFacts;
import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.feed.Note;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/** One feed in a thread of its own, over what the topic holds already. */
final class FeedRun implements AutoCloseable {
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final FeedTally tally = new FeedTally();
    private final long offered;
    private final AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
    private final LongPredicate isTooFarAhead;
    private final Thread thread;
    private volatile long before;
    private volatile boolean stopping;
    private volatile boolean done;

    /**
     * Begins to feed.
     *
     * @param isTooFarAhead told how many records the topic holds; the feed waits while it says yes
     */
    FeedRun(FeedConfig config, ImageSource source, String caption, double perSecond, LongPredicate isTooFarAhead) {
        offered = source.count();
        this.isTooFarAhead = isTooFarAhead;
        thread = new Thread(() -> feed(config, source, caption, perSecond), "demo-feeder");
        thread.setDaemon(true);
        thread.start();
    }

    private void feed(FeedConfig config, ImageSource source, String caption, double perSecond) {
        if (offered == 0) {
            done = true;
            return;
        }
        try (Feeder feeder = new Feeder(config)) {
            FedBefore fed = FedPictures.read(config.cluster());
            before = fed.records();
            feeder.feed(source, new Note(caption, ImageFacts.UNKNOWN), perSecond, fed, tally, this::waitForTheOthers);
            done = true;
        } catch (InterruptedException e) {
            done = true;
        } catch (RuntimeException e) {
            failure.set(e);
        }
    }

    /** Waits for the stages downstream; says whether to stop. */
    private boolean waitForTheOthers() {
        try {
            while (!stopping && isTooFarAhead.test(records())) {
                Thread.sleep(PAUSE.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
        return stopping;
    }

    /** How far it is. */
    FeedTally tally() {
        return tally;
    }

    /** Pictures the source has. */
    long offered() {
        return offered;
    }

    /** Records of real-images as far as this feed knows: those from before and those acknowledged since. */
    long records() {
        return before + tally.numbers().fed();
    }

    /** Whether the source is used up, or the feed was stopped, and the broker has acknowledged everything sent. */
    boolean isDone() {
        return done;
    }

    /** Throws what has ended the feed, if something has. */
    void requireAlive() {
        RuntimeException cause = failure.get();
        if (cause != null) {
            throw cause;
        }
    }

    /** Stops feeding and waits for what was sent. */
    @Override
    public void close() throws InterruptedException {
        stopping = true;
        thread.join();
    }
}
