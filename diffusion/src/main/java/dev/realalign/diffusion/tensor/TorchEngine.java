package dev.realalign.diffusion.tensor;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.TorchNatives;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The process's libtorch: loaded once, on first use, from the class path and never from the network.
 *
 * <p>DJL's flags are set here unless the user set them: without the first two every start contacts a cloud metadata
 * address. Whoever touches DJL before the first tensor (a tokenizer) calls {@link #configure()} first.
 */
public final class TorchEngine {
    private static final ThreadLocal<ThreadState> STATE = ThreadLocal.withInitial(TorchEngine::enter);

    private TorchEngine() {}

    /** What belongs to one thread: the innermost open scope, and whether operations are recorded for backward. */
    static final class ThreadState {
        final List<Autograd.Segment> checkpoints = new ArrayList<>();

        @Nullable
        TensorScope scope;

        boolean recording;
    }

    private static final class Loaded {
        static {
            configure();
            Engine.getEngine("PyTorch");
        }

        static void ensure() {}
    }

    /** Sets DJL's system properties where they are not yet set; loads nothing. */
    public static void configure() {
        setIfAbsent("OPT_OUT_TRACKING", "true");
        setIfAbsent("ai.djl.offline", "true");
        setIfAbsent("ai.djl.default_engine", "PyTorch");
        setIfAbsent("ai.djl.pytorch.graph_optimizer", "false");
    }

    private static void setIfAbsent(String key, String value) {
        if (System.getProperty(key) == null) {
            System.setProperty(key, value);
        }
    }

    /**
     * Sets how many CPU threads one operation may use, for the whole process. Results are reproducible for a fixed
     * number.
     *
     * @throws IllegalArgumentException if not positive
     */
    public static void setThreads(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, not " + threads);
        }
        Loaded.ensure();
        TorchNatives.setThreads(threads);
    }

    /** How many CPU threads one operation may use. */
    public static int threads() {
        Loaded.ensure();
        return TorchNatives.threads();
    }

    /**
     * The calling thread's state. New threads start in libtorch with gradient recording on and with a profiling graph
     * executor; both are switched off on first use.
     */
    static ThreadState state() {
        return STATE.get();
    }

    private static ThreadState enter() {
        Loaded.ensure();
        TorchNatives.setGradMode(false);
        TorchNatives.setGraphExecutorOptimize(false);
        return new ThreadState();
    }
}
