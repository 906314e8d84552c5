package dev.realalign.trainer.ledger;

import dev.realalign.schemas.AlarmRaised;
import dev.realalign.schemas.BatchPlanned;
import dev.realalign.schemas.Digest;
import dev.realalign.schemas.GapAccepted;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.LedgerMark;
import dev.realalign.schemas.LedgerMember;
import dev.realalign.schemas.LedgerSkip;
import dev.realalign.schemas.PlanEnded;
import dev.realalign.schemas.RecordsSkipped;
import dev.realalign.schemas.ReferenceRefreshed;
import dev.realalign.schemas.Rewound;
import dev.realalign.schemas.SessionBegun;
import dev.realalign.schemas.StageSwitched;
import dev.realalign.schemas.StepDone;
import dev.realalign.schemas.TrainingResumed;
import dev.realalign.trainer.ledger.PublisherNews.GoodVersion;
import dev.realalign.trainer.plan.BatchPlan;
import dev.realalign.trainer.plan.Member;
import dev.realalign.trainer.plan.Skipped;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * A line's ledger in the hand of the trainer that writes it. A step's result waits for the next entry, so that a busy
 * trainer commits once a step and not twice; {@link #settle} writes it at once.
 */
public final class Ledger {
    private static final int SKIPS_PER_ENTRY = 500;

    private final String model;
    private final LedgerLog log;
    private final LedgerState state;
    private final long session;
    private final InstantSource clock;
    private @Nullable StepDone waiting;

    /**
     * Begins a session.
     *
     * @param state what the ledger says so far; from here on kept up by this
     */
    public Ledger(String model, LedgerLog log, LedgerState state, InstantSource clock) {
        this.model = model;
        this.log = log;
        this.state = state;
        this.session = state.session() + 1;
        this.clock = clock;
    }

    /**
     * What every plan of a session says besides its members.
     *
     * @param objective what is minimised, as one line
     * @param seed seed of the run
     * @param reference SHA-256 of the reference adapter, in hex
     */
    public record Setting(String objective, long seed, String reference) {}

    /** Number of this session. */
    public long session() {
        return session;
    }

    /** Where the ledger stands. */
    public LedgerMark mark() {
        return new LedgerMark(session, state.entries() - 1, state.chain().hex());
    }

    /** Hash chain up to the last entry. */
    public LedgerChain chain() {
        return state.chain();
    }

    /** Whether the rewind of this command was done. */
    public boolean isRewound(String command) {
        return state.isRewound(command);
    }

    /** The first entry of a session. */
    public void begin(String trainer, @Nullable String candidate, long step) {
        append(List.of(new SessionBegun(trainer, candidate, step)));
    }

    /** Writes a plan, what was skipped before it, and the step done before it; on return they are committed. */
    public void plan(BatchPlan plan, Setting setting) {
        List<Object> events = new ArrayList<>();
        events.addAll(skips(plan.skipped(), plan.nextOffsets()));
        BatchPlanned unlinked = BatchPlanned.newBuilder()
                .setStep(plan.step())
                .setMembers(listed(plan.members()))
                .setDrawn(listed(plan.drawn()))
                .setNextOffsets(LedgerState.list(plan.nextOffsets()))
                .setClosing(plan.closing().name())
                .setObjective(setting.objective())
                .setSeed(setting.seed())
                .setReference(digest(setting.reference()))
                .setChain(digest(LedgerChain.EMPTY.hex()))
                .build();
        events.add(BatchPlanned.newBuilder(unlinked)
                .setChain(digest(state.chain().after(unlinked).hex()))
                .build());
        append(events);
    }

    private static List<LedgerMember> listed(List<Member> members) {
        return members.stream()
                .map(member -> new LedgerMember(
                        digest(member.imageId()), digest(member.digest()), member.partition(), member.offset()))
                .toList();
    }

    /** Writes what was consumed without being trained. */
    public void skip(List<Skipped> skipped, SortedMap<Integer, Long> nextOffsets) {
        append(skips(skipped, nextOffsets));
    }

    /** Keeps the result of a step for the next entry. */
    public void done(long step, boolean applied, Map<String, Double> metrics) {
        settle();
        waiting = new StepDone(step, applied, metrics);
    }

    /** Writes the result that waits, if one does. */
    public void settle() {
        if (waiting != null) {
            append(List.of());
        }
    }

    /** Gives up offsets [from, to) of a partition. */
    public void giveUp(int partition, long from, long to, String reason) {
        append(List.of(new GapAccepted(partition, from, to, reason)));
    }

    /**
     * Writes that training goes on from an earlier candidate.
     *
     * @param step last step before
     * @param target step and ledger of that candidate
     */
    public void rewind(long step, RewindRequest request, long toStep, LedgerMark target) {
        append(List.of(rewound(step, request, toStep, new LedgerChain(target.sha256()))));
    }

    /**
     * Writes that training has gone wrong and goes on, at once or later, from good weights.
     *
     * @param alarm what happened
     * @param back names the good candidate; one without name and digest is the beginning of the line
     * @param toStep steps behind the good weights
     * @param target ledger at the good weights; null at the beginning of the line
     */
    public void alarm(AlarmRaised alarm, RewindRequest back, long toStep, @Nullable LedgerMark target) {
        LedgerChain link = target == null ? LedgerChain.EMPTY : new LedgerChain(target.sha256());
        append(List.of(alarm, rewound(alarm.getStep(), back, toStep, link)));
    }

    /** Writes that somebody let training go on after an alarm. */
    public void resume(long step, String actor) {
        append(List.of(new TrainingResumed(step, actor)));
    }

    /** Writes that the last stage is over, unless that is what the ledger says already. */
    public void endPlan(long step, String reason) {
        if (!state.isPlanEnded()) {
            append(List.of(new PlanEnded(step, reason)));
        }
    }

    /** The alarm after which training rests, if it does. */
    public Optional<AlarmRaised> rest() {
        return state.rest();
    }

    private Rewound rewound(long step, RewindRequest request, long toStep, LedgerChain target) {
        Rewound unlinked = Rewound.newBuilder()
                .setStep(step)
                .setToStep(toStep)
                .setCandidate(request.candidate())
                .setCandidateDigest(digest(
                        request.candidateDigest().isEmpty() ? LedgerChain.EMPTY.hex() : request.candidateDigest()))
                .setCommand(request.command())
                .setActor(request.actor())
                .setReason(request.reason())
                .setChain(digest(LedgerChain.EMPTY.hex()))
                .build();
        LedgerChain link = state.chain().after(unlinked, target);
        return Rewound.newBuilder(unlinked).setChain(digest(link.hex())).build();
    }

    /**
     * Writes that a stage begins.
     *
     * @param step last step before
     * @param stage number of the stage, from 1
     * @param setting what its plans will say
     * @param reason why the stage before is over
     */
    public void switchStage(long step, int stage, Setting setting, String reason) {
        StageSwitched unlinked = StageSwitched.newBuilder()
                .setStep(step)
                .setStage(stage)
                .setObjective(setting.objective())
                .setReason(reason)
                .setReference(digest(setting.reference()))
                .setChain(digest(LedgerChain.EMPTY.hex()))
                .build();
        append(List.of(StageSwitched.newBuilder(unlinked)
                .setChain(digest(state.chain().after(unlinked).hex()))
                .build()));
    }

    /**
     * Writes that the reference took an accepted version's weights.
     *
     * @param step last step before
     * @param reference SHA-256 of the reference from here on, in hex
     */
    public void refreshReference(long step, GoodVersion version, String reference) {
        ReferenceRefreshed unlinked = ReferenceRefreshed.newBuilder()
                .setStep(step)
                .setVersion(version.version())
                .setCandidate(version.candidate())
                .setCandidateDigest(digest(version.candidateDigest()))
                .setReference(digest(reference))
                .setChain(digest(LedgerChain.EMPTY.hex()))
                .build();
        append(List.of(ReferenceRefreshed.newBuilder(unlinked)
                .setChain(digest(state.chain().after(unlinked).hex()))
                .build()));
    }

    /** As many entries as it takes to keep each small; all carry the offsets after the last. */
    private static List<RecordsSkipped> skips(List<Skipped> skipped, SortedMap<Integer, Long> nextOffsets) {
        List<RecordsSkipped> entries = new ArrayList<>();
        for (int start = 0; start < skipped.size(); start += SKIPS_PER_ENTRY) {
            entries.add(new RecordsSkipped(
                    skipped.subList(start, Math.min(start + SKIPS_PER_ENTRY, skipped.size())).stream()
                            .map(skip -> new LedgerSkip(
                                    skip.imageId(),
                                    skip.partition(),
                                    skip.offset(),
                                    skip.reason().name(),
                                    skip.explanation()))
                            .toList(),
                    LedgerState.list(nextOffsets)));
        }
        return entries;
    }

    private void append(List<?> events) {
        List<Object> all = new ArrayList<>();
        if (waiting != null) {
            all.add(waiting);
        }
        all.addAll(events);
        List<LedgerEntry> entries = new ArrayList<>();
        for (Object event : all) {
            entries.add(LedgerEntry.newBuilder()
                    .setModel(model)
                    .setPosition(state.entries() + entries.size())
                    .setSession(session)
                    .setWrittenAt(clock.instant().truncatedTo(ChronoUnit.MILLIS))
                    .setEntry(event)
                    .build());
        }
        log.append(entries);
        waiting = null;
        entries.forEach(state::accept);
    }

    private static Digest digest(String hex) {
        return new Digest(HexFormat.of().parseHex(hex));
    }
}
