package dev.realalign.trainer.loop;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.BatchPlanned;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.LedgerMark;
import dev.realalign.schemas.LedgerMember;
import dev.realalign.schemas.LedgerSkip;
import dev.realalign.schemas.PartitionName;
import dev.realalign.schemas.RecordsSkipped;
import dev.realalign.schemas.ReferenceRefreshed;
import dev.realalign.schemas.Rewound;
import dev.realalign.schemas.StageSwitched;
import dev.realalign.schemas.StepDone;
import dev.realalign.trainer.candidate.CandidateStore;
import dev.realalign.trainer.learn.Learner;
import dev.realalign.trainer.learn.StepMetrics;
import dev.realalign.trainer.ledger.Ledger;
import dev.realalign.trainer.ledger.LedgerState;
import dev.realalign.trainer.plan.Delivery;
import dev.realalign.trainer.plan.Member;
import dev.realalign.trainer.triple.SkipReason;
import dev.realalign.trainer.triple.TrainingPair;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats what the ledger planned after a candidate: the same members in the same batches at the same steps, so that the
 * weights become what they were.
 */
final class Replay {
    private static final Logger log = LoggerFactory.getLogger(Replay.class);

    private final LoopSettings settings;
    private final TripleSource source;
    private final Learner learner;
    private final CandidateStore store;
    private final ReservoirKeeper reservoir;
    private final TakeOver.Begun begun;

    Replay(
            LoopSettings settings,
            TripleSource source,
            Learner learner,
            CandidateStore store,
            ReservoirKeeper reservoir,
            TakeOver.Begun begun) {
        this.settings = settings;
        this.source = source;
        this.learner = learner;
        this.store = store;
        this.reservoir = reservoir;
        this.begun = begun;
    }

    /** Told of every repeated step, once the line counts it. */
    @FunctionalInterface
    interface Observer {
        void repeated(StepMetrics metrics);
    }

    /** What the ledger says about its plans under today's configuration. */
    static Ledger.Setting setting(Learner learner) {
        return new Ledger.Setting(learner.objective().toString(), learner.runSeed(), learner.referenceDigest());
    }

    /**
     * Repeats the tail.
     *
     * @throws UserErrorException when a triple has expired or is another now, when the configuration plans otherwise than
     *     the ledger, or, where repeatability is demanded, when a step measures other numbers than it did
     */
    void run(Observer observer) {
        List<LedgerEntry> tail = begun.tail();
        Map<Long, StepDone> results = results(tail);
        int lastRewind = lastRewind(tail);
        for (int i = 0; i < tail.size(); i++) {
            LedgerEntry entry = tail.get(i);
            Object event = entry.getEntry();
            if (event instanceof BatchPlanned plan) {
                repeat(entry, plan, i < lastRewind, results, observer);
            } else if (event instanceof RecordsSkipped skipped) {
                holdOutAgain(skipped);
            } else if (event instanceof StageSwitched switched && i > lastRewind) {
                repeat(switched);
                begun.line().switched(mark(entry, switched.getChain().bytes()));
            } else if (event instanceof ReferenceRefreshed refreshed && i > lastRewind) {
                repeat(refreshed);
                begun.line().switched(mark(entry, refreshed.getChain().bytes()));
            } else if (event instanceof Rewound rewound && i == lastRewind) {
                begun.line().rewound(mark(entry, rewound.getChain().bytes()), returnTo(rewound));
            }
        }
        if (!results.isEmpty() || lastRewind >= 0) {
            log.info(
                    "model {} stands at step {} again",
                    settings.model(),
                    begun.line().step());
        }
    }

    /** The results that the tail holds, by step. */
    private static Map<Long, StepDone> results(List<LedgerEntry> tail) {
        Map<Long, StepDone> results = new HashMap<>();
        for (LedgerEntry entry : tail) {
            if (entry.getEntry() instanceof StepDone done) {
                results.put(done.getStep(), done);
            }
        }
        return results;
    }

    /** Index of the last rewind, after which what was trained before matters no more; -1 where there is none. */
    private static int lastRewind(List<LedgerEntry> tail) {
        int last = -1;
        for (int i = 0; i < tail.size(); i++) {
            if (tail.get(i).getEntry() instanceof Rewound) {
                last = i;
            }
        }
        return last;
    }

    private void repeat(
            LedgerEntry entry, BatchPlanned plan, boolean undone, Map<Long, StepDone> results, Observer observer) {
        List<Member> fresh = listed(plan.getMembers());
        List<Member> drawn = listed(plan.getDrawn());
        List<TrainingPair> pairs = pairs(plan.getStep(), fresh);
        LedgerMark mark = mark(entry, plan.getChain().bytes());
        SortedMap<Integer, Long> next = LedgerState.offsets(plan.getNextOffsets());
        StepDone before = results.get(plan.getStep());
        if (undone) {
            boolean applied = before == null || before.getApplied();
            begun.line().trained(plan.getStep(), pairs, applied, next, mark);
            reservoir.trained(fresh, pairs, drawn, applied);
            return;
        }
        requireSameSetting(
                "Step " + plan.getStep() + " of model " + settings.model() + " was planned",
                new Ledger.Setting(
                        plan.getObjective(),
                        plan.getSeed(),
                        HexFormat.of().formatHex(plan.getReference().bytes())));
        List<TrainingPair> all = new ArrayList<>(pairs);
        all.addAll(drawnAgain(plan.getStep(), drawn));
        StepMetrics metrics = learner.step(plan.getStep(), all);
        begun.line().trained(plan.getStep(), pairs, metrics.applied(), next, mark);
        reservoir.trained(fresh, pairs, drawn, metrics.applied());
        if (before == null) {
            begun.ledger().done(plan.getStep(), metrics.applied(), metrics.named());
        } else if (!before.getMetrics().equals(metrics.named())) {
            reportDifference(plan.getStep(), before.getMetrics(), metrics.named());
        }
        observer.repeated(metrics);
    }

    private void repeat(ReferenceRefreshed refreshed) {
        String digest = HexFormat.of().formatHex(refreshed.getCandidateDigest().bytes());
        try {
            CandidateStore.Stored version = open(begun.candidates(), digest, store);
            learner.refreshReference(version.folder(), version.manifest().step());
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The reference of model " + settings.model() + " became version " + refreshed.getVersion()
                            + " after step " + refreshed.getStep() + ", whose candidate " + refreshed.getCandidate()
                            + " cannot be loaded: " + e.getMessage()
                            + ". Restore its folder from a backup, or train under another model name.",
                    e);
        }
    }

    private void repeat(StageSwitched switched) {
        String what = "Stage " + switched.getStage() + " of model " + settings.model();
        if (switched.getStage() > learner.stageMark().stages()) {
            throw UserErrorException.usage(List.of(
                    what + " has begun, but the plan has " + learner.stageMark().stages() + " now." + TakeOver.REMEDY));
        }
        learner.enterStage(switched.getStage(), switched.getStep());
        requireSameSetting(
                what + " was begun",
                new Ledger.Setting(
                        switched.getObjective(),
                        learner.runSeed(),
                        HexFormat.of().formatHex(switched.getReference().bytes())));
    }

    private LedgerMark mark(LedgerEntry entry, byte[] chain) {
        return new LedgerMark(
                begun.ledger().session(), entry.getPosition(), HexFormat.of().formatHex(chain));
    }

    private void requireSameSetting(String what, Ledger.Setting then) {
        Ledger.Setting today = setting(learner);
        if (!then.equals(today)) {
            throw UserErrorException.usage(List.of(what
                    + " and is not yet in a candidate, so it must be repeated as it was: under " + then
                    + ", not under " + today + "." + TakeOver.REMEDY));
        }
    }

    private void reportDifference(long step, Map<String, Double> before, Map<String, Double> now) {
        String sentence = "Step " + step + " of model " + settings.model() + " was repeated and measured " + now
                + ", where it had measured " + before
                + ": another machine, another number of threads or another setting computes other bits";
        if (settings.deterministic()) {
            throw UserErrorException.failure(
                    sentence + ". Start it where and as it ran before, or without the demand to be deterministic.");
        }
        log.warn("{}; going on", sentence);
    }

    private static List<Member> listed(List<LedgerMember> members) {
        return members.stream()
                .map(member -> new Member(
                        HexFormat.of().formatHex(member.getImageId().bytes()),
                        HexFormat.of().formatHex(member.getTriple().bytes()),
                        member.getPartition(),
                        member.getOffset()))
                .toList();
    }

    /** Draws of the reservoir: their files, or where one is gone the record it was made of. */
    private List<TrainingPair> drawnAgain(long step, List<Member> drawn) {
        return drawn.stream()
                .map(member -> reservoir.pair(member).orElseGet(() -> pairs(step, List.of(member))
                        .get(0)))
                .toList();
    }

    private List<TrainingPair> pairs(long step, List<Member> members) {
        SortedMap<Integer, SortedSet<Long>> wanted = new TreeMap<>();
        for (Member member : members) {
            wanted.computeIfAbsent(member.partition(), p -> new TreeSet<>()).add(member.offset());
        }
        Map<String, Delivery> found = fetch(wanted);
        List<TrainingPair> pairs = new ArrayList<>();
        for (Member member : members) {
            Delivery delivery = found.get(position(member.partition(), member.offset()));
            if (!(delivery instanceof Delivery.Usable usable)
                    || !usable.pair().imageId().equals(member.imageId())
                    || !usable.pair().digest().equals(member.digest())) {
                throw UserErrorException.failure("Step " + step + " of model " + settings.model()
                        + " trained the triple of image " + member.imageId() + " (digest " + member.digest() + ") at "
                        + position(member.partition(), member.offset())
                        + ", but that record is another now or cannot be read. Restore " + settings.topic()
                        + " from the backup the checkpoint store belongs to, or train under another model name.");
            }
            pairs.add(usable.pair());
        }
        return pairs;
    }

    private void holdOutAgain(RecordsSkipped skipped) {
        SortedMap<Integer, SortedSet<Long>> wanted = new TreeMap<>();
        List<String> order = new ArrayList<>();
        for (LedgerSkip skip : skipped.getRecords()) {
            if (skip.getReason().equals(SkipReason.HELD_OUT.name())) {
                wanted.computeIfAbsent(skip.getPartition(), p -> new TreeSet<>())
                        .add(skip.getOffset());
                order.add(position(skip.getPartition(), skip.getOffset()));
            }
        }
        Map<String, Delivery> found = fetch(wanted);
        List<TrainingPair> pairs = new ArrayList<>();
        for (String position : order) {
            if (!(found.get(position) instanceof Delivery.Usable usable)) {
                throw UserErrorException.failure("The held-out triple at " + position + " of model " + settings.model()
                        + " cannot be read any more. Restore " + settings.topic()
                        + " from the backup the checkpoint store belongs to, or train under another model name.");
            }
            pairs.add(usable.pair());
        }
        begun.line().holdOut(pairs);
        begun.line().moveTo(LedgerState.offsets(skipped.getNextOffsets()));
    }

    private Map<String, Delivery> fetch(SortedMap<Integer, SortedSet<Long>> wanted) {
        Map<String, Delivery> found = new HashMap<>();
        if (!wanted.isEmpty()) {
            source.fetch(wanted)
                    .forEach(delivery -> found.put(position(delivery.partition(), delivery.offset()), delivery));
        }
        return found;
    }

    private String position(int partition, long offset) {
        return PartitionName.of(new TopicPartition(settings.topic(), partition)) + " offset " + offset;
    }

    /** Loads the weights a rewind led to, and says what their candidate measured. */
    private Map<String, Double> returnTo(Rewound rewound) {
        if (rewound.getCandidate().isEmpty()) {
            return toTheBeginning(rewound);
        }
        String digest = HexFormat.of().formatHex(rewound.getCandidateDigest().bytes());
        try {
            CandidateStore.Stored target = open(begun.candidates(), digest, store);
            learner.load(target.folder());
            return target.manifest().metrics();
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "Training of model " + settings.model() + " was rewound to candidate " + rewound.getCandidate()
                            + ", which cannot be loaded: " + e.getMessage()
                            + ". Restore its folder from a backup, or train under another model name.",
                    e);
        }
    }

    private Map<String, Double> toTheBeginning(Rewound rewound) {
        try {
            learner.load(store.start());
            return Map.of();
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "Training of model " + settings.model() + " was rewound to its beginning after step "
                            + rewound.getStep() + ", but the weights it began with cannot be loaded: " + e.getMessage()
                            + ". Train under another model name.",
                    e);
        }
    }

    /** The announced candidate with this digest, verified. */
    static CandidateStore.Stored open(List<CheckpointCandidate> candidates, String digest, CandidateStore store)
            throws IOException {
        for (CheckpointCandidate candidate : candidates) {
            if (candidate.getDigest().equals(digest)) {
                return store.open(candidate);
            }
        }
        throw new IOException("no candidate with digest " + digest + " was ever announced");
    }
}
