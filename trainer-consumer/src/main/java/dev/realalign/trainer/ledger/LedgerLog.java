package dev.realalign.trainer.ledger;

import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.LedgerEntry;
import java.util.List;
import java.util.SortedMap;
import java.util.function.Consumer;

/** Where the ledger and the candidates' announcements of a model line are kept. One trainer at a time writes. */
public interface LedgerLog extends AutoCloseable {

    /** Becomes the line's only writer: whoever wrote before can commit nothing more. */
    void takeOver();

    /** Every committed announcement of the line, oldest first. */
    List<CheckpointCandidate> candidates();

    /** Reads every committed entry of the line, oldest first. */
    void read(Consumer<LedgerEntry> reader);

    /**
     * Appends entries, all of them or none; on return they are committed.
     *
     * @throws dev.realalign.trainer.ledger.FencedException when another trainer has taken over
     */
    void append(List<LedgerEntry> entries);

    /**
     * Announces a candidate; on return the announcement is committed.
     *
     * @throws dev.realalign.trainer.ledger.FencedException when another trainer has taken over
     */
    void announce(CheckpointCandidate candidate);

    /**
     * Commits something of no weight, to learn whether this trainer is still the line's writer.
     *
     * @param nextOffsets next offset to train of every partition
     * @throws dev.realalign.trainer.ledger.FencedException when another trainer has taken over
     */
    void confirmOwnership(SortedMap<Integer, Long> nextOffsets);

    @Override
    void close();
}
