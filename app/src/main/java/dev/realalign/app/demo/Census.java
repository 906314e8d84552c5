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
 * @param kinds committed triples by kind of negative and by what made it: {@value #PERTURBATION}, {@value #BASE} or the version
 *     of a model
 * @param rejected committed rejections by reason
 * @param shadowed times a gate in shadow mode would have rejected a picture, by reason
 * @param candidates announced candidates of the model line, oldest first
 * @param decisions what the publisher decided about them
 * @param versions published versions of the model line, oldest first
 */
public record Census(
        long fed,
        long triples,
        long triplesEnd,
        Map<String, Map<String, Long>> kinds,
        Map<String, Long> rejected,
        Map<String, Long> shadowed,
        List<CheckpointCandidate> candidates,
        List<PublishingDecision> decisions,
        List<CheckpointVersion> versions) {
    /** In place of a version: a negative that no model made. */
    static final String PERTURBATION = "perturbation";
    /** In place of a version: a negative of the base model without an adapter. */
    static final String BASE = "base";

    /** Nothing yet. */
    static final Census EMPTY = new Census(0, 0, 0, Map.of(), Map.of(), Map.of(), List.of(), List.of(), List.of());

    /** Copies the collections. */
    public Census {
        Map<String, Map<String, Long>> copies = new TreeMap<>();
        kinds.forEach((kind, makers) -> copies.put(kind, Collections.unmodifiableMap(new TreeMap<>(makers))));
        kinds = Collections.unmodifiableMap(copies);
        rejected = Collections.unmodifiableMap(new TreeMap<>(rejected));
        shadowed = Collections.unmodifiableMap(new TreeMap<>(shadowed));
        candidates = List.copyOf(candidates);
        decisions = List.copyOf(decisions);
        versions = List.copyOf(versions);
    }

    /** Rejections of all reasons. */
    public long rejections() {
        return rejected.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Triples of all kinds by what made their negatives. */
    public Map<String, Long> makers() {
        Map<String, Long> makers = new TreeMap<>();
        kinds.values().forEach(kind -> kind.forEach((maker, count) -> makers.merge(maker, count, Long::sum)));
        return makers;
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
