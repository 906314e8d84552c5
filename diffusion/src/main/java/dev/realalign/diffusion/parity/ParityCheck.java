package dev.realalign.diffusion.parity;

import java.util.List;

/** One comparison with reference tensors. */
public interface ParityCheck {
    /** The largest relative error of one forward pass. */
    double FORWARD = 1e-5;

    /** The largest relative error of a sampling loop. */
    double SAMPLING = 1e-4;

    /** The reference file's name without its ending. */
    String name();

    /** Whether everything the check reads is there. */
    boolean isPresent(Golden golden);

    /**
     * Computes and compares.
     *
     * @return at least one result; the first names of several continue the check's own: {@code sd15_sampling.ddim_4}
     * @throws dev.realalign.diffusion.ModelFormatException if a file it reads is unusable
     */
    List<ParityResult> run(Golden golden);
}
