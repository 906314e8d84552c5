package dev.realalign.publisher;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.AdapterFiles;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraFormat;
import dev.realalign.publisher.CandidateVerifier.SoundCandidate;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.schemas.VersionManifest;
import dev.realalign.schemas.signing.ModelSignature;
import dev.realalign.schemas.signing.SignedFiles;
import dev.realalign.schemas.signing.SigningKey;
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

/**
 * Writes version folders: files beside their place, then the manifest, then the signature over all of them, everything
 * forced to the disk, renamed, read back.
 */
final class VersionWriter {
    private final CheckpointLayout store;
    private final Optional<SigningKey> signingKey;
    private final PublishingStep.Observer steps;
    /** Names this session's drafts, so that a publisher replaced meanwhile does not write into its successor's. */
    private final String session = ProcessHandle.current().pid() + "at" + System.nanoTime();

    /** @param signingKey absent where versions are deliberately left unsigned */
    VersionWriter(CheckpointLayout store, Optional<SigningKey> signingKey, PublishingStep.Observer steps) {
        this.store = store;
        this.signingKey = signingKey;
        this.steps = steps;
    }

    /**
     * Writes the next version of a line.
     *
     * <p>What stands in the place of a number that was never announced is left over from a crash: the same bytes are
     * adopted, others are removed. A publisher that slept through its own replacement would so delete what its successor
     * announced; therefore nothing touches the place before the check.
     *
     * @param measures what the manifest says beside the candidate's own measures
     * @param requireOwnership throws when another publisher has taken over the line
     */
    VersionManifest write(
            CheckpointCandidate announced,
            SoundCandidate candidate,
            Map<String, Double> measures,
            LineState line,
            Runnable requireOwnership)
            throws IOException {
        long number = line.nextVersion();
        Path place = store.version(line.model(), number);
        VersionManifest manifest;
        Optional<byte[]> signature;
        try (StoreFolder.Draft draft = StoreFolder.draft(place, session)) {
            String kohya = CheckpointLayout.kohyaFile(line.model(), number);
            List<FileEntry> files = new ArrayList<>();
            try (Adapter adapter = AdapterFiles.load(candidate.adapter())) {
                CandidateManifest from = candidate.manifest();
                if (adapter instanceof LoraAdapter) {
                    Path diffusers = draft.file(CheckpointLayout.DIFFUSERS_LORA);
                    AdapterExport.write(adapter, diffusers, LoraFormat.PEFT, from, number);
                    files.add(FileEntry.of(diffusers));
                }
                AdapterExport.write(adapter, draft.file(kohya), LoraFormat.KOHYA, from, number);
            } catch (UncheckedIOException | ModelFormatException e) { // it was sound when it was judged
                throw new IOException(e.getMessage(), e);
            }
            files.add(FileEntry.of(draft.file(kohya)));
            if (candidate.errors().isPresent()) {
                Path errors = draft.file(CheckpointLayout.HELD_OUT_ERRORS);
                Files.write(errors, candidate.errors().get().toBytes());
                files.add(FileEntry.of(errors));
            }
            steps.passed(PublishingStep.FILES_WRITTEN);
            manifest = manifest(announced, candidate.manifest(), measures, line, files);
            draft.write(CheckpointLayout.MANIFEST, manifest.toBytes());
            steps.passed(PublishingStep.MANIFEST_WRITTEN);
            signature = sign(manifest);
            if (signature.isPresent()) {
                draft.write(CheckpointLayout.SIGNATURE, signature.get());
            }
            draft.forceAll();
            steps.passed(PublishingStep.SIGNED);
            requireOwnership.run();
            if (!holds(place, manifest, signature)) {
                StoreFolder.remove(place);
                draft.finish();
            }
            steps.passed(PublishingStep.IN_PLACE);
        }
        if (!holds(place, manifest, signature)) {
            throw new IOException(place + " does not read back as it was written");
        }
        steps.passed(PublishingStep.READ_BACK);
        return manifest;
    }

    /** Whether a folder holds exactly this version, by the bytes on the disk. */
    private static boolean holds(Path place, VersionManifest manifest, Optional<byte[]> signature) throws IOException {
        if (!holds(place.resolve(CheckpointLayout.MANIFEST), Optional.of(manifest.toBytes()))
                || !holds(place.resolve(CheckpointLayout.SIGNATURE), signature)) {
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

    private static boolean holds(Path file, Optional<byte[]> bytes) throws IOException {
        return Files.exists(file) == bytes.isPresent()
                && (bytes.isEmpty() || Arrays.equals(Files.readAllBytes(file), bytes.get()));
    }

    private Optional<byte[]> sign(VersionManifest manifest) {
        return signingKey.map(key -> ModelSignature.sign(SignedFiles.of(manifest, manifest.digest()), key));
    }

    private static VersionManifest manifest(
            CheckpointCandidate announced,
            CandidateManifest candidate,
            Map<String, Double> measures,
            LineState line,
            List<FileEntry> files) {
        Optional<CheckpointVersion> parent = line.newestVersion();
        Map<String, VersionManifest.Offsets> offsets = new TreeMap<>();
        PublishingRules.offsetsSince(parent, candidate.nextOffsets())
                .forEach((partition, range) ->
                        offsets.put(partition, new VersionManifest.Offsets(range.getFrom(), range.getTo())));
        Map<String, Double> evaluation = new TreeMap<>(candidate.metrics());
        evaluation.putAll(measures);
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
                evaluation,
                new VersionManifest.Candidate(candidate.candidate(), announced.getDigest(), candidate.createdAt()),
                files,
                candidate.gitRevision(),
                candidate.configDigest());
    }
}
