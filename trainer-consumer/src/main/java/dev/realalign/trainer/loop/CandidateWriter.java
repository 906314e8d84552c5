package dev.realalign.trainer.loop;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.PartitionName;
import dev.realalign.trainer.candidate.CandidateStore;
import dev.realalign.trainer.learn.Learner;
import dev.realalign.trainer.ledger.LedgerLog;
import dev.realalign.trainer.triple.TrainingPair;
import java.io.IOException;
import java.nio.file.Files;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Writes a candidate of where a line is, reads it back and announces it. */
final class CandidateWriter {
    private final LoopSettings settings;
    private final Learner learner;
    private final CandidateStore store;
    private final ReservoirKeeper reservoir;
    private final LedgerLog log;
    private final InstantSource clock;

    CandidateWriter(
            LoopSettings settings,
            Learner learner,
            CandidateStore store,
            ReservoirKeeper reservoir,
            LedgerLog log,
            InstantSource clock) {
        this.settings = settings;
        this.learner = learner;
        this.store = store;
        this.reservoir = reservoir;
        this.log = log;
        this.clock = clock;
    }

    /**
     * Writes and announces.
     *
     * @param metrics what is said about it
     * @param errors its errors on the held-out set, one by one
     * @throws UserErrorException when the store cannot be written; nothing is announced then
     */
    CheckpointCandidate write(Line line, long session, Map<String, Double> metrics, Optional<HeldOutErrors> errors) {
        CandidateStore.Stored stored;
        try {
            stored = store.write(
                    line.step(),
                    session,
                    folder -> {
                        learner.save(folder);
                        reservoir.save(folder);
                        if (errors.isPresent()) {
                            Files.write(
                                    folder.resolve(CheckpointLayout.HELD_OUT_ERRORS),
                                    errors.get().toBytes());
                        }
                    },
                    line.heldOut().stream().map(TrainingPair::triple).toList(),
                    (name, files) -> describe(line, name, files, metrics));
        } catch (IOException e) {
            log.confirmOwnership(line.nextOffsets()); // a successor clears drafts away: then that is what happened
            throw UserErrorException.failure(
                    "The candidate of step " + line.step() + " of model " + settings.model()
                            + " could not be written: " + e.getMessage()
                            + ". Nothing of it was announced; see to the checkpoint store's space and"
                            + " permissions and start again.",
                    e);
        }
        CandidateManifest manifest = stored.manifest();
        CheckpointCandidate candidate = CheckpointCandidate.newBuilder()
                .setModel(settings.model())
                .setCandidate(manifest.candidate())
                .setDigest(manifest.digest())
                .setLocation(stored.location())
                .setStep(manifest.step())
                .setTriples(manifest.triples())
                .setNextOffsets(manifest.nextOffsets())
                .setMetrics(manifest.metrics())
                .setCreatedAt(manifest.createdAt())
                .setLedgerSha256(manifest.ledger().sha256())
                .setWeightsSha256(digestOf(manifest.files(), CheckpointLayout.ADAPTER))
                .build();
        log.announce(candidate);
        return candidate;
    }

    private CandidateManifest describe(Line line, String name, List<FileEntry> files, Map<String, Double> metrics) {
        SortedMap<String, Long> nextOffsets = new TreeMap<>();
        line.nextOffsets()
                .forEach((partition, offset) ->
                        nextOffsets.put(PartitionName.of(new TopicPartition(settings.topic(), partition)), offset));
        return new CandidateManifest(
                CandidateManifest.FORMAT,
                settings.model(),
                name,
                line.step(),
                line.triples(),
                nextOffsets,
                learner.base(),
                learner.adapter(),
                learner.objective(),
                Map.of("run", learner.runSeed()),
                digestOf(files, CheckpointLayout.REFERENCE),
                digestOf(files, CheckpointLayout.HELD_OUT) == null ? null : CheckpointLayout.HELD_OUT,
                metrics,
                line.firstEvent(),
                line.lastEvent(),
                files,
                clock.instant(),
                settings.gitRevision(),
                settings.configDigest(),
                line.mark());
    }

    private static @Nullable String digestOf(List<FileEntry> files, String name) {
        return files.stream()
                .filter(file -> file.name().equals(name))
                .map(FileEntry::sha256)
                .findFirst()
                .orElse(null);
    }
}
