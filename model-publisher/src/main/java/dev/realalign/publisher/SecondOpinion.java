package dev.realalign.publisher;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CandidateManifest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * Measures a candidate that every {@link Gate} lets pass on pictures the trainer never had. Unlike a gate it holds a network
 * and takes time, so it is asked last. Used by one thread.
 */
public interface SecondOpinion extends AutoCloseable {
    /**
     * Measures and judges.
     *
     * @param candidate what the trainer says about the candidate
     * @param adapter the adapter to be published, in a folder of which every byte is as announced
     * @throws CancellationException when the publisher was told to end meanwhile: nothing is decided then
     */
    Finding of(CandidateManifest candidate, Path adapter) throws IOException;

    @Override
    default void close() {}

    /** Looks at nothing. */
    SecondOpinion NONE = (candidate, adapter) -> Finding.NOTHING;

    /**
     * What was found.
     *
     * @param verdict whether the candidate may be published, and what the publishing log should say
     * @param measures what the version's manifest says of it, beside the trainer's own measures
     */
    record Finding(Gate.Verdict verdict, Map<String, Double> measures) {
        /** Nobody looked. */
        public static final Finding NOTHING = new Finding(Gate.Verdict.PASSED, Map.of());

        /** Copies the measures. */
        public Finding {
            measures = Collections.unmodifiableMap(new TreeMap<>(measures));
        }
    }

    /** Makes the one a configuration asks for, in the thread that will use it. */
    @FunctionalInterface
    interface Source {
        /**
         * Opens network and pictures.
         *
         * @param stopping whether the publisher was told to end
         * @throws UserErrorException when network or pictures cannot be used
         */
        SecondOpinion open(SecondOpinionSettings settings, BooleanSupplier stopping);
    }
}
