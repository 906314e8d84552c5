package dev.realalign.publisher;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraFiles;
import dev.realalign.diffusion.lora.LoraFormat;
import dev.realalign.publisher.CandidateVerifier.SoundCandidate;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** Writes version folders: files beside their place, manifest last, everything forced to the disk, renamed, read back. */
final class VersionWriter {
    private final CheckpointLayout store;
    private final PublishingStep.Observer steps;
    /** Names this session's drafts, so that a publisher replaced meanwhile does not write into its successor's. */
    private final String session = ProcessHandle.current().pid() + "at" + System.nanoTime();

    VersionWriter(CheckpointLayout store, PublishingStep.Observer steps) {
        this.store = store;
        this.steps = steps;
    }

    /**
     * Writes the next version of a line.
     *
     * <p>What stands in the place of a number that was never announced is left over from a crash: the same bytes are
     * adopted, others are removed. A publisher that slept through its own replacement would so delete what its successor
     * announced; therefore nothing touches the place before the check.
     *
     * @param requireOwnership throws when another publisher has taken over the line
     */
    VersionManifest write(
            CheckpointCandidate announced, SoundCandidate candidate, LineState line, Runnable requireOwnership)
            throws IOException {
        long number = line.nextVersion();
        Path place = store.version(line.model(), number);
        VersionManifest manifest;
        try (StoreFolder.Draft draft = StoreFolder.draft(place, session)) {
            String kohya = CheckpointLayout.kohyaFile(line.model(), number);
            try (LoraAdapter adapter = LoraFiles.load(candidate.adapter())) {
                CandidateManifest from = candidate.manifest();
                Path diffusers = draft.file(CheckpointLayout.DIFFUSERS_LORA);
                AdapterExport.write(adapter, diffusers, LoraFormat.PEFT, from, number);
                AdapterExport.write(adapter, draft.file(kohya), LoraFormat.KOHYA, from, number);
            } catch (UncheckedIOException | ModelFormatException e) { // it was sound when it was judged
                throw new IOException(e.getMessage(), e);
            }
            List<FileEntry> files = new ArrayList<>();
            files.add(FileEntry.of(draft.file(CheckpointLayout.DIFFUSERS_LORA)));
            files.add(FileEntry.of(draft.file(kohya)));
            if (candidate.errors().isPresent()) {
                Path errors = draft.file(CheckpointLayout.HELD_OUT_ERRORS);
                Files.write(errors, candidate.errors().get().toBytes());
                files.add(FileEntry.of(errors));
            }
            steps.passed(PublishingStep.FILES_WRITTEN);
            manifest = manifest(announced, candidate.manifest(), line, files);
            draft.write(CheckpointLayout.MANIFEST, manifest.toBytes());
            draft.forceAll();
            steps.passed(PublishingStep.MANIFEST_WRITTEN);
            requireOwnership.run();
            if (!holds(place, manifest)) {
                StoreFolder.remove(place);
                draft.finish();
            }
            steps.passed(PublishingStep.IN_PLACE);
        }
        if (!holds(place, manifest)) {
            throw new IOException(place + " does not read back as it was written");
        }
        steps.passed(PublishingStep.READ_BACK);
        return manifest;
    }

    /** Whether a folder holds exactly this version, by the bytes on the disk. */
    private static boolean holds(Path place, VersionManifest manifest) throws IOException {
        Path file = place.resolve(CheckpointLayout.MANIFEST);
        if (!Files.exists(file) || !Arrays.equals(Files.readAllBytes(file), manifest.toBytes())) {
            return false;
        }
        for (FileEntry expected : manifest.files()) {
            Path found = place.resolve(expected.name());
            if (!Files.exists(found) || !FileEntry.of(found).equals(expected)) {
                return false;
            }
        }
        return true;
    }

    private static VersionManifest manifest(
            CheckpointCandidate announced, CandidateManifest candidate, LineState line, List<FileEntry> files) {
        Optional<CheckpointVersion> parent = line.newestVersion();
        Map<String, VersionManifest.Offsets> offsets = new TreeMap<>();
        PublishingRules.offsetsSince(parent, candidate.nextOffsets())
                .forEach((partition, range) ->
                        offsets.put(partition, new VersionManifest.Offsets(range.getFrom(), range.getTo())));
        return new VersionManifest(
                VersionManifest.FORMAT,
                line.model(),
                line.nextVersion(),
                parent.map(CheckpointVersion::getVersion).orElse(null),
                candidate.base(),
                candidate.adapter(),
                candidate.objective(),
                candidate.step(),
                candidate.triples(),
                Math.max(
                        0,
                        candidate.triples()
                                - parent.map(CheckpointVersion::getTriples).orElse(0L)),
                offsets,
                candidate.firstEventTime(),
                candidate.lastEventTime(),
                Objects.requireNonNull(candidate.seeds().get("run"), "every candidate names the seed of its run"),
                candidate.metrics(),
                new VersionManifest.Candidate(candidate.candidate(), announced.getDigest(), candidate.createdAt()),
                files,
                candidate.gitRevision(),
                candidate.configDigest());
    }
}
