package dev.realalign.trainer.bench;

import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.trainer.ledger.LedgerLog;
import java.util.List;
import java.util.SortedMap;
import java.util.function.Consumer;

/** A ledger that forgets what it is told, so that a long measurement does not grow by it. */
final class DiscardingLedger implements LedgerLog {
    @Override
    public void takeOver() {}

    @Override
    public List<CheckpointCandidate> candidates() {
        return List.of();
    }

    @Override
    public void read(Consumer<LedgerEntry> reader) {}

    @Override
    public void append(List<LedgerEntry> entries) {}

    @Override
    public void announce(CheckpointCandidate candidate) {}

    @Override
    public void confirmOwnership(SortedMap<Integer, Long> nextOffsets) {}

    @Override
    public void close() {}
}
