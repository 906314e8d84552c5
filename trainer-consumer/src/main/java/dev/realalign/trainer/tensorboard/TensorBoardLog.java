package dev.realalign.trainer.tensorboard;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.trainer.learn.HeldOutMeasure;
import dev.realalign.trainer.learn.StepMetrics;
import dev.realalign.trainer.loop.TrainerProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session's measures, step by step, in an event file of its own below {@code DIR/MODEL}. A disk that takes no more ends
 * the log with a warning, never the training. Used by one thread.
 */
public final class TensorBoardLog implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TensorBoardLog.class);

    private final Path file;
    private final EventFile events;
    private final InstantSource clock;
    private long step;
    private long candidateStep;
    private boolean failed;

    private TensorBoardLog(Path file, EventFile events, InstantSource clock, TrainerProgress start) {
        this.file = file;
        this.events = events;
        this.clock = clock;
        this.step = start.step();
        this.candidateStep = start.candidateStep();
    }

    /**
     * Begins a log.
     *
     * @param folder folder of the model line; made where it is missing
     * @param clock time of day, written beside the measures
     * @param start where training stands
     * @param settings what the run was configured with, as a text beside the measures
     * @throws UserErrorException when the folder cannot be written
     */
    public static TensorBoardLog open(
            Path folder, InstantSource clock, TrainerProgress start, Map<String, String> settings) {
        Path file = folder.resolve("events.out.tfevents." + clock.instant().getEpochSecond() + ".session-"
                + start.session() + "." + ProcessHandle.current().pid());
        try {
            Files.createDirectories(folder);
            EventFile events = new EventFile(file, clock.instant(), start.step() + 1);
            events.text(clock.instant(), start.step(), "settings", table(settings));
            return new TensorBoardLog(file, events, clock, start);
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The TensorBoard log " + file + " cannot be written (" + e.getMessage()
                            + "): give its folder room and write permission, or train without it.",
                    e);
        }
    }

    /** Writes what is new since the last call. */
    public void record(TrainerProgress progress) {
        if (failed || (progress.step() == step && progress.candidateStep() == candidateStep)) {
            return;
        }
        try {
            events.scalars(clock.instant(), progress.step(), measures(progress));
        } catch (IOException e) {
            failed = true;
            log.warn("the TensorBoard log {} ends at step {}: {}", file, step, e.getMessage());
        }
        step = progress.step();
        candidateStep = progress.candidateStep();
    }

    /** What is known of the newest step; the held-out set only where it has just been measured. */
    private SortedMap<String, Double> measures(TrainerProgress progress) {
        SortedMap<String, Double> measures = new TreeMap<>();
        StepMetrics last = progress.last();
        if (last != null && progress.step() != step) {
            last.named().forEach((name, value) -> measures.put("step/" + name, value));
            last.namedByKind().forEach((name, value) -> measures.put("kind/" + name.replace('.', '/'), value));
            measures.put("pace/pairs_per_second", progress.pairsPerSecond());
            measures.put("pace/idle_ratio", progress.idleRatio());
            measures.put("reference/step", (double) progress.referenceStep());
        }
        @Nullable HeldOutMeasure heldOut = progress.heldOut();
        if (heldOut != null && progress.candidateStep() != candidateStep) {
            heldOut.named().forEach((name, value) -> measures.put(name.replace('.', '/'), value));
        }
        return measures;
    }

    private static String table(Map<String, String> settings) {
        StringBuilder table = new StringBuilder("| setting | value |\n|---|---|\n");
        new TreeMap<>(settings).forEach((name, value) -> table.append("| ")
                .append(name)
                .append(" | ")
                .append(value.replace("|", "\\|"))
                .append(" |\n"));
        return table.toString();
    }

    @Override
    public void close() {
        try {
            events.close();
        } catch (IOException e) {
            log.warn("the TensorBoard log {} could not be closed: {}", file, e.getMessage());
        }
    }
}
