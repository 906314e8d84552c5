package dev.realalign.publisher;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.AdapterFiles;
import dev.realalign.runtime.StoreConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.InvalidManifestException;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Verifies a candidate's folder against the record that announced it and against the line it continues. What it finds
 * wrong with the candidate are sentences; an {@link IOException} means that the store itself cannot be read.
 */
final class CandidateVerifier {
    private final CheckpointLayout store;

    CandidateVerifier(CheckpointLayout store) {
        this.store = store;
    }

    /**
     * What was found.
     *
     * @param problems why the candidate cannot become a version; empty when it can
     * @param sound the candidate, when there are none
     */
    record Finding(List<String> problems, Optional<SoundCandidate> sound) {
        private static Finding refused(List<String> problems) {
            return new Finding(List.copyOf(problems), Optional.empty());
        }
    }

    /**
     * A candidate of which every byte is as announced.
     *
     * @param manifest its manifest
     * @param adapter the adapter to publish: the moving average where there is one
     * @param errors what was measured on the held-out set, if it was
     */
    record SoundCandidate(CandidateManifest manifest, Path adapter, Optional<HeldOutErrors> errors) {}

    /**
     * Verifies.
     *
     * @param parent the newest version of the line, null for the first
     * @throws UserErrorException when the candidate was written to another store than this one
     */
    Finding verify(CheckpointCandidate announced, @Nullable VersionManifest parent) throws IOException {
        Path folder;
        try {
            folder = store.candidate(announced.getModel(), announced.getCandidate());
        } catch (IllegalArgumentException e) {
            return Finding.refused(List.of(String.valueOf(e.getMessage())));
        }
        requireStore(announced, folder);
        Path manifestFile = folder.resolve(CheckpointLayout.MANIFEST);
        if (!Files.isRegularFile(manifestFile)) {
            return Finding.refused(List.of(CheckpointLayout.MANIFEST + " is missing in " + folder));
        }
        byte[] bytes = Files.readAllBytes(manifestFile);
        String digest = Sha256.hex(bytes);
        if (!digest.equals(announced.getDigest())) {
            return Finding.refused(List.of(CheckpointLayout.MANIFEST + " has SHA-256 " + digest
                    + ", the announcement says " + announced.getDigest()));
        }
        CandidateManifest manifest;
        try {
            manifest = CandidateManifest.parse(bytes, CheckpointLayout.MANIFEST);
        } catch (InvalidManifestException e) {
            return Finding.refused(List.of(String.valueOf(e.getMessage())));
        }
        List<String> problems = new ArrayList<>();
        compareWithAnnouncement(manifest, announced, problems);
        if (parent != null) {
            compareWithLine(manifest, parent, problems);
        }
        checkFiles(manifest, folder, problems);
        if (!problems.isEmpty()) {
            return Finding.refused(problems);
        }
        boolean averaged = manifest.file(CheckpointLayout.EMA) != null;
        Path adapter = folder.resolve(averaged ? CheckpointLayout.EMA : CheckpointLayout.ADAPTER);
        checkWeights(manifest, folder, problems);
        Optional<HeldOutErrors> errors = readErrors(manifest, folder, problems);
        return problems.isEmpty()
                ? new Finding(List.of(), Optional.of(new SoundCandidate(manifest, adapter, errors)))
                : Finding.refused(problems);
    }

    /** A candidate that lies elsewhere means another store, which is no fault of the candidate. */
    private void requireStore(CheckpointCandidate announced, Path folder) {
        boolean sameStore = announced.getLocation().equals(CheckpointLayout.location(folder));
        if (!Files.isDirectory(folder) && !(sameStore && Files.isDirectory(store.root()))) {
            throw UserErrorException.failure("candidate " + announced.getCandidate() + " was written to "
                    + announced.getLocation() + ", but this publisher's checkpoint store is " + store.root()
                    + " and does not hold it. Give trainer and publisher the same " + StoreConfig.CHECKPOINT_STORE
                    + " and see that it is mounted.");
        }
    }

    private static void compareWithAnnouncement(
            CandidateManifest manifest, CheckpointCandidate announced, List<String> problems) {
        unequal("model", manifest.model(), announced.getModel(), "the announcement", problems);
        unequal("candidate", manifest.candidate(), announced.getCandidate(), "the announcement", problems);
        unequal("step", manifest.step(), announced.getStep(), "the announcement", problems);
        unequal("triples", manifest.triples(), announced.getTriples(), "the announcement", problems);
        unequal("nextOffsets", manifest.nextOffsets(), announced.getNextOffsets(), "the announcement", problems);
    }

    /** Subscribers swap adapters of a line in place: that needs one base model, one kind, one rank, one alpha, one set of targets. */
    private static void compareWithLine(CandidateManifest manifest, VersionManifest parent, List<String> problems) {
        String line = "version " + parent.version();
        if (manifest.adapter() instanceof AdapterShape.Lora lora
                && parent.adapter() instanceof AdapterShape.Lora lineage) {
            unequal("rank", lora.rank(), lineage.rank(), line, problems);
            unequal("alpha", lora.alpha(), lineage.alpha(), line, problems);
            unequal("targets", lora.targets(), lineage.targets(), line, problems);
        } else {
            unequal("adapter", manifest.adapter(), parent.adapter(), line, problems);
        }
        unequal("base model", manifest.base().sha256(), parent.base().sha256(), line, problems);
    }

    private static void unequal(String what, Object found, Object expected, String whose, List<String> problems) {
        if (!found.equals(expected)) {
            problems.add(what + " is " + found + ", " + whose + " says " + expected);
        }
    }

    private static void checkFiles(CandidateManifest manifest, Path folder, List<String> problems) throws IOException {
        if (manifest.file(CheckpointLayout.ADAPTER) == null) {
            problems.add(CheckpointLayout.MANIFEST + " lists no " + CheckpointLayout.ADAPTER);
        }
        for (FileEntry expected : manifest.files()) {
            Path file = folder.resolve(expected.name());
            if (!Files.isRegularFile(file)) {
                problems.add(expected.name() + " is missing");
                continue;
            }
            FileEntry found = FileEntry.of(file);
            if (found.size() != expected.size()) {
                problems.add(expected.name() + " has " + found.size() + " bytes, its manifest says " + expected.size());
            } else if (!found.sha256().equals(expected.sha256())) {
                problems.add(expected.name() + " has SHA-256 " + found.sha256() + ", its manifest says "
                        + expected.sha256());
            }
        }
    }

    private static Optional<HeldOutErrors> readErrors(CandidateManifest manifest, Path folder, List<String> problems)
            throws IOException {
        if (manifest.file(CheckpointLayout.HELD_OUT_ERRORS) == null) {
            return Optional.empty();
        }
        byte[] bytes = Files.readAllBytes(folder.resolve(CheckpointLayout.HELD_OUT_ERRORS));
        try {
            return Optional.of(HeldOutErrors.parse(bytes, CheckpointLayout.HELD_OUT_ERRORS));
        } catch (InvalidManifestException e) {
            problems.add(String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    private static void checkWeights(CandidateManifest manifest, Path folder, List<String> problems) {
        for (String name : List.of(CheckpointLayout.ADAPTER, CheckpointLayout.EMA)) {
            if (manifest.file(name) != null) {
                try (Adapter adapter = AdapterFiles.load(folder.resolve(name))) {
                    AdapterRules.problems(adapter, manifest.adapter())
                            .forEach(problem -> problems.add(name + ": " + problem));
                } catch (ModelFormatException e) {
                    e.problems().forEach(problem -> problems.add(name + ": " + problem));
                }
            }
        }
    }
}
