package dev.realalign.trainer.ledger;

import dev.realalign.schemas.AlarmRaised;
import dev.realalign.schemas.BatchPlanned;
import dev.realalign.schemas.GapAccepted;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.PlanEnded;
import dev.realalign.schemas.RecordsSkipped;
import dev.realalign.schemas.ReferenceRefreshed;
import dev.realalign.schemas.Rewound;
import dev.realalign.schemas.StageSwitched;
import dev.realalign.schemas.TrainingResumed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a ledger says, entry after entry: how far the line is, and that every entry follows from those before. Its size
 * does not grow with the steps, only with the candidates and rewinds it has to know.
 */
public final class LedgerState {
    private long entries;
    private long session;
    private long step;
    private LedgerChain chain = LedgerChain.EMPTY;
    private @Nullable AlarmRaised rest;
    private boolean planEnded;
    private final SortedMap<Integer, Long> nextOffsets = new TreeMap<>();
    private final Set<String> rewindCommands = new HashSet<>();
    private final Set<Long> marked = new HashSet<>();
    private final Map<Long, LedgerChain> marks = new HashMap<>();

    /** A ledger without entries, of which no place will be asked for later. */
    public LedgerState() {}

    /**
     * A ledger without entries.
     *
     * @param positions entries whose link of the chain will be asked for
     */
    public LedgerState(Set<Long> positions) {
        marked.addAll(positions);
    }

    /**
     * Takes the next entry.
     *
     * @throws BrokenLedgerException when it does not follow from those before
     */
    public void accept(LedgerEntry entry) {
        if (entry.getPosition() != entries) {
            throw new BrokenLedgerException("entry " + entries + " of the training ledger of model " + entry.getModel()
                    + " is missing: entry " + entry.getPosition() + " comes next");
        }
        if (entry.getSession() < session || entry.getSession() > session + 1) {
            throw new BrokenLedgerException("entry " + entries + " of the training ledger of model " + entry.getModel()
                    + " was written by session " + entry.getSession() + " after one of session " + session);
        }
        session = entry.getSession();
        Object event = entry.getEntry();
        if (event instanceof BatchPlanned planned) {
            requireLink(entry, chain.after(planned), planned.getChain().bytes());
            if (planned.getStep() != step + 1) {
                throw new BrokenLedgerException("entry " + entries + " of the training ledger of model "
                        + entry.getModel() + " plans step " + planned.getStep() + " after step " + step);
            }
            step = planned.getStep();
            planEnded = false;
            moveTo(planned.getNextOffsets());
        } else if (event instanceof RecordsSkipped skipped) {
            moveTo(skipped.getNextOffsets());
        } else if (event instanceof GapAccepted gap) {
            nextOffsets.merge(gap.getPartition(), gap.getTo(), Math::max);
        } else if (event instanceof StageSwitched switched) {
            requireLink(entry, chain.after(switched), switched.getChain().bytes());
        } else if (event instanceof ReferenceRefreshed refreshed) {
            requireLink(entry, chain.after(refreshed), refreshed.getChain().bytes());
        } else if (event instanceof Rewound rewound) {
            chain = LedgerChain.of(rewound.getChain().bytes());
            rewindCommands.add(rewound.getCommand());
            planEnded = false;
        } else if (event instanceof AlarmRaised alarm) {
            rest = alarm.getPaused() ? alarm : rest;
        } else if (event instanceof TrainingResumed) {
            rest = null;
        } else if (event instanceof PlanEnded) {
            planEnded = true;
        }
        if (marked.contains(entries)) {
            marks.put(entries, chain);
        }
        entries++;
    }

    private void requireLink(LedgerEntry entry, LedgerChain computed, byte[] written) {
        LedgerChain link = LedgerChain.of(written);
        if (!link.equals(computed)) {
            throw new BrokenLedgerException("entry " + entry.getPosition() + " of the training ledger of model "
                    + entry.getModel() + " carries the link " + link.hex() + ", but its contents give "
                    + computed.hex());
        }
        chain = link;
    }

    private void moveTo(List<Long> next) {
        nextOffsets.putAll(offsets(next));
    }

    /** Next offsets of every partition from the list an entry carries. */
    public static SortedMap<Integer, Long> offsets(List<Long> list) {
        SortedMap<Integer, Long> offsets = new TreeMap<>();
        list.forEach(offset -> offsets.put(offsets.size(), offset));
        return offsets;
    }

    /** Next offsets as entries carry them. */
    static List<Long> list(SortedMap<Integer, Long> offsets) {
        List<Long> list = new ArrayList<>();
        offsets.forEach((partition, offset) -> {
            if (partition != list.size()) {
                throw new IllegalArgumentException(
                        "partitions are numbered from 0 without gaps, not " + offsets.keySet());
            }
            list.add(offset);
        });
        return list;
    }

    /** Entries so far; also the position of the next. */
    public long entries() {
        return entries;
    }

    /** Newest session; 0 before the first. */
    public long session() {
        return session;
    }

    /** Last planned step; 0 before the first. */
    public long step() {
        return step;
    }

    /** The newest link: the ledger's SHA-256. */
    public LedgerChain chain() {
        return chain;
    }

    /** Next offset to read of every partition the ledger has touched. */
    public SortedMap<Integer, Long> nextOffsets() {
        return new TreeMap<>(nextOffsets);
    }

    /** The alarm after which training rests, if it does. */
    public Optional<AlarmRaised> rest() {
        return Optional.ofNullable(rest);
    }

    /** Whether the last stage is over and nothing was trained or led back since. */
    boolean isPlanEnded() {
        return planEnded;
    }

    /** Whether the rewind of this command was done. */
    boolean isRewound(String command) {
        return rewindCommands.contains(command);
    }

    /**
     * The link after an entry.
     *
     * @throws BrokenLedgerException when the ledger ends before it
     */
    public LedgerChain chainAt(long position) {
        LedgerChain link = marks.get(position);
        if (link == null) {
            throw new BrokenLedgerException("the training ledger ends before entry " + position);
        }
        return link;
    }
}
