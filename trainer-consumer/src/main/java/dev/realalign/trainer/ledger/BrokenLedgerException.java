package dev.realalign.trainer.ledger;

/** A ledger that contradicts itself. */
public final class BrokenLedgerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BrokenLedgerException(String message) {
        super(message);
    }
}
