package dev.realalign.trainer.learn;

import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.tensor.TorchEngine;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiFunction;

/**
 * Replicas of a network that share the work of a step: the first is the learner's own and works on the learner's thread,
 * each other one has a thread of its own. Which replica does what is a function of the amount of work and of the number of
 * replicas, and sums are taken in the replicas' order, so that a run is repeatable to the bit at the same number.
 */
public final class Replicas implements AutoCloseable {
    private final List<Replica> replicas = new ArrayList<>();
    private final List<ExecutorService> threads = new ArrayList<>();

    /**
     * Items {@code from} to {@code to}, exclusive, of a batch.
     *
     * @param from first of them
     * @param to first that is not among them
     */
    record Share(int from, int to) {}

    /**
     * Copies a replica to all devices but the first.
     *
     * @param own stays the caller's; on the first device
     */
    public Replicas(Replica own, EngineSettings engine) {
        replicas.add(own);
        for (int i = 1; i < engine.devices().size(); i++) {
            String name = "trainer-replica-" + i;
            replicas.add(own.copyTo(engine.devices().get(i)));
            threads.add(Executors.newSingleThreadExecutor(work -> {
                Thread thread = new Thread(work, name);
                thread.setDaemon(true);
                return thread;
            }));
        }
        replicas.forEach(replica -> replica.denoiser().checkpointBlocks(engine.checkpointing()));
    }

    /** Divides items evenly and in order, the first share to the first replica: as many shares as replicas have one. */
    List<Share> shares(int items) {
        int parts = Math.min(items, replicas.size());
        List<Share> shares = new ArrayList<>();
        for (int i = 0; i < parts; i++) {
            shares.add(new Share((int) ((long) items * i / parts), (int) ((long) items * (i + 1) / parts)));
        }
        return shares;
    }

    int size() {
        return replicas.size();
    }

    /** The device of the n-th replica, from 0. */
    Device device(int n) {
        return replicas.get(n).device();
    }

    /** Lets the others take over the adapters of the first, where these may have changed. */
    public void follow() {
        others().forEach(replica -> replica.assign(replicas.get(0)));
    }

    /** Adds the gradients of the others to those of the first, in order. */
    void gather() {
        others().forEach(replica -> replica.giveGradients(replicas.get(0)));
    }

    private List<Replica> others() {
        return replicas.subList(1, replicas.size());
    }

    /**
     * Works side by side, each replica on a part of its own, and waits for all of them.
     *
     * @param parts at most one for each replica, on that replica's device; nothing else touches them meanwhile
     * @param work runs in a scope of its own; tensors it gives back belong to no scope
     * @return the results in order
     */
    <P, T> List<T> map(List<P> parts, BiFunction<Replica, P, T> work) {
        List<CompletableFuture<T>> results = new ArrayList<>();
        for (int i = parts.size() - 1; i >= 0; i--) { // the calling thread's own part last, when the others are at work
            Replica replica = replicas.get(i);
            P part = parts.get(i);
            Executor thread = i == 0 ? Runnable::run : threads.get(i - 1);
            results.add(0, CompletableFuture.supplyAsync(() -> scoped(replica, part, work), thread));
        }
        results.forEach(result -> result.handle((value, failure) -> true).join());
        try {
            return results.stream().map(CompletableFuture::join).toList();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw e;
        }
    }

    private static <P, T> T scoped(Replica replica, P part, BiFunction<Replica, P, T> work) {
        TorchEngine.threads(); // libtorch gives a new thread its number of threads when it is asked for it
        try (TensorScope scope = TensorScope.open()) {
            return work.apply(replica, part);
        }
    }

    /** Ends the threads and frees what was copied; the first replica stays. */
    @Override
    public void close() {
        threads.forEach(ExecutorService::shutdown);
        others().forEach(Replica::close);
    }
}
