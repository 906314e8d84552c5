package dev.realalign.diffusion.bench;

/** Work to be timed: prepared once, then repeated. */
public interface Workload {

    /** What reports and options call it. */
    String name();

    /** One sentence for reports: what a step does. */
    String description();

    /**
     * Makes networks and inputs, on the calling thread, which also takes the steps.
     *
     * @throws dev.realalign.diffusion.tensor.TensorException if the device cannot be used
     */
    Prepared prepare(Scale scale);

    /** Networks and inputs at hand. */
    interface Prepared extends AutoCloseable {
        /** The work once, from inputs at hand to a result that is computed and freed. */
        void step();

        @Override
        void close();
    }
}
