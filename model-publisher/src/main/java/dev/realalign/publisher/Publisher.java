package dev.realalign.publisher;

import dev.realalign.publisher.CandidateVerifier.Finding;
import dev.realalign.publisher.CandidateVerifier.SoundCandidate;
import dev.realalign.runtime.StoreConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.schemas.VersionManifest;
import dev.realalign.schemas.signing.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides on candidates, one after the other: verify, judge, measure once more where that is configured, number, write, read
 * back, announce. Answers commands between
 * them, and clears away what nobody needs any more.
 *
 * <p>A crash at any point loses nothing and doubles nothing. Up to the commit the topics do not know of the attempt, so
 * the candidate comes again, gets the same number and, since a version holds nothing of the moment of publishing, the
 * same bytes. After the commit its offset is behind us.
 */
final class Publisher {
    private static final Logger log = LoggerFactory.getLogger(Publisher.class);

    private static final Duration TIDYING = Duration.ofMinutes(1);

    private final Journal journal;
    private final CheckpointLayout store;
    private final CandidateVerifier verifier;
    private final VersionWriter writer;
    private final Gate gate;
    private final SecondOpinion opinion;
    private final Retention retention;
    private final Clock clock;
    private final PublishingStep.Observer steps;
    private final LineState line;
    private Gate.@Nullable Parent newest;
    private Instant nextTidying = Instant.MIN;

    /** Takes over the line: fences earlier publishers and reads what they committed. */
    Publisher(
            Journal journal,
            CheckpointLayout store,
            Optional<SigningKey> signingKey,
            Gate gate,
            SecondOpinion opinion,
            Retention retention,
            Clock clock,
            PublishingStep.Observer steps)
            throws IOException {
        this.journal = journal;
        this.store = store;
        this.verifier = new CandidateVerifier(store);
        this.writer = new VersionWriter(store, signingKey, steps);
        this.gate = gate;
        this.opinion = opinion;
        this.retention = retention;
        this.clock = clock;
        this.steps = steps;
        this.line = journal.history();
        List<String> contradictions = line.contradictions();
        if (!contradictions.isEmpty()) {
            throw UserErrorException.failure("the topics of model " + line.model() + " contradict each other: "
                    + String.join("; ", contradictions)
                    + ". Restore them from one backup, or begin a line under another model name.");
        }
        Optional<CheckpointVersion> last = line.newestVersion();
        if (last.isPresent()) {
            newest = readParent(last.get());
        }
        StoreFolder.sweep(store.versions(line.model()));
        prune();
    }

    /**
     * Decides on one candidate or command and commits the decision.
     *
     * @throws IOException when the store cannot be read or written; nothing is committed then
     */
    void decide(Journal.Delivery delivery) throws IOException {
        steps.passed(PublishingStep.TAKEN);
        Announcement announcement = decideOn(delivery);
        journal.commit(announcement, delivery.position());
        line.replay(announcement);
        steps.passed(PublishingStep.COMMITTED);
        report(announcement);
        prune();
        steps.passed(PublishingStep.PRUNED);
    }

    private Announcement decideOn(Journal.Delivery delivery) throws IOException {
        if (delivery.subject() instanceof Journal.Candidate candidate) {
            return decide(candidate.record(), delivery.position());
        }
        if (delivery.subject() instanceof Journal.Command command) {
            return CommandRules.answer(line, command.record(), this::isCandidateKept, now());
        }
        Journal.Undecodable broken = (Journal.Undecodable) delivery.subject();
        return PublishingRules.refuseUndecodable(line.model(), broken.problem(), now());
    }

    private Announcement decide(CheckpointCandidate candidate, Journal.Position position) throws IOException {
        OptionalLong published = line.versionOfCandidate(candidate.getDigest());
        if (published.isPresent()) {
            return PublishingRules.skip(line, candidate, published.getAsLong(), now());
        }
        Finding finding = verifier.verify(candidate, newest == null ? null : newest.manifest());
        SoundCandidate sound = finding.sound().orElse(null);
        if (sound == null) {
            return refuse(candidate, finding.problems());
        }
        Gate.Verdict verdict =
                gate.judge(new Gate.Submission(sound.manifest(), sound.errors(), Optional.ofNullable(newest)));
        if (!verdict.refusals().isEmpty()) {
            return refuse(candidate, verdict.refusals());
        }
        SecondOpinion.Finding second = opinion.of(sound.manifest(), sound.adapter());
        if (!second.verdict().refusals().isEmpty()) {
            return refuse(candidate, second.verdict().refusals());
        }
        steps.passed(PublishingStep.JUDGED);
        List<String> remarks = new ArrayList<>(verdict.remarks());
        remarks.addAll(second.verdict().remarks());
        return publish(candidate, sound, second.measures(), remarks, position);
    }

    private Announcement refuse(CheckpointCandidate candidate, List<String> reasons) {
        steps.passed(PublishingStep.JUDGED);
        return PublishingRules.refuse(candidate, String.join("; ", reasons), now());
    }

    private Announcement publish(
            CheckpointCandidate candidate,
            SoundCandidate sound,
            Map<String, Double> measures,
            List<String> remarks,
            Journal.Position position)
            throws IOException {
        Journal.Position before = new Journal.Position(position.partition(), position.next() - 1);
        VersionManifest manifest;
        try {
            manifest = writer.write(candidate, sound, measures, line, () -> journal.confirmOwnership(before));
        } catch (IOException e) {
            journal.confirmOwnership(before); // a successor clears drafts away: then that is what happened
            throw e;
        }
        newest = new Gate.Parent(manifest, sound.errors());
        String location = CheckpointLayout.location(store.version(line.model(), manifest.version()));
        return PublishingRules.publish(line, candidate, manifest.digest(), location, remarks, now());
    }

    private boolean isCandidateKept(CheckpointVersion version) {
        return line.candidateOf(version.getVersion())
                .filter(name -> holdsCandidate(store.candidate(line.model(), name), version.getCandidateDigest()))
                .isPresent();
    }

    private static boolean holdsCandidate(Path folder, String digest) {
        Path manifest = folder.resolve(CheckpointLayout.MANIFEST);
        try {
            return Files.exists(manifest) && Sha256.hex(manifest).equals(digest);
        } catch (IOException e) {
            log.warn("candidate {} cannot be read: {}", folder, e.getMessage());
            return false;
        }
    }

    /**
     * Clears away versions that nobody needs, in two phases: retired ones leave the topics first, in one transaction with a
     * decision that says why; their folders follow when the grace period is over. So nothing names a folder that is being
     * deleted, and a crash between the two is made good here. To be called when there is nothing else to do; works at most
     * once a minute.
     */
    void tidy() {
        Instant now = now();
        if (now.isBefore(nextTidying)) {
            return;
        }
        nextTidying = now.plus(TIDYING);
        if (retention.versions().newest() > 0) {
            for (RetentionPolicy.Fate fate :
                    retention.versions().judge(line.versions(), line.aliases(), journal.subscribers(), now)) {
                if (!fate.stays()) {
                    PublishingDecision decision =
                            PublishingRules.retire(fate.version(), "nothing speaks for keeping it", now);
                    journal.retire(decision);
                    line.replay(decision);
                    steps.passed(PublishingStep.RETIRED);
                    log.info(
                            "version {} of {} is retired; its folder goes in {} s",
                            decision.getVersion(),
                            line.model(),
                            retention.grace().toSeconds());
                }
            }
        }
        for (long version : line.retiredUntil(now.minus(retention.grace()))) {
            Path folder = store.version(line.model(), version);
            if (Files.exists(folder)) {
                removeOrWarn(folder);
                steps.passed(PublishingStep.REMOVED);
            }
        }
    }

    private static void removeOrWarn(Path folder) {
        try {
            StoreFolder.remove(folder);
        } catch (IOException e) {
            log.warn("{} cannot be deleted: {}", folder, e.getMessage());
        }
    }

    private Gate.Parent readParent(CheckpointVersion version) throws IOException {
        VersionManifest manifest = readVersion(version);
        FileEntry entry = manifest.file(CheckpointLayout.HELD_OUT_ERRORS);
        if (entry == null) {
            return new Gate.Parent(manifest, Optional.empty());
        }
        Path file = store.version(line.model(), version.getVersion()).resolve(entry.name());
        try {
            entry.verify(file);
        } catch (IOException e) {
            throw UserErrorException.failure(
                    e.getMessage() + ". Restore version " + version.getVersion() + " of " + line.model()
                            + " from a copy; versions never change.",
                    e);
        }
        return new Gate.Parent(manifest, Optional.of(HeldOutErrors.parse(Files.readAllBytes(file), file.toString())));
    }

    private VersionManifest readVersion(CheckpointVersion version) throws IOException {
        Path file = store.version(line.model(), version.getVersion()).resolve(CheckpointLayout.MANIFEST);
        String what = "version " + version.getVersion() + " of " + line.model();
        if (!Files.isRegularFile(file)) {
            throw UserErrorException.failure(
                    what + " was announced, but " + file + " is missing. Restore the checkpoint" + " store, or correct "
                            + StoreConfig.CHECKPOINT_STORE + ".");
        }
        byte[] bytes = Files.readAllBytes(file);
        if (!Sha256.hex(bytes).equals(version.getDigest())) {
            throw UserErrorException.failure(file + " is not what was announced as " + what
                    + ": its SHA-256 differs. Restore it from a copy; versions never change.");
        }
        return VersionManifest.parse(bytes, file.toString());
    }

    /** Old candidates go; that one cannot be deleted stops nothing. */
    private void prune() {
        Set<String> standing;
        try {
            standing = namesIn(store.candidates(line.model()));
        } catch (IOException e) {
            log.warn("the candidates of {} cannot be listed: {}", line.model(), e.getMessage());
            return;
        }
        line.candidatesToPrune(retention.candidates(), rewindableVersions()).forEach((name, digest) -> {
            Path folder = store.candidate(line.model(), name);
            if (standing.contains(name) && holdsCandidate(folder, digest)) {
                removeOrWarn(folder);
            }
        });
    }

    /** The newest versions, and those that aliases point to. */
    private Set<Long> rewindableVersions() {
        Set<Long> rewindable = new HashSet<>();
        if (retention.rewindable() > 0) {
            List<CheckpointVersion> versions = line.versions();
            versions.subList(Math.max(0, versions.size() - retention.rewindable()), versions.size())
                    .forEach(version -> rewindable.add(version.getVersion()));
            line.aliases().forEach(alias -> rewindable.add(alias.getVersion()));
        }
        return rewindable;
    }

    private static Set<String> namesIn(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return Set.of();
        }
        try (Stream<Path> children = Files.list(folder)) {
            return children.map(child -> String.valueOf(child.getFileName())).collect(Collectors.toSet());
        }
    }

    private void report(Announcement announcement) {
        announcement
                .version()
                .ifPresent(version -> log.info(
                        "published version {} of {} (step {}, {} triples)",
                        version.getVersion(),
                        version.getModel(),
                        version.getStep(),
                        version.getTriples()));
        announcement.decision().ifPresent(decision -> {
            if (decision.getCommand() != null) {
                log.info(
                        "{} asked to {} {} of {}: {}{}",
                        decision.getActor(),
                        decision.getAction(),
                        decision.getAlias(),
                        decision.getModel(),
                        decision.getAccepted() ? "" : "refused, ",
                        decision.getReason());
            } else if (!decision.getAccepted()) {
                log.warn(
                        "{} of {} becomes no version: {}",
                        decision.getCandidate().isEmpty()
                                ? "an undecodable record"
                                : "candidate " + decision.getCandidate(),
                        decision.getModel(),
                        decision.getReason());
            }
        });
    }

    /** Records carry milliseconds; so does the state they are replayed into. */
    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }
}
