package dev.realalign.trainer.loop;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.ReservoirState;
import dev.realalign.schemas.ReservoirState.Slot;
import dev.realalign.trainer.candidate.ReservoirStore;
import dev.realalign.trainer.plan.Admission;
import dev.realalign.trainer.plan.Delivery;
import dev.realalign.trainer.plan.Member;
import dev.realalign.trainer.plan.Reservoir;
import dev.realalign.trainer.triple.TrainingPair;
import dev.realalign.trainer.triple.UnusableTripleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps a line's reservoir and the files of its triples in step. Where nothing is replayed it does nothing. */
final class ReservoirKeeper {
    private static final Logger log = LoggerFactory.getLogger(ReservoirKeeper.class);

    private final LoopSettings settings;
    private final ReservoirStore store;
    private final int resolution;
    private final Admission admission;
    private final Reservoir reservoir;

    /**
     * @param resolution width and height the model trains at, in pixels
     * @param runSeed seed of the run
     */
    ReservoirKeeper(LoopSettings settings, ReservoirStore store, int resolution, long runSeed) {
        this.settings = settings;
        this.store = store;
        this.resolution = resolution;
        this.admission = settings.admission();
        this.reservoir = new Reservoir(settings.replay(), runSeed);
    }

    /**
     * Goes on from a candidate's reservoir. A triple whose file is gone is read from the stream again.
     *
     * @throws IOException when the candidate's file cannot be read
     * @throws UserErrorException when a triple is in neither place any more
     */
    void resume(Path candidate, TripleSource source) throws IOException {
        if (!settings.replay().replays()) {
            return;
        }
        reservoir.resume(ReservoirStore.state(candidate));
        List<Slot> missing = reservoir.state().slots().stream()
                .filter(slot -> !store.holds(slot.triple()))
                .toList();
        if (missing.isEmpty()) {
            return;
        }
        SortedMap<Integer, SortedSet<Long>> wanted = new TreeMap<>();
        missing.forEach(slot ->
                wanted.computeIfAbsent(slot.partition(), p -> new TreeSet<>()).add(slot.offset()));
        requireUnexpired(missing, source);
        List<Delivery> found = source.fetch(wanted);
        for (Slot slot : missing) {
            TrainingPair pair = found.stream()
                    .filter(d -> d.partition() == slot.partition() && d.offset() == slot.offset())
                    .filter(Delivery.Usable.class::isInstance)
                    .map(delivery -> ((Delivery.Usable) delivery).pair())
                    .filter(usable -> usable.digest().equals(slot.triple()))
                    .findFirst()
                    .orElseThrow(() -> lost(missing));
            put(pair);
        }
        log.warn("{} triples of the reservoir had no file and were read from the stream again", missing.size());
    }

    private void requireUnexpired(List<Slot> missing, TripleSource source) {
        SortedMap<Integer, Long> beginnings = source.beginnings();
        if (missing.stream()
                .anyMatch(slot -> slot.offset() < beginnings.getOrDefault(slot.partition(), Long.MAX_VALUE))) {
            throw lost(missing);
        }
    }

    private UserErrorException lost(List<Slot> missing) {
        return UserErrorException.failure("The replay reservoir of model " + settings.model() + " lacks the files of "
                + missing.size() + " triples, first that of image "
                + missing.get(0).imageId()
                + ", and they are not in " + settings.topic()
                + " any more. Restore the folder replay of the line from a"
                + " backup, or train until a candidate without replay (trainer.replay.share=0) and then begin an empty"
                + " reservoir.");
    }

    /** Draws what a step trains again. */
    List<Member> draw(long step, int freshPairs, long newestVersion) {
        return reservoir
                .draw(step, freshPairs, slot -> !admission.isStale(slot.generatorVersion(), newestVersion))
                .stream()
                .map(slot -> new Member(slot.imageId(), slot.triple(), slot.partition(), slot.offset()))
                .toList();
    }

    /**
     * The triples of draws, in their order; several are read and decoded at a time, since the step waits for them.
     *
     * @throws UserErrorException when one cannot be read; its file is deleted then, so that {@link #resume} reads the record
     *     it was made of
     */
    List<TrainingPair> pairs(List<Member> drawn) {
        return drawn.parallelStream().map(this::required).toList();
    }

    private TrainingPair required(Member member) {
        try {
            return read(member);
        } catch (IOException e) {
            store.discard(member.digest());
            throw UserErrorException.failure(
                    "The triple of image " + member.imageId() + " of model " + settings.model()
                            + " cannot be trained again: " + e.getMessage()
                            + ". Start the trainer again: it reads what is missing from " + settings.topic()
                            + " where it has not expired.",
                    e);
        }
    }

    /** The triple of a draw, if its file is there and whole. */
    Optional<TrainingPair> pair(Member member) {
        try {
            return Optional.of(read(member));
        } catch (IOException e) {
            log.warn("the triple of image {} is read from the stream again: {}", member.imageId(), e.getMessage());
            return Optional.empty();
        }
    }

    private TrainingPair read(Member member) throws IOException {
        PreferenceTriple triple = store.get(member.digest());
        try {
            return TrainingPair.of(triple.getImageId(), triple, resolution);
        } catch (UnusableTripleException e) {
            throw new IOException(e.explanation(), e);
        }
    }

    /**
     * Learns of a step. What was trained for the first time is offered; the triples of a step that changed nothing, since it
     * was not finite, are never drawn again.
     *
     * @param members triples trained for the first time, in order
     * @param pairs their pairs
     * @param drawn triples trained again
     */
    void trained(List<Member> members, List<TrainingPair> pairs, List<Member> drawn, boolean applied) {
        if (!applied) {
            drawn.forEach(member -> reservoir.remove(member.digest()));
            return;
        }
        for (int i = 0; i < members.size(); i++) {
            Member member = members.get(i);
            TrainingPair pair = pairs.get(i);
            boolean taken = reservoir.offer(new Slot(
                    member.imageId(),
                    member.digest(),
                    member.partition(),
                    member.offset(),
                    pair.triple().getGeneratorVersion()));
            if (taken) {
                put(pair);
            }
        }
    }

    private void put(TrainingPair pair) {
        try {
            store.put(pair.digest(), pair.triple());
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The triple of image " + pair.imageId() + " of model " + settings.model()
                            + " could not be kept for replay: " + e.getMessage()
                            + ". See to the checkpoint store's space and permissions and start again.",
                    e);
        }
    }

    /** Writes what a candidate keeps of the reservoir into its folder. */
    void save(Path folder) throws IOException {
        if (settings.replay().replays()) {
            Files.write(folder.resolve(CheckpointLayout.RESERVOIR), state().toBytes());
        }
    }

    /** Deletes the files that nothing names any more. */
    void sweep() {
        try {
            store.sweep(state());
        } catch (IOException e) {
            log.warn("triples that are not replayed any more stay on the disk for now: {}", e.getMessage());
        }
    }

    ReservoirState state() {
        return reservoir.state();
    }

    /** Triples in the reservoir. */
    int size() {
        return reservoir.size();
    }
}
