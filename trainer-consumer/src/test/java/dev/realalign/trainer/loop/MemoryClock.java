package dev.realalign.trainer.loop;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that moves when told to. */
final class MemoryClock implements InstantSource {
    private long nanos;

    void advance(Duration by) {
        nanos += by.toNanos();
    }

    long nanoTime() {
        return nanos;
    }

    @Override
    public Instant instant() {
        return Instant.ofEpochMilli(1_700_000_000_000L + nanos / 1_000_000);
    }
}
