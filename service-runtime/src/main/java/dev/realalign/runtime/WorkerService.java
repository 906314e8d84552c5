package dev.realalign.runtime;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A service whose work is one loop in one thread. */
public abstract class WorkerService implements Service {
    private static final Logger log = LoggerFactory.getLogger(WorkerService.class);

    private final String name;
    private final ServiceLife life = new ServiceLife();
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final AtomicBoolean started = new AtomicBoolean();
    private final Thread thread;

    /**
     * A service that is not started yet.
     *
     * @param name name of the role and of its thread
     */
    protected WorkerService(String name) {
        this.name = name;
        this.thread = new Thread(this::live, name);
    }

    /**
     * The work, from opening its clients to closing them. It calls {@link #atWork()} once it is ready and returns soon
     * after {@link #isStopping()} turns true.
     */
    protected abstract void run() throws Exception;

    /** Called by {@link #close()} in the closing thread, to end a wait inside {@link #run()}, as {@code wakeup()} does. */
    protected void interruptWait() {}

    /** Says that the service is ready: it is RUNNING from here on. */
    protected final void atWork() {
        life.running();
    }

    /** Whether the service was told to end. */
    protected final boolean isStopping() {
        return stopping.get();
    }

    private void live() {
        try {
            run();
            if (stopping.get()) {
                life.stopped();
            } else {
                life.failed(new IllegalStateException(name + " ended its work unasked"));
            }
        } catch (Throwable e) {
            Throwable failure = MissingRights.sentence(e)
                    .filter(sentence -> !(e instanceof UserErrorException))
                    .<Throwable>map(sentence -> UserErrorException.failure(sentence, e))
                    .orElse(e);
            if (failure instanceof UserErrorException) {
                log.error("{} failed: {}", name, failure.getMessage());
            } else {
                log.error("{} failed", name, failure);
            }
            life.failed(failure);
        }
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final void start() {
        if (!started.compareAndSet(false, true)) {
            throw new IllegalStateException(name + " was started before");
        }
        thread.start();
    }

    @Override
    public final State state() {
        return life.state();
    }

    @Override
    public final Optional<Throwable> failure() {
        return life.failure();
    }

    @Override
    public final boolean await(Duration timeout) throws InterruptedException {
        return life.await(timeout);
    }

    @Override
    public final void close() {
        stopping.set(true);
        if (started.compareAndSet(false, true)) {
            life.stopped();
            return;
        }
        interruptWait();
        try {
            if (Thread.currentThread() != thread) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
