package dev.realalign.schemas;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything behind a candidate checkpoint: enough to go on training from it, and to say what it is. Written last into
 * the candidate's folder; its SHA-256 is the candidate's digest.
 *
 * @param format form of this manifest, {@value #FORMAT}
 * @param model model line
 * @param candidate name of the candidate's folder
 * @param step optimizer steps behind these weights
 * @param triples triples trained into these weights
 * @param nextOffsets next offset to train per "topic-partition" ({@link PartitionName})
 * @param base frozen model
 * @param adapter kind and shape of the adapter
 * @param objective what was minimised
 * @param seeds every seed by purpose; {@code run} is always there
 * @param referenceDigest SHA-256 of the reference adapter, null where the base itself is the reference
 * @param heldOutFile file of the held-out set in this folder, null while it is not drawn
 * @param metrics training and held-out measures at this step
 * @param firstEventTime earliest event time (ingest time where unknown) of the triples trained, null before the first
 * @param lastEventTime latest event time (ingest time where unknown) of the triples trained, null before the first
 * @param files every other file of the folder
 * @param createdAt when the trainer wrote it, to the millisecond
 * @param gitRevision revision of the program, empty where unknown
 * @param configDigest SHA-256 of the trainer's effective configuration
 * @param ledger the entry of the training ledger these weights stand at
 */
public record CandidateManifest(
        int format,
        String model,
        String candidate,
        long step,
        long triples,
        Map<String, Long> nextOffsets,
        BaseModel base,
        AdapterShape adapter,
        ObjectiveSettings objective,
        Map<String, Long> seeds,
        @Nullable String referenceDigest,
        @Nullable String heldOutFile,
        Map<String, Double> metrics,
        @Nullable Instant firstEventTime,
        @Nullable Instant lastEventTime,
        List<FileEntry> files,
        Instant createdAt,
        String gitRevision,
        String configDigest,
        LedgerMark ledger) {

    /** Form this release writes and reads. */
    public static final int FORMAT = 1;

    /** Refuses whatever would make the manifest ambiguous, naming the field. */
    public CandidateManifest {
        ManifestRules.format(format, FORMAT);
        ModelName.require(model);
        CheckpointLayout.requireCandidateName(candidate);
        ManifestRules.atLeast("step", step, 0);
        ManifestRules.atLeast("triples", triples, 0);
        nextOffsets = ManifestRules.sorted(nextOffsets);
        nextOffsets.forEach((partition, offset) -> {
            PartitionName.parse(partition);
            ManifestRules.atLeast("nextOffsets." + partition, offset, 0);
        });
        seeds = ManifestRules.sorted(seeds);
        if (!seeds.containsKey("run")) {
            throw new IllegalArgumentException("seeds must name the seed of the run as \"run\"");
        }
        if (referenceDigest != null) {
            Sha256.requireHex("referenceDigest", referenceDigest);
        }
        metrics = ManifestRules.measures("metrics", metrics);
        firstEventTime = ManifestRules.optionalMillis(firstEventTime);
        lastEventTime = ManifestRules.optionalMillis(lastEventTime);
        files = ManifestRules.files(files);
        if (heldOutFile != null && ManifestRules.find(files, heldOutFile) == null) {
            throw new IllegalArgumentException("heldOutFile names " + heldOutFile + ", which files does not list");
        }
        createdAt = ManifestRules.millis(createdAt);
        Sha256.requireHex("configDigest", configDigest);
    }

    /** The manifest as it stands in its file. */
    public byte[] toBytes() {
        return CanonicalJson.write(this);
    }

    /** SHA-256 of {@link #toBytes()}: the candidate's digest. */
    public String digest() {
        return Sha256.hex(toBytes());
    }

    /** The file of that name, or null. */
    public @Nullable FileEntry file(String name) {
        return ManifestRules.find(files, name);
    }

    /**
     * Reads a manifest.
     *
     * @param what where the bytes come from, for errors
     * @throws InvalidManifestException naming the place and the rule
     */
    public static CandidateManifest parse(byte[] bytes, String what) throws InvalidManifestException {
        return CanonicalJson.read(bytes, CandidateManifest.class, what, FORMAT);
    }
}
