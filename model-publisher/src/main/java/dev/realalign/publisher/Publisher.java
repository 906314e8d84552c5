package dev.realalign.publisher;

import dev.realalign.publisher.CandidateVerifier.Finding;
import dev.realalign.publisher.CandidateVerifier.SoundCandidate;
import dev.realalign.runtime.StoreConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.schemas.VersionManifest;
import dev.realalign.schemas.signing.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides on candidates, one after the other: verify, judge, number, write, read back, announce.
 *
 * <p>A crash at any point loses nothing and doubles nothing. Up to the commit the topics do not know of the attempt, so
 * the candidate comes again, gets the same number and, since a version holds nothing of the moment of publishing, the
 * same bytes. After the commit its offset is behind us.
 */
final class Publisher {
    private static final Logger log = LoggerFactory.getLogger(Publisher.class);

    private final Journal journal;
    private final CheckpointLayout store;
    private final CandidateVerifier verifier;
    private final VersionWriter writer;
    private final Gate gate;
    private final int candidatesKept;
    private final Clock clock;
    private final PublishingStep.Observer steps;
    private final LineState line;
    private @Nullable VersionManifest newest;

    /** Takes over the line: fences earlier publishers and reads what they committed. */
    Publisher(
            Journal journal,
            CheckpointLayout store,
            Optional<SigningKey> signingKey,
            Gate gate,
            int candidatesKept,
            Clock clock,
            PublishingStep.Observer steps)
            throws IOException {
        this.journal = journal;
        this.store = store;
        this.verifier = new CandidateVerifier(store);
        this.writer = new VersionWriter(store, signingKey, steps);
        this.gate = gate;
        this.candidatesKept = candidatesKept;
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
            newest = readVersion(last.get());
        }
        StoreFolder.sweep(store.versions(line.model()));
        prune();
    }

    /**
     * Decides on one candidate and commits the decision.
     *
     * @throws IOException when the store cannot be read or written; nothing is committed then
     */
    void decide(Journal.Delivery delivery) throws IOException {
        steps.passed(PublishingStep.TAKEN);
        Announcement announcement = delivery.candidate().isPresent()
                ? decide(delivery.candidate().get(), delivery.position())
                : PublishingRules.refuseUndecodable(line.model(), delivery.problem(), now());
        journal.commit(announcement, delivery.position());
        line.replay(announcement);
        steps.passed(PublishingStep.COMMITTED);
        report(announcement);
        prune();
        steps.passed(PublishingStep.PRUNED);
    }

    private Announcement decide(CheckpointCandidate candidate, Journal.Position position) throws IOException {
        OptionalLong published = line.versionOfCandidate(candidate.getDigest());
        if (published.isPresent()) {
            return PublishingRules.skip(line, candidate, published.getAsLong(), now());
        }
        Finding finding = verifier.verify(candidate, newest);
        Optional<String> refusal = finding.sound().isPresent()
                ? gate.refusal(finding.sound().get().manifest(), Optional.ofNullable(newest))
                : Optional.of(String.join("; ", finding.problems()));
        steps.passed(PublishingStep.JUDGED);
        if (refusal.isPresent()) {
            return PublishingRules.refuse(candidate, refusal.get(), now());
        }
        return publish(candidate, finding.sound().orElseThrow(), position);
    }

    private Announcement publish(CheckpointCandidate candidate, SoundCandidate sound, Journal.Position position)
            throws IOException {
        Journal.Position before = new Journal.Position(position.partition(), position.next() - 1);
        VersionManifest manifest;
        try {
            manifest = writer.write(candidate, sound, line, () -> journal.confirmOwnership(before));
        } catch (IOException e) {
            journal.confirmOwnership(before); // a successor clears drafts away: then that is what happened
            throw e;
        }
        newest = manifest;
        String location = CheckpointLayout.location(store.version(line.model(), manifest.version()));
        return PublishingRules.publish(line, candidate, manifest.digest(), location, now());
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
        for (Map.Entry<String, String> candidate :
                line.candidatesToPrune(candidatesKept).entrySet()) {
            Path folder = store.candidate(line.model(), candidate.getKey());
            try {
                Path manifest = folder.resolve(CheckpointLayout.MANIFEST);
                if (Files.exists(manifest) && Sha256.hex(manifest).equals(candidate.getValue())) {
                    StoreFolder.remove(folder);
                }
            } catch (IOException e) {
                log.warn("old candidate {} cannot be deleted: {}", folder, e.getMessage());
            }
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
        announcement
                .decision()
                .filter(decision -> !decision.getAccepted())
                .ifPresent(decision -> log.warn(
                        "{} of {} becomes no version: {}",
                        decision.getCandidate().isEmpty()
                                ? "an undecodable record"
                                : "candidate " + decision.getCandidate(),
                        decision.getModel(),
                        decision.getReason()));
    }

    /** Records carry milliseconds; so does the state they are replayed into. */
    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }
}
