package dev.realalign.trainer.loop;

import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.trainer.ledger.FencedException;
import dev.realalign.trainer.ledger.LedgerLog;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.function.Consumer;

/** Ledger and announcements in memory; what is kept outlives the trainers that write. */
final class MemoryLedger implements LedgerLog {
    /** What a broker would keep. */
    static final class Kept {
        final List<LedgerEntry> entries = new ArrayList<>();
        final List<CheckpointCandidate> announced = new ArrayList<>();
        private int epoch;
    }

    private final Kept kept;
    private final CrashPoints crashes;
    private int epoch;

    MemoryLedger(Kept kept, CrashPoints crashes) {
        this.kept = kept;
        this.crashes = crashes;
    }

    @Override
    public void takeOver() {
        crashes.pass();
        epoch = ++kept.epoch;
        crashes.pass();
    }

    @Override
    public List<CheckpointCandidate> candidates() {
        return List.copyOf(kept.announced);
    }

    @Override
    public void read(Consumer<LedgerEntry> reader) {
        List.copyOf(kept.entries).forEach(reader);
    }

    @Override
    public void append(List<LedgerEntry> entries) {
        crashes.pass();
        requireWriter();
        kept.entries.addAll(entries);
        crashes.pass();
    }

    @Override
    public void announce(CheckpointCandidate candidate) {
        crashes.pass();
        requireWriter();
        kept.announced.add(candidate);
        crashes.pass();
    }

    @Override
    public void confirmOwnership(SortedMap<Integer, Long> nextOffsets) {
        requireWriter();
    }

    private void requireWriter() {
        if (epoch != kept.epoch) {
            throw new FencedException("another trainer has taken over", null);
        }
    }

    @Override
    public void close() {}
}
