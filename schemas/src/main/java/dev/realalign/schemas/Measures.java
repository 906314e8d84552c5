package dev.realalign.schemas;

/** Measures that one process writes into a candidate and another judges it by: their names, and the bounds both know. */
public final class Measures {
    /**
     * Mean denoising error of the policy on the held-out real images over that of the reference, with fixed noise: above 1
     * the real images are predicted worse than before training.
     */
    public static final String HELD_OUT_PREFERRED_RATIO = "held_out.m_w_over_r_w";

    /**
     * Moving average of d_w = m_w - r_w on the held-out set over that of r_w: above 0.01 the policy drifts away from real
     * images, steadily.
     */
    public static final String HELD_OUT_DRIFT = "held_out.ema_d_w_over_r_w";

    /** Optimizer steps from the first to the last measurement in {@link #HELD_OUT_DRIFT}. */
    public static final String HELD_OUT_DRIFT_STEPS = "held_out.ema_steps";

    /** Mean gradient factor of the steps since the last candidate: how hard a pair pulls, sigmoid(-u) for dpo. */
    public static final String GRADIENT_FACTOR = "gradient_factor";

    /**
     * {@link #GRADIENT_FACTOR} below which nothing is learned any more, as the objective declares it. A candidate of an
     * objective that rests at its goal, such as hinge at a margin that is wide enough, brings none.
     */
    public static final String GRADIENT_FACTOR_MINIMUM = "gradient_factor_minimum";

    /** The publisher's own measure, on pictures that never went into the stream: m_w over the plain model's r_w. */
    public static final String EVALUATED_RATIO = "evaluated.m_w_over_r_w";

    /** Lower end of the 95 % interval of {@link #EVALUATED_RATIO} over pictures. */
    public static final String EVALUATED_RATIO_LOW = "evaluated.m_w_over_r_w.low";

    /** Upper end of that interval. */
    public static final String EVALUATED_RATIO_HIGH = "evaluated.m_w_over_r_w.high";

    /** Pictures behind {@link #EVALUATED_RATIO}. */
    public static final String EVALUATED_PICTURES = "evaluated.pictures";

    /** Number of the stage the candidate was trained in, from 1. Its reference, and so each ratio, is the stage's own. */
    public static final String STAGE = "stage";
    /** {@link #HELD_OUT_PREFERRED_RATIO} above which plain DPO on small models was seen to be past recovery. */
    public static final double HELD_OUT_PREFERRED_RATIO_LIMIT = 1.1;

    /** {@link #HELD_OUT_DRIFT} above which training has gone wrong. */
    public static final double HELD_OUT_DRIFT_LIMIT = 0.01;

    /** {@link #HELD_OUT_DRIFT_STEPS} from which the drift counts: less is noise. */
    public static final long HELD_OUT_DRIFT_STEPS_MINIMUM = 200;

    private Measures() {}
}
