package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.PublishingDecision;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the topics say about one model line: its versions, its aliases and the decisions behind them.
 *
 * <p>The state is a fold over committed records and nothing else. At start it is rebuilt from the topics; afterwards
 * each {@link Announcement} is replayed into it once its transaction has committed. Records of other lines are ignored.
 */
final class LineState {
    private final String model;
    private final TreeMap<Long, CheckpointVersion> versions = new TreeMap<>();
    private final Map<String, CheckpointAlias> aliases = new TreeMap<>();
    private final Map<String, Long> versionByCandidateDigest = new HashMap<>();
    private final Set<String> digestsWithRepeatLogged = new HashSet<>();
    /** Candidate folder name to manifest digest, in the order in which they were last decided. */
    private final LinkedHashMap<String, String> decidedCandidates = new LinkedHashMap<>();

    private long highestAcceptedVersion;

    LineState(String model) {
        this.model = model;
    }

    void replay(CheckpointVersion version) {
        if (version.getModel().equals(model)) {
            versions.put(version.getVersion(), version);
            versionByCandidateDigest.put(version.getCandidateDigest(), version.getVersion());
        }
    }

    void replay(CheckpointAlias alias) {
        if (alias.getModel().equals(model)) {
            aliases.put(alias.getAlias(), alias);
        }
    }

    void replay(PublishingDecision decision) {
        if (!decision.getModel().equals(model)) {
            return;
        }
        String digest = decision.getCandidateDigest();
        Long version = decision.getVersion();
        boolean repeat = version != null && !decision.getAccepted();
        if (version != null) {
            versionByCandidateDigest.put(digest, version);
        }
        if (decision.getAccepted() && version != null) {
            highestAcceptedVersion = Math.max(highestAcceptedVersion, version);
        }
        if (repeat) {
            digestsWithRepeatLogged.add(digest);
        } else if (!digest.isEmpty()) { // an undecodable record names no folder
            decidedCandidates.remove(decision.getCandidate());
            decidedCandidates.put(decision.getCandidate(), digest);
        }
    }

    void replay(Announcement announcement) {
        announcement.version().ifPresent(this::replay);
        announcement.alias().ifPresent(this::replay);
        announcement.decision().ifPresent(this::replay);
    }

    String model() {
        return model;
    }

    /** The number of the next version: one more than the newest. */
    long nextVersion() {
        return newestVersion().map(version -> version.getVersion() + 1).orElse(1L);
    }

    Optional<CheckpointVersion> newestVersion() {
        return Optional.ofNullable(versions.lastEntry()).map(Map.Entry::getValue);
    }

    Optional<CheckpointAlias> alias(String name) {
        return Optional.ofNullable(aliases.get(name));
    }

    boolean isAnnounced(long version) {
        return versions.containsKey(version);
    }

    /** The version made from the candidate with this manifest digest, if there is one. */
    OptionalLong versionOfCandidate(String candidateDigest) {
        Long version = versionByCandidateDigest.get(candidateDigest);
        return version == null ? OptionalLong.empty() : OptionalLong.of(version);
    }

    boolean isRepeatLogged(String candidateDigest) {
        return digestsWithRepeatLogged.contains(candidateDigest);
    }

    /**
     * Decided candidates that need not be kept, oldest decision first: folder name to manifest digest.
     *
     * @param keep how many of the most recently decided ones stay
     */
    Map<String, String> candidatesToPrune(int keep) {
        Map<String, String> prunable = new LinkedHashMap<>();
        int remaining = decidedCandidates.size() - keep;
        for (Map.Entry<String, String> candidate : decidedCandidates.entrySet()) {
            if (remaining-- <= 0) {
                break;
            }
            prunable.put(candidate.getKey(), candidate.getValue());
        }
        return prunable;
    }

    /** Contradictions between the topics, in sentences. Empty for every state this publisher's transactions can make. */
    List<String> contradictions() {
        List<String> found = new ArrayList<>();
        long newest = newestVersion().map(CheckpointVersion::getVersion).orElse(0L);
        if (newest != highestAcceptedVersion) {
            found.add("the newest announced version is " + newest + " but the newest accepted decision made version "
                    + highestAcceptedVersion);
        }
        for (CheckpointAlias alias : aliases.values()) {
            CheckpointVersion named = versions.get(alias.getVersion());
            if (named == null) {
                found.add("alias " + alias.getAlias() + " names version " + alias.getVersion()
                        + ", which was never announced");
            } else if (!named.getDigest().equals(alias.getDigest())) {
                found.add("alias " + alias.getAlias() + " names version " + alias.getVersion() + " by digest "
                        + alias.getDigest() + ", but that version was announced with digest " + named.getDigest());
            }
        }
        return found;
    }
}
