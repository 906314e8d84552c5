package dev.realalign.trainer.candidate;

import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.InvalidManifestException;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.StoreFolder;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The candidates of one model line in a checkpoint store. */
public final class CandidateStore {
    private final CheckpointLayout layout;
    private final String model;

    public CandidateStore(CheckpointLayout layout, String model) {
        this.layout = layout;
        this.model = model;
    }

    /** Writes the files of a candidate into its folder. */
    @FunctionalInterface
    public interface Contents {
        void write(Path folder) throws IOException;
    }

    /** Describes the candidate once its files are there. */
    @FunctionalInterface
    public interface Description {
        CandidateManifest of(String name, List<FileEntry> files);
    }

    /**
     * A candidate in the store.
     *
     * @param manifest its manifest
     * @param folder where it stands
     */
    public record Stored(CandidateManifest manifest, Path folder) {
        /** How checkpoint records name the folder. */
        public String location() {
            return CheckpointLayout.location(folder);
        }

        /** The held-out set; empty where none was drawn. */
        public List<PreferenceTriple> heldOut() throws IOException {
            String file = manifest.heldOutFile();
            return file == null ? List.of() : TripleFile.read(folder.resolve(file));
        }
    }

    /**
     * Deletes what crashes left: half-written folders, and whole ones that were never announced.
     *
     * @param announced names that candidate records mention
     */
    public void sweep(Set<String> announced) throws IOException {
        Path candidates = layout.candidates(model);
        StoreFolder.sweep(candidates);
        if (!Files.isDirectory(candidates)) {
            return;
        }
        List<Path> folders;
        try (Stream<Path> children = Files.list(candidates)) {
            folders = children.filter(Files::isDirectory).sorted().toList();
        }
        for (Path folder : folders) {
            if (!announced.contains(String.valueOf(folder.getFileName()))) {
                StoreFolder.remove(folder);
            }
        }
    }

    /**
     * Writes a candidate: every file, then the manifest, each forced to the disk; then the folder takes its name, and
     * everything is read back.
     *
     * @param session session that writes it; no other writes under the same name
     * @throws IOException when it cannot be written or does not read back; nothing stands under the name then, or
     *     something no record announces
     */
    public Stored write(
            long step, long session, Contents contents, List<PreferenceTriple> heldOut, Description description)
            throws IOException {
        String name = CheckpointLayout.candidateName(step, session);
        Path folder = layout.candidate(model, name);
        CandidateManifest manifest;
        try (StoreFolder.Draft draft = StoreFolder.draft(folder)) {
            contents.write(draft.path());
            if (!heldOut.isEmpty()) {
                TripleFile.write(draft.file(CheckpointLayout.HELD_OUT), heldOut);
            }
            draft.forceAll();
            manifest = description.of(name, entries(draft.path()));
            draft.write(CheckpointLayout.MANIFEST, manifest.toBytes());
            draft.finish();
        }
        return verify(folder, manifest.digest());
    }

    /**
     * Keeps the weights a line begins with, for as long as there is no version to return to. What an earlier call kept is
     * replaced.
     *
     * @param contents writes them
     */
    public void keepStart(Contents contents) throws IOException {
        StoreFolder.remove(start());
        try (StoreFolder.Draft draft = StoreFolder.draft(start())) {
            contents.write(draft.path());
            draft.finish();
        }
    }

    /** Where {@link #keepStart} keeps the weights. */
    public Path start() {
        return layout.start(model);
    }

    private static List<FileEntry> entries(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> children = Files.list(folder)) {
            files = children.sorted().toList();
        }
        List<FileEntry> entries = new ArrayList<>();
        for (Path file : files) {
            entries.add(FileEntry.of(file));
        }
        return entries;
    }

    /**
     * Opens the candidate of a committed record and checks every byte.
     *
     * @throws IOException naming what is missing or differs
     */
    public Stored open(CheckpointCandidate announced) throws IOException {
        Path folder;
        try {
            folder = CheckpointLayout.folder(URI.create(announced.getLocation()));
        } catch (IllegalArgumentException e) {
            throw new IOException("its location is not in reach: " + e.getMessage(), e);
        }
        return verify(folder, announced.getDigest());
    }

    private static Stored verify(Path folder, String digest) throws IOException {
        Path file = folder.resolve(CheckpointLayout.MANIFEST);
        if (!Files.isRegularFile(file)) {
            throw new IOException(CheckpointLayout.MANIFEST + " is missing: " + file);
        }
        byte[] bytes = Files.readAllBytes(file);
        if (!Sha256.hex(bytes).equals(digest)) {
            throw new IOException(CheckpointLayout.MANIFEST + " has SHA-256 " + Sha256.hex(bytes) + ", its record says "
                    + digest + ": " + file);
        }
        CandidateManifest manifest;
        try {
            manifest = CandidateManifest.parse(bytes, file.toString());
        } catch (InvalidManifestException e) {
            throw new IOException(e.getMessage(), e);
        }
        for (FileEntry entry : manifest.files()) {
            entry.verify(folder.resolve(entry.name()));
        }
        return new Stored(manifest, folder);
    }
}
