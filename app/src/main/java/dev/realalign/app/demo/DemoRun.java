package dev.realalign.app.demo;

import dev.realalign.app.console.StopSignal;
import dev.realalign.app.console.Terminal;
import dev.realalign.runtime.LagWatch;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.trainer.loop.TrainerProgress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A house at work. It goes on until it is time or the user stops it; then it ends in the order in which pictures flow, so
 * that everything accepted is trained, or waits in the topics for the next start on the same folder.
 */
final class DemoRun {
    private static final Duration LOOK = Duration.ofMillis(200);
    private static final Duration LONGEST_STANDSTILL = Duration.ofMinutes(5);

    private final long began;
    private final Until until;
    private final Roles roles;
    private final CensusTaker census;
    private final LagWatch lags;
    private final FeedRun feed;
    private final StopSignal stop;
    private final Display display;

    private @Nullable Position lastPosition;
    private long movedAt = System.nanoTime();

    /** Everything that moves while the demo gets on. */
    private record Position(Census census, Optional<Long> step, int received, long taken) {}

    DemoRun(
            long began,
            Until until,
            Roles roles,
            CensusTaker census,
            LagWatch lags,
            FeedRun feed,
            Terminal terminal,
            StopSignal stop) {
        this.began = began;
        this.until = until;
        this.roles = roles;
        this.census = census;
        this.lags = lags;
        this.feed = feed;
        this.stop = stop;
        display = new Display(terminal, this::snapshot);
    }

    /** Works, ends every role in good order and reports. */
    DemoReport run() throws InterruptedException {
        display.phase("running; Ctrl-C ends it");
        String end = work();
        display.phase("ending: the curator judges what was fed");
        feed.close();
        waitUntil(this::isEverythingJudged);
        display.phase("ending: the trainer writes its last candidate");
        roles.trainer().close();
        display.phase("ending: the last version is published and received");
        long lastStep = progress().map(TrainerProgress::candidateStep).orElse(0L);
        waitUntil(() -> isReceived(lastStep));
        roles.close();
        display.phase(end);
        return DemoReport.of(
                census.census(),
                roles.stages(),
                roles.receivedOnDisk(),
                elapsed().toMillis() / 1000.0);
    }

    /** Watches until it is time to end; says why. */
    private String work() throws InterruptedException {
        @Nullable CompletableFuture<Long> flush = null;
        while (!stop.await(LOOK)) {
            look();
            if (until.versions().isPresent()
                    && roles.received() >= until.versions().getAsInt()) {
                return "done: the wanted versions are received";
            }
            if (until.picturesAreUsedUp() && flush == null && roles.trainer().isPlanOver()) {
                display.phase("the last stage of training is over");
                flush = roles.trainer().flush();
            }
            if (until.picturesAreUsedUp() && flush == null && feed.isDone() && isEverythingJudged()) {
                display.phase("the pictures are used up: the trainer learns the rest");
                flush = roles.trainer().flush();
            }
            if (flush != null && flush.isDone() && !flush.isCompletedExceptionally() && isReceived(flush.join())) {
                return roles.trainer().isPlanOver()
                        ? "done: the last stage of training is over"
                        : "done: every picture is used";
            }
        }
        return "stopped; the next start on this folder goes on from here";
    }

    private void waitUntil(BooleanSupplier condition) throws InterruptedException {
        while (!condition.getAsBoolean()) {
            look();
            Thread.sleep(LOOK.toMillis());
        }
    }

    private boolean isEverythingJudged() {
        Census now = census.census();
        return now.fed() >= feed.records() && now.undecided() == 0;
    }

    /** Whether the publisher has decided about the candidate of this step and all before it, and what it published has arrived. */
    private boolean isReceived(long step) {
        Census now = census.census();
        boolean announced = step == 0 || now.candidates().stream().anyMatch(candidate -> candidate.getStep() >= step);
        return announced
                && now.unpublished() == 0
                && roles.received() >= now.versions().size();
    }

    /** Shows the present and makes sure that it will not last for ever. */
    private void look() {
        roles.requireAlive();
        if (until.picturesAreUsedUp()) {
            requireThatTrainingDoesNotRest();
        }
        feed.requireAlive();
        display.show();
        Position now = new Position(
                census.census(),
                progress().map(TrainerProgress::step),
                roles.received(),
                feed.tally().numbers().taken());
        if (!now.equals(lastPosition)) {
            lastPosition = now;
            movedAt = System.nanoTime();
        } else if (until.picturesAreUsedUp()
                && feed.isDone()
                && System.nanoTime() - movedAt > LONGEST_STANDSTILL.toNanos()) {
            throw UserErrorException.failure("Nothing has moved for " + LONGEST_STANDSTILL.toMinutes() + " minutes ("
                    + Summary.line(snapshot("standing still"))
                    + roles.subscriberTrouble().map(trouble -> "; " + trouble).orElse("")
                    + "). Look into the logs, and start again on the same folder: nothing is lost.");
        }
    }

    private void requireThatTrainingDoesNotRest() {
        progress().map(TrainerProgress::resting).ifPresent(why -> {
            throw UserErrorException.failure("Training went wrong and rests: " + why
                    + ". What was published before is kept. Begin a new data folder, or see docs/operations.md about"
                    + " alarms.");
        });
    }

    private Snapshot snapshot(String phase) {
        return new Snapshot(
                elapsed(),
                phase,
                feed.offered(),
                feed.tally().numbers(),
                census.census(),
                roles.training().orElse(null),
                roles.received(),
                Stages.lags(lags.newest()));
    }

    private Optional<TrainerProgress> progress() {
        return roles.trainer().progress();
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - began);
    }
}
