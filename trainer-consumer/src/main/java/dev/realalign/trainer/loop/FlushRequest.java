package dev.realalign.trainer.loop;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Somebody's wish for a candidate of everything that is in the stream now. It outlives the loop that was running when it
 * was made, so that a lost session does not lose it. Safe for use by several threads.
 */
public final class FlushRequest {
    private final AtomicReference<@Nullable CompletableFuture<Long>> pending = new AtomicReference<>();

    /**
     * Asks; who asks while another waits gets the same answer.
     *
     * @return the step of the newest candidate, once it is announced
     */
    public CompletableFuture<Long> ask() {
        CompletableFuture<Long> fresh = new CompletableFuture<>();
        CompletableFuture<Long> waiting = pending.compareAndExchange(null, fresh);
        return waiting == null ? fresh : waiting;
    }

    boolean isPending() {
        return pending.get() != null;
    }

    void answer(long step) {
        CompletableFuture<Long> request = pending.getAndSet(null);
        if (request != null) {
            request.complete(step);
        }
    }

    /** Says that no answer will come. */
    public void abandon(String reason) {
        CompletableFuture<Long> request = pending.getAndSet(null);
        if (request != null) {
            request.completeExceptionally(new CancellationException(reason));
        }
    }
}
