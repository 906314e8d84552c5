package dev.realalign.app.demo;

import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.PublishingDecision;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the topics hold: the truth behind summary and report, over the life of the data folder and whichever process wrote it.
 *
 * @param fed records of real-images ever appended
 * @param triples committed triples
 * @param triplesEnd offsets after the last triple read, summed over the partitions
 * @param negatives committed triples by the kind of their negative, and by what made it: "perturbed", "base model" or
 *     "version 3"
 * @param rejected committed rejections by reason
 * @param candidates announced candidates of the model line, oldest first
 * @param decisions what the publisher decided about them
 * @param versions published versions of the model line, oldest first
 */
public record Census(
        long fed,
        long triples,
        long triplesEnd,
        Map<String, Map<String, Long>> negatives,
        Map<String, Long> rejected,
        List<CheckpointCandidate> candidates,
        List<PublishingDecision> decisions,
        List<CheckpointVersion> versions) {
    /** Nothing yet. */
    static final Census EMPTY = new Census(0, 0, 0, Map.of(), Map.of(), List.of(), List.of(), List.of());

    /** Copies the collections. */
    public Census {
        Map<String, Map<String, Long>> byKind = new TreeMap<>();
        negatives.forEach((kind, makers) -> byKind.put(kind, Collections.unmodifiableMap(new TreeMap<>(makers))));
        negatives = Collections.unmodifiableMap(byKind);
        rejected = Collections.unmodifiableMap(new TreeMap<>(rejected));
        candidates = List.copyOf(candidates);
        decisions = List.copyOf(decisions);
        versions = List.copyOf(versions);
    }

    /** Rejections of all reasons. */
    public long rejections() {
        return rejected.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Records of real-images without a verdict yet. */
    public long undecided() {
        return Math.max(0, fed - triples - rejections());
    }

    /** Candidates the publisher has neither published nor refused yet. */
    public long unpublished() {
        Set<String> decided = new HashSet<>();
        decisions.forEach(decision -> decided.add(decision.getCandidateDigest()));
        versions.forEach(version -> decided.add(version.getCandidateDigest()));
        return candidates.stream()
                .filter(candidate -> !decided.contains(candidate.getDigest()))
                .count();
    }
}
