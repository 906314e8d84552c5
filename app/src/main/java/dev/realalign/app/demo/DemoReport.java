package dev.realalign.app.demo;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.Measures;
import dev.realalign.trainer.stage.StagePlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the demo reports when it ends. The counts cover the life of the data folder; {@code fed = accepted + rejected} holds once the curator is drained.
 *
 * @param fed records the broker acknowledged
 * @param accepted pictures that became triples
 * @param rejected rejections by reason
 * @param triples triples made
 * @param trainedTriples triples behind the newest candidate
 * @param steps optimizer steps behind the newest candidate
 * @param ledgerSha256 hash chain of the training ledger at the newest candidate, empty before the first
 * @param weightsSha256 SHA-256 of the trained adapter in the newest candidate, empty before the first
 * @param seconds how long this run took
 * @param stages stages of training that have a candidate, in order
 * @param versions published versions, oldest first
 * @param received versions the embedded subscriber holds verified, oldest first
 */
@JsonPropertyOrder({
    "fed",
    "accepted",
    "rejected",
    "triples",
    "trainedTriples",
    "steps",
    "ledgerSha256",
    "weightsSha256",
    "seconds",
    "stages",
    "versions",
    "received"
})
public record DemoReport(
        long fed,
        long accepted,
        Map<String, Long> rejected,
        long triples,
        long trainedTriples,
        long steps,
        String ledgerSha256,
        String weightsSha256,
        double seconds,
        List<Stage> stages,
        List<Version> versions,
        List<Received> received) {
    private static final JsonMapper JSON = JsonMapper.builder()
            .defaultPrettyPrinter(new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n")))
            .build();

    /**
     * A published version.
     *
     * @param version version number
     * @param digest digest of its manifest
     * @param step optimizer steps behind it
     * @param triples triples behind it
     * @param offsets offsets of preference-triples trained since the version before, from (inclusive) and to (exclusive), per "topic-partition"
     */
    @JsonPropertyOrder({"version", "digest", "step", "triples", "offsets"})
    public record Version(long version, String digest, long step, long triples, Map<String, List<Long>> offsets) {
        static Version of(CheckpointVersion version) {
            Map<String, List<Long>> offsets = new TreeMap<>();
            version.getOffsets()
                    .forEach((partition, range) -> offsets.put(partition, List.of(range.getFrom(), range.getTo())));
            return new Version(
                    version.getVersion(), version.getDigest(), version.getStep(), version.getTriples(), offsets);
        }
    }

    /**
     * What a stage of training has come to.
     *
     * @param stage its number, from 1
     * @param objective what it minimises
     * @param lastStep optimizer steps behind its newest candidate
     * @param heldOutRatio m_w / r_w of that candidate on the held-out pairs, r_w being the error of the stage's own
     *     reference: the base model in the first stage, the one before in the others; null where it was not measured
     */
    @JsonPropertyOrder({"stage", "objective", "lastStep", "heldOutRatio"})
    public record Stage(int stage, String objective, long lastStep, @Nullable Double heldOutRatio) {

        /** The stages of some candidates; of candidates that say nothing of a stage, none. */
        static List<Stage> of(List<CheckpointCandidate> candidates, StagePlan plan) {
            SortedMap<Integer, Stage> stages = new TreeMap<>();
            for (CheckpointCandidate candidate : candidates) {
                Double number = candidate.getMetrics().get(Measures.STAGE);
                if (number != null && number <= plan.stages().size()) {
                    int stage = number.intValue();
                    stages.put(
                            stage,
                            new Stage(
                                    stage,
                                    plan.mark(stage).objective(),
                                    candidate.getStep(),
                                    candidate.getMetrics().get(Measures.HELD_OUT_PREFERRED_RATIO)));
                }
            }
            return List.copyOf(stages.values());
        }

        /** As people read it. */
        String sentence() {
            return String.format(
                    Locale.ROOT,
                    "stage %d (%s) up to step %d: held-out m_w/r_w %s",
                    stage,
                    objective,
                    lastStep,
                    heldOutRatio == null ? "not measured" : String.format(Locale.ROOT, "%.4f", heldOutRatio));
        }
    }

    /**
     * A version on the subscriber's disk.
     *
     * @param version version number
     * @param digest digest of its manifest, computed from the file
     */
    @JsonPropertyOrder({"version", "digest"})
    public record Received(long version, String digest) {}

    /** The report over a census. */
    static DemoReport of(Census census, StagePlan plan, List<Received> received, double seconds) {
        List<Version> versions = census.versions().stream().map(Version::of).toList();
        List<CheckpointCandidate> candidates = census.candidates();
        Optional<CheckpointCandidate> newest =
                candidates.isEmpty() ? Optional.empty() : Optional.of(candidates.get(candidates.size() - 1));
        return new DemoReport(
                census.fed(),
                census.triples(),
                census.rejected(),
                census.triples(),
                newest.map(CheckpointCandidate::getTriples).orElse(0L),
                newest.map(CheckpointCandidate::getStep).orElse(0L),
                newest.map(CheckpointCandidate::getLedgerSha256).orElse(""),
                newest.map(CheckpointCandidate::getWeightsSha256).orElse(""),
                seconds,
                Stage.of(candidates, plan),
                versions,
                received);
    }

    /** The report as one JSON object. */
    public String toJson() {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
        } catch (IOException e) {
            throw new IllegalStateException("a report is always writable", e);
        }
    }

    /**
     * Writes the report whole: what a reader finds under the name is complete.
     *
     * @throws UserErrorException for failure when the file cannot be written
     */
    public void write(Path file) {
        Path target = file.toAbsolutePath();
        Path unfinished = target.resolveSibling(target.getFileName() + ".tmp");
        try {
            Files.writeString(unfinished, toJson());
            Files.move(unfinished, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The report cannot be written to " + file + " (" + e.getMessage()
                            + "): choose another place with --report.",
                    e);
        }
    }
}
