package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointCommand;
import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.PublishingDecision;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * From the state of a line and what a person asks for to the records that answer it. Pure: no I/O, no clock.
 *
 * <p>Who asks says which version the alias points to in his eyes. When it points elsewhere by now, somebody was faster,
 * and he is told instead of overruling what he has not seen.
 */
final class CommandRules {
    private CommandRules() {}

    /**
     * The answer: an alias move with a decision, or a decision that says why not.
     *
     * @param candidateKept whether the candidate a version was made from is still in the store, so that training can go on
     *     from it
     */
    static Announcement answer(
            LineState line, CheckpointCommand command, Predicate<CheckpointVersion> candidateKept, Instant now) {
        if (line.isAnswered(command.getId())) {
            return Announcement.NOTHING;
        }
        try {
            return accept(line, command, candidateKept, now);
        } catch (Refusal refusal) {
            return Announcement.of(decision(command, false, refusal.reason, now).build());
        }
    }

    private static Announcement accept(
            LineState line, CheckpointCommand command, Predicate<CheckpointVersion> candidateKept, Instant now)
            throws Refusal {
        requireSense(command);
        Optional<CheckpointAlias> alias = line.alias(command.getAlias());
        requireExpected(command, alias);
        CheckpointAlias moved =
                switch (command.getAction()) {
                    case CheckpointKeys.PROMOTE -> promote(line, command, alias, now);
                    case CheckpointKeys.ROLLBACK -> rollback(line, command, alias, now);
                    case CheckpointKeys.PIN -> move(command, alias, version(line, command), true, now);
                    default -> release(line, command, alias, now);
                };
        PublishingDecision.Builder decision =
                decision(command, true, sentence(command, alias, moved), now).setVersion(moved.getVersion());
        if (command.getRewindTraining()) {
            CheckpointVersion target = version(line, command);
            String candidate = line.candidateOf(target.getVersion()).orElse("");
            if (candidate.isEmpty() || !candidateKept.test(target)) {
                throw new Refusal("training cannot go on from version " + target.getVersion() + ": its candidate "
                        + candidate + " is no longer in the store; roll back without training, or to a version"
                        + " whose candidate is kept");
            }
            decision.setRewindTraining(true).setCandidate(candidate).setCandidateDigest(target.getCandidateDigest());
        }
        return new Announcement(Optional.empty(), Optional.of(moved), Optional.of(decision.build()));
    }

    private static void requireSense(CheckpointCommand command) throws Refusal {
        String action = command.getAction();
        require(
                CheckpointKeys.ACTIONS.contains(action),
                "there is no action \"" + action + "\": " + String.join(", ", CheckpointKeys.ACTIONS) + " are");
        require(
                CheckpointKeys.ALIASES.contains(command.getAlias()),
                "there is no alias \"" + command.getAlias() + "\": " + String.join(", ", CheckpointKeys.ALIASES)
                        + " are");
        require(!command.getActor().isBlank(), "a command names who asks, this one does not");
        require(!command.getReason().isBlank(), "a command says why, this one does not");
        boolean release = action.equals(CheckpointKeys.RELEASE);
        require(
                release == (command.getVersion() == null),
                release ? "a release names no version" : action + " needs a version");
        require(
                !command.getRewindTraining() || action.equals(CheckpointKeys.ROLLBACK),
                "only a rollback can take training back, not " + action);
    }

    private static void requireExpected(CheckpointCommand command, Optional<CheckpointAlias> alias) throws Refusal {
        String found = alias.map(CheckpointAlias::getDigest).orElse(null);
        if (!Objects.equals(found, command.getExpectedDigest())) {
            String expected = command.getExpectedDigest();
            throw new Refusal(command.getAlias() + " "
                    + alias.map(now -> "points to version " + now.getVersion() + " (digest " + now.getDigest()
                                    + ", moved by " + now.getActor() + ": " + now.getReason() + ")")
                            .orElse("does not exist")
                    + " by now, not "
                    + (expected == null ? "yet nowhere as expected" : "to digest " + expected + " as expected")
                    + ": look again and repeat the command if it still makes sense");
        }
    }

    private static CheckpointAlias promote(
            LineState line, CheckpointCommand command, Optional<CheckpointAlias> alias, Instant now) throws Refusal {
        require(
                !command.getAlias().equals(CheckpointKeys.LATEST),
                "latest follows every published version by itself: promote canary or champion, or pin latest");
        CheckpointVersion target = version(line, command);
        if (alias.isPresent()) {
            CheckpointAlias current = alias.get();
            require(
                    !current.getHeld(),
                    current.getAlias() + " is held at version " + current.getVersion() + " by " + current.getActor()
                            + " (" + current.getReason() + "): release it first");
            require(
                    target.getVersion() > current.getVersion(),
                    "promoting moves forward, and " + current.getAlias() + " points to version " + current.getVersion()
                            + " already: roll back, or pin");
        }
        return move(command, alias, target, false, now);
    }

    private static CheckpointAlias rollback(
            LineState line, CheckpointCommand command, Optional<CheckpointAlias> alias, Instant now) throws Refusal {
        CheckpointVersion target = version(line, command);
        require(
                alias.isPresent() && target.getVersion() < alias.get().getVersion(),
                "rolling back moves to an earlier version, and " + command.getAlias()
                        + alias.map(current -> " points to version " + current.getVersion())
                                .orElse(" points nowhere"));
        return move(command, alias, target, true, now);
    }

    private static CheckpointAlias release(
            LineState line, CheckpointCommand command, Optional<CheckpointAlias> alias, Instant now) throws Refusal {
        require(
                alias.isPresent() && alias.get().getHeld(),
                command.getAlias() + " is not held: there is nothing to release");
        boolean latest = command.getAlias().equals(CheckpointKeys.LATEST);
        CheckpointVersion target = latest
                ? line.newestVersion().orElseThrow()
                : line.version(alias.get().getVersion()).orElseThrow();
        return move(command, alias, target, false, now);
    }

    private static CheckpointVersion version(LineState line, CheckpointCommand command) throws Refusal {
        Long number = command.getVersion();
        Optional<CheckpointVersion> found = number == null ? Optional.empty() : line.version(number);
        if (found.isEmpty()) {
            throw new Refusal(
                    number != null && line.isRetired(number)
                            ? "version " + number + " was deleted: see its decision in publishing-log"
                            : "version " + number + " was never published; the newest is "
                                    + line.newestVersion()
                                            .map(newest -> Long.toString(newest.getVersion()))
                                            .orElse("none"));
        }
        return found.get();
    }

    private static CheckpointAlias move(
            CheckpointCommand command,
            Optional<CheckpointAlias> alias,
            CheckpointVersion target,
            boolean held,
            Instant now) {
        return CheckpointAlias.newBuilder()
                .setModel(target.getModel())
                .setAlias(command.getAlias())
                .setVersion(target.getVersion())
                .setDigest(target.getDigest())
                .setLocation(target.getLocation())
                .setSequence(alias.map(CheckpointAlias::getSequence).orElse(0L) + 1)
                .setHeld(held)
                .setActor(command.getActor())
                .setReason(command.getReason())
                .setMovedAt(now)
                .build();
    }

    /** What happened, for the log and the asker; the asker's own reason stands behind it. */
    private static String sentence(CheckpointCommand command, Optional<CheckpointAlias> before, CheckpointAlias after) {
        String from =
                before.map(alias -> "from version " + alias.getVersion() + " ").orElse("");
        String held = after.getHeld()
                ? ", held there until it is released"
                : before.map(CheckpointAlias::getHeld).orElse(false) ? ", no longer held" : "";
        return after.getAlias() + " moved " + from + "to version " + after.getVersion() + held
                + (command.getRewindTraining() ? "; training goes on from its candidate" : "") + ": "
                + command.getReason();
    }

    private static PublishingDecision.Builder decision(
            CheckpointCommand command, boolean accepted, String reason, Instant now) {
        return PublishingDecision.newBuilder()
                .setModel(command.getModel())
                .setCandidate("")
                .setCandidateDigest("")
                .setAccepted(accepted)
                .setVersion(command.getVersion())
                .setReason(reason)
                .setDecidedAt(now)
                .setAction(command.getAction())
                .setCommand(command.getId())
                .setAlias(command.getAlias())
                .setActor(command.getActor());
    }

    private static void require(boolean holds, String otherwise) throws Refusal {
        if (!holds) {
            throw new Refusal(otherwise);
        }
    }

    /** Why a command is not obeyed. */
    private static final class Refusal extends Exception {
        private static final long serialVersionUID = 1L;
        private final String reason;

        Refusal(String reason) {
            super(reason, null, false, false);
            this.reason = reason;
        }
    }
}
