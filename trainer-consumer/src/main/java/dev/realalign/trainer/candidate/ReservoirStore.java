package dev.realalign.trainer.candidate;

import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.InvalidManifestException;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.ReservoirState;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.trainer.triple.TrainingPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The triples a line may train again, each a file under its digest, beside the candidates whose reservoirs name them. So
 * they outlive their records in the stream, and whoever takes the line over finds them.
 */
public final class ReservoirStore {
    private static final Logger log = LoggerFactory.getLogger(ReservoirStore.class);
    private static final String ENDING = ".avro";

    private final CheckpointLayout layout;
    private final String model;
    private final Path folder;

    public ReservoirStore(CheckpointLayout layout, String model) {
        this.layout = layout;
        this.model = model;
        this.folder = layout.replay(model);
    }

    /** Keeps a triple; on return it is on the disk. Nothing happens where it is kept already. */
    public void put(String digest, PreferenceTriple triple) throws IOException {
        Path file = file(digest);
        if (Files.exists(file)) {
            return;
        }
        Files.createDirectories(folder);
        Path draft = folder.resolve(digest + CheckpointLayout.UNFINISHED);
        TripleFile.write(draft, List.of(triple));
        StoreFolder.force(draft);
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        StoreFolder.force(folder);
    }

    /** Deletes a triple that cannot be read. Where that fails, it is left to whoever repairs the disk. */
    public void discard(String digest) {
        try {
            Files.deleteIfExists(file(digest));
        } catch (IOException e) {
            log.warn("{} is broken and cannot be deleted: {}", file(digest), e.getMessage());
        }
    }

    /** Whether a triple is kept. */
    public boolean holds(String digest) {
        return Files.exists(file(digest));
    }

    /**
     * A triple.
     *
     * @throws IOException when it is not kept, or is another
     */
    public PreferenceTriple get(String digest) throws IOException {
        List<PreferenceTriple> found = TripleFile.read(file(digest));
        if (found.size() != 1 || !TrainingPair.digest(found.get(0)).equals(digest)) {
            throw new IOException("it does not hold the triple it is named after: " + file(digest));
        }
        return found.get(0);
    }

    /**
     * The reservoir of a candidate; empty where it kept none.
     *
     * @throws IOException when it cannot be read
     */
    public static ReservoirState state(Path candidate) throws IOException {
        Path file = candidate.resolve(CheckpointLayout.RESERVOIR);
        if (!Files.exists(file)) {
            return ReservoirState.of(0, List.of());
        }
        try {
            return ReservoirState.parse(Files.readAllBytes(file), file.toString());
        } catch (InvalidManifestException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /**
     * Deletes what neither this reservoir nor that of any candidate in the store names.
     *
     * @throws IOException also when a candidate's reservoir cannot be read; nothing is deleted then
     */
    public void sweep(ReservoirState now) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        Set<String> named = new HashSet<>();
        now.slots().forEach(slot -> named.add(slot.triple() + ENDING));
        for (Path candidate : children(layout.candidates(model))) {
            state(candidate).slots().forEach(slot -> named.add(slot.triple() + ENDING));
        }
        for (Path file : children(folder)) {
            if (!named.contains(String.valueOf(file.getFileName()))) {
                Files.delete(file);
            }
        }
    }

    private static List<Path> children(Path parent) throws IOException {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(parent)) {
            return children.sorted().toList();
        }
    }

    private Path file(String digest) {
        return folder.resolve(digest + ENDING);
    }
}
