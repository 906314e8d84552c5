package dev.realalign.schemas;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a published version is and what subscribers fetch. Its SHA-256 is the version's digest. It holds nothing of the
 * moment of publishing, so that publishing the same candidate again after a crash writes the same bytes.
 *
 * @param format form of this manifest, {@value #FORMAT}
 * @param model model line
 * @param version version number, from 1 without gaps
 * @param parent previous version of the line, null for the first
 * @param base frozen model
 * @param adapter kind and shape of the adapter as it is trained; the files of a LoRA have alpha / rank folded in and apply
 *     with a scale of 1
 * @param objective what was minimised, with the convention of beta
 * @param step optimizer steps behind these weights
 * @param triples triples trained into these weights
 * @param triplesSinceParent triples trained since the parent
 * @param offsets offsets of preference-triples trained since the parent, per "topic-partition"
 * @param firstEventTime earliest event time of the triples trained, null before the first
 * @param lastEventTime latest event time of the triples trained, null before the first
 * @param seed seed of the run
 * @param evaluation measures of the candidate, by the trainer and, where it measured too, by the publisher
 * @param candidate the candidate it was made from
 * @param files every file of the version's folder but this manifest
 * @param gitRevision revision of the program that trained, empty where unknown
 * @param configDigest SHA-256 of the trainer's effective configuration
 */
public record VersionManifest(
        int format,
        String model,
        long version,
        @Nullable Long parent,
        BaseModel base,
        AdapterShape adapter,
        ObjectiveSettings objective,
        long step,
        long triples,
        long triplesSinceParent,
        Map<String, Offsets> offsets,
        @Nullable Instant firstEventTime,
        @Nullable Instant lastEventTime,
        long seed,
        Map<String, Double> evaluation,
        Candidate candidate,
        List<FileEntry> files,
        String gitRevision,
        String configDigest) {

    /** Form this release writes and reads. */
    public static final int FORMAT = 1;

    /**
     * Offsets [from, to) of one partition.
     *
     * @param from first offset
     * @param to offset after the last
     */
    public record Offsets(long from, long to) {
        /** Refuses negative offsets and a range that ends before it begins. */
        public Offsets {
            ManifestRules.atLeast("from", from, 0);
            ManifestRules.atLeast("to", to, from);
        }
    }

    /**
     * The candidate behind a version.
     *
     * @param name name of its folder
     * @param digest SHA-256 of its manifest
     * @param createdAt when the trainer wrote it, to the millisecond
     */
    public record Candidate(String name, String digest, Instant createdAt) {
        /** Refuses a malformed name or digest. */
        public Candidate {
            CheckpointLayout.requireCandidateName(name);
            Sha256.requireHex("digest of the candidate", digest);
            createdAt = ManifestRules.millis(createdAt);
        }
    }

    /** Refuses whatever would make the manifest ambiguous, naming the field. */
    public VersionManifest {
        ManifestRules.format(format, FORMAT);
        ModelName.require(model);
        ManifestRules.atLeast("version", version, 1);
        if (parent != null && (parent < 1 || parent >= version)) {
            throw new IllegalArgumentException("parent must be a version before " + version + ", not " + parent);
        }
        ManifestRules.atLeast("step", step, 0);
        ManifestRules.atLeast("triples", triples, 0);
        ManifestRules.atLeast("triplesSinceParent", triplesSinceParent, 0);
        offsets = ManifestRules.sorted(offsets);
        offsets.keySet().forEach(PartitionName::parse);
        firstEventTime = ManifestRules.optionalMillis(firstEventTime);
        lastEventTime = ManifestRules.optionalMillis(lastEventTime);
        evaluation = ManifestRules.measures("evaluation", evaluation);
        files = ManifestRules.files(files);
        Sha256.requireHex("configDigest", configDigest);
    }

    /** The manifest as it stands in its file. */
    public byte[] toBytes() {
        return CanonicalJson.write(this);
    }

    /** SHA-256 of {@link #toBytes()}: the version's digest. */
    public String digest() {
        return Sha256.hex(toBytes());
    }

    /** The file of that name, or null. */
    public @Nullable FileEntry file(String name) {
        return ManifestRules.find(files, name);
    }

    /** Name of the file that programs of this project load the adapter from. */
    public String adapterFile() {
        return adapter instanceof AdapterShape.Lora
                ? CheckpointLayout.DIFFUSERS_LORA
                : CheckpointLayout.kohyaFile(model, version);
    }

    /**
     * Reads a manifest.
     *
     * @param what where the bytes come from, for errors
     * @throws InvalidManifestException naming the place and the rule
     */
    public static VersionManifest parse(byte[] bytes, String what) throws InvalidManifestException {
        return CanonicalJson.read(bytes, VersionManifest.class, what, FORMAT);
    }
}
