package dev.realalign.publisher;

import dev.realalign.schemas.Measures;
import java.util.Locale;

/**
 * Refuses a candidate that predicts held-out real images much worse than its reference does. Losses on preference pairs
 * can fall while that happens: both errors rise, the rejected one faster (Diffusion-DPO, arXiv 2311.12908, watches the
 * same ratio; 1.1 is where plain DPO on small models was seen to be past recovery).
 *
 * @param limit largest ratio m_w / r_w that may be published
 * @param unmeasuredAllowed whether a candidate may be published that was measured on nothing
 */
public record HeldOutRatioGate(double limit, boolean unmeasuredAllowed) implements Gate {
    @Override
    public Verdict judge(Submission submission) {
        Double ratio = submission.candidate().metrics().get(Measures.HELD_OUT_PREFERRED_RATIO);
        if (ratio == null) {
            return unmeasuredAllowed
                    ? Verdict.PASSED
                    : Verdict.refused("it has no measure " + Measures.HELD_OUT_PREFERRED_RATIO
                            + ", so that nobody can tell whether it harms real images");
        }
        return ratio <= limit
                ? Verdict.PASSED
                : Verdict.refused(String.format(
                        Locale.ROOT,
                        "its error on held-out real images is %.4f times the reference's, more than %.4f",
                        ratio,
                        limit));
    }
}
