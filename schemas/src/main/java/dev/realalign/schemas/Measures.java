package dev.realalign.schemas;

/** Names of the measures that one process writes into a candidate and another judges it by. */
public final class Measures {
    /**
     * Mean denoising error of the policy on the held-out real images over that of the reference, with fixed noise: above 1
     * the real images are predicted worse than before training.
     */
    public static final String HELD_OUT_PREFERRED_RATIO = "held_out.m_w_over_r_w";

    private Measures() {}
}
