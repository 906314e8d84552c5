package dev.realalign.trainer.loop;

/** Boundaries between two effects of the trainer, counted; at one of them the process dies. */
final class CrashPoints {
    /** The process is gone: no handler of the product may catch it. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1L;
    }

    private final long fatal;
    private long passed;

    /** Dies at the boundary with this number, from 1; 0 never. */
    CrashPoints(long fatal) {
        this.fatal = fatal;
    }

    static CrashPoints none() {
        return new CrashPoints(0);
    }

    void pass() {
        passed++;
        if (passed == fatal) {
            throw new Killed();
        }
    }

    long passed() {
        return passed;
    }
}
