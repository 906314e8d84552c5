package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.PublishingDecision;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

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

    private final Map<Long, String> candidateByVersion = new HashMap<>();
    private final Set<String> answeredCommands = new HashSet<>();
    /** Versions taken out of the topics, and when. */
    private final TreeMap<Long, Instant> retired = new TreeMap<>();

    private long highestAcceptedVersion;
    /** Digest of the candidate that training was last taken back to. */
    private @Nullable String rewoundTo;

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
        if (decision.getCommand() != null) {
            answeredCommands.add(decision.getCommand());
            if (decision.getAccepted() && decision.getRewindTraining()) {
                rewoundTo = decision.getCandidateDigest();
            }
            return;
        }
        String digest = decision.getCandidateDigest();
        Long version = decision.getVersion();
        if (decision.getAction().equals(CheckpointKeys.RETIRE)) {
            retired.put(Objects.requireNonNull(version, "what is retired is a version"), decision.getDecidedAt());
            versions.remove(version);
            return;
        }
        boolean repeat = version != null && !decision.getAccepted();
        if (version != null) {
            versionByCandidateDigest.put(digest, version);
        }
        if (decision.getAccepted() && version != null) {
            highestAcceptedVersion = Math.max(highestAcceptedVersion, version);
            candidateByVersion.put(version, decision.getCandidate());
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

    /** The version of that number, unless it was never announced or is retired. */
    Optional<CheckpointVersion> version(long number) {
        return Optional.ofNullable(versions.get(number));
    }

    /** Every version that is announced and not retired, oldest first. */
    List<CheckpointVersion> versions() {
        return List.copyOf(versions.values());
    }

    /** Every alias. */
    List<CheckpointAlias> aliases() {
        return List.copyOf(aliases.values());
    }

    /** Name of the candidate a version was made from. */
    Optional<String> candidateOf(long version) {
        return Optional.ofNullable(candidateByVersion.get(version));
    }

    /** Whether the command of that id was answered. */
    boolean isAnswered(String command) {
        return answeredCommands.contains(command);
    }

    /** Whether the version was published and is deleted, or about to be. */
    boolean isRetired(long version) {
        return retired.containsKey(version);
    }

    /** Versions that were retired at this time or before: nobody who saw them announced still needs their folders. */
    List<Long> retiredUntil(Instant time) {
        return retired.entrySet().stream()
                .filter(entry -> !entry.getValue().isAfter(time))
                .map(Map.Entry::getKey)
                .toList();
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
     * Decided candidates that need not be kept, oldest decision first: folder name to manifest digest. That which training
     * was last taken back to stays, and those of some versions.
     *
     * @param keep how many of the most recently decided ones stay
     * @param rewindable versions whose candidates stay, so that training can be taken back to them
     */
    Map<String, String> candidatesToPrune(int keep, Set<Long> rewindable) {
        Set<String> kept = new HashSet<>();
        if (rewoundTo != null) {
            kept.add(rewoundTo);
        }
        rewindable.forEach(version ->
                version(version).map(CheckpointVersion::getCandidateDigest).ifPresent(kept::add));
        Map<String, String> prunable = new LinkedHashMap<>();
        int remaining = decidedCandidates.size() - keep;
        for (Map.Entry<String, String> candidate : decidedCandidates.entrySet()) {
            if (remaining-- <= 0) {
                break;
            }
            if (!kept.contains(candidate.getValue())) {
                prunable.put(candidate.getKey(), candidate.getValue());
            }
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
