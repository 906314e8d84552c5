package dev.realalign.trainer.loop;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.LedgerMark;
import dev.realalign.schemas.PartitionName;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.trainer.candidate.CandidateStore;
import dev.realalign.trainer.learn.Learner;
import dev.realalign.trainer.ledger.BrokenLedgerException;
import dev.realalign.trainer.ledger.Ledger;
import dev.realalign.trainer.ledger.LedgerLog;
import dev.realalign.trainer.ledger.LedgerState;
import dev.realalign.trainer.triple.TrainingPair;
import dev.realalign.trainer.triple.UnusableTripleException;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Becomes a line's trainer: fences whoever was there, finds the newest whole candidate, and learns from the ledger what
 * was planned after it. {@link Replay} then repeats those steps.
 */
final class TakeOver {
    private static final Logger log = LoggerFactory.getLogger(TakeOver.class);
    static final String REMEDY = " Configure it so again, or train under another model name.";

    private final LoopSettings settings;
    private final TripleSource source;
    private final Learner learner;
    private final CandidateStore store;
    private final ReservoirKeeper reservoir;
    private final LedgerLog ledgerLog;
    private final InstantSource clock;

    TakeOver(
            LoopSettings settings,
            TripleSource source,
            Learner learner,
            CandidateStore store,
            ReservoirKeeper reservoir,
            LedgerLog ledgerLog,
            InstantSource clock) {
        this.settings = settings;
        this.source = source;
        this.learner = learner;
        this.store = store;
        this.reservoir = reservoir;
        this.ledgerLog = ledgerLog;
        this.clock = clock;
    }

    /**
     * What a trainer begins with.
     *
     * @param ledger the line's ledger, this session begun
     * @param line the place of the newest whole candidate, or the beginning
     * @param candidates every announced candidate, oldest first
     * @param tail entries after that place
     * @param planned where the ledger ends in the stream; empty where it says nothing of the stream
     */
    record Begun(
            Ledger ledger,
            Line line,
            List<CheckpointCandidate> candidates,
            List<LedgerEntry> tail,
            SortedMap<Integer, Long> planned) {}

    /**
     * Takes over.
     *
     * @param trainer who takes over, for the ledger
     * @param keepStart whether the weights the line began with may be needed again
     * @throws UserErrorException when no candidate is whole, the configuration does not continue the line, or ledger and
     *     candidates contradict each other
     */
    Begun begin(String trainer, boolean keepStart) {
        ledgerLog.takeOver();
        List<CheckpointCandidate> candidates = ledgerLog.candidates();
        Line line = new Line();
        try {
            store.sweep(
                    candidates.stream().map(CheckpointCandidate::getCandidate).collect(Collectors.toSet()));
            if (keepStart) {
                store.keepStart(learner::save);
            }
            Optional<CandidateStore.Stored> whole =
                    candidates.isEmpty() ? Optional.empty() : Optional.of(newestWhole(candidates));
            List<LedgerEntry> tail = new ArrayList<>();
            LedgerState state = read(whole.map(CandidateStore.Stored::manifest), tail);
            if (whole.isPresent()) {
                resume(line, whole.get());
            } else {
                line.moveTo(source.beginnings());
                log.info(
                        "model {} begins at the start of {}: {}",
                        settings.model(),
                        settings.topic(),
                        line.nextOffsets());
            }
            Ledger ledger = new Ledger(settings.model(), ledgerLog, state, clock);
            SortedMap<Integer, Long> planned = state.nextOffsets();
            ledger.begin(trainer, whole.map(w -> w.manifest().candidate()).orElse(null), line.step());
            return new Begun(ledger, line, candidates, tail, planned);
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The candidates of model " + settings.model() + " cannot be read: " + e.getMessage()
                            + ". Check the checkpoint store and its permissions.",
                    e);
        }
    }

    private LedgerState read(Optional<CandidateManifest> manifest, List<LedgerEntry> tail) {
        LedgerMark mark = manifest.map(CandidateManifest::ledger).orElse(null);
        LedgerState state = new LedgerState(mark == null ? Set.of() : Set.of(mark.position()));
        try {
            ledgerLog.read(entry -> {
                state.accept(entry);
                if (mark == null || entry.getPosition() > mark.position()) {
                    tail.add(entry);
                }
            });
            if (mark != null && !state.chainAt(mark.position()).hex().equals(mark.sha256())) {
                throw UserErrorException.failure("Candidate "
                        + manifest.orElseThrow().candidate() + " of model " + settings.model() + " stands at "
                        + mark.sha256() + " in the training ledger, but entry " + mark.position()
                        + " of the ledger says "
                        + state.chainAt(mark.position()).hex()
                        + ". Restore topics and checkpoint store from one backup, or train under another model name.");
            }
        } catch (BrokenLedgerException e) {
            throw UserErrorException.failure(
                    "The training ledger of model " + settings.model() + " cannot be followed: " + e.getMessage()
                            + ". Restore topics and checkpoint store from one backup, or train under another model name.",
                    e);
        }
        return state;
    }

    private CandidateStore.Stored newestWhole(List<CheckpointCandidate> announced) {
        List<String> broken = new ArrayList<>();
        for (int i = announced.size() - 1; i >= 0; i--) {
            try {
                CandidateStore.Stored whole = store.open(announced.get(i));
                broken.forEach(problem -> log.warn(
                        "{}; going on from {} instead",
                        problem,
                        whole.manifest().candidate()));
                return whole;
            } catch (IOException e) {
                broken.add("candidate " + announced.get(i).getCandidate() + " of model " + settings.model()
                        + " is broken: " + e.getMessage());
            }
        }
        throw UserErrorException.failure("No candidate of model " + settings.model() + " is whole: " + broken.get(0)
                + (broken.size() > 1 ? " (and " + (broken.size() - 1) + " older ones)" : "")
                + ". Restore its folder from a backup, or train under another model name.");
    }

    private void resume(Line line, CandidateStore.Stored stored) throws IOException {
        CandidateManifest manifest = stored.manifest();
        requireSameLine(manifest);
        learner.load(stored.folder());
        List<TrainingPair> heldOut = new ArrayList<>();
        for (PreferenceTriple triple : stored.heldOut()) {
            try {
                heldOut.add(TrainingPair.of(triple.getImageId(), triple, learner.resolution()));
            } catch (UnusableTripleException e) {
                throw new IOException("its held-out set holds an unusable triple: " + e.explanation(), e);
            }
        }
        SortedMap<Integer, Long> offsets = new TreeMap<>();
        manifest.nextOffsets()
                .forEach((partition, offset) ->
                        offsets.put(PartitionName.parse(partition).partition(), offset));
        line.resume(manifest, heldOut, offsets);
        reservoir.resume(stored.folder(), source);
        log.info(
                "model {} goes on from {}: step {}, {} triples",
                settings.model(),
                manifest.candidate(),
                line.step(),
                line.triples());
    }

    /** Names everything in which the configuration departs from the line. */
    private void requireSameLine(CandidateManifest manifest) {
        List<String> problems = new ArrayList<>();
        String line = "Model " + settings.model();
        if (!manifest.base().sha256().equals(learner.base().sha256())) {
            problems.add(line + " was trained on the base " + manifest.base().id() + " (SHA-256 "
                    + manifest.base().sha256() + "), not on " + learner.base().id() + " (SHA-256 "
                    + learner.base().sha256() + ")." + REMEDY);
        }
        if (!manifest.adapter().equals(learner.adapter())) {
            problems.add(line + " has the adapter " + manifest.adapter() + ", not " + learner.adapter() + "." + REMEDY);
        }
        if (!Long.valueOf(learner.runSeed()).equals(manifest.seeds().get("run"))) {
            problems.add(line + " runs under seed " + manifest.seeds().get("run") + ", not " + learner.runSeed() + "."
                    + REMEDY);
        }
        Set<String> partitions = new HashSet<>();
        source.beginnings()
                .keySet()
                .forEach(
                        partition -> partitions.add(PartitionName.of(new TopicPartition(settings.topic(), partition))));
        if (!manifest.nextOffsets().keySet().equals(partitions)) {
            problems.add(line + " was trained on the partitions "
                    + manifest.nextOffsets().keySet() + ", but " + settings.topic() + " has "
                    + new TreeSet<>(partitions)
                    + ". A topic keeps its number of partitions; train under another model name.");
        }
        if (!problems.isEmpty()) {
            throw UserErrorException.usage(problems);
        }
    }
}
