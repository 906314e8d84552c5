package dev.realalign.publisher;

import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.Measures;
import dev.realalign.schemas.VersionManifest;
import java.util.Locale;
import java.util.Optional;

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
    public Optional<String> refusal(CandidateManifest candidate, Optional<VersionManifest> parent) {
        Double ratio = candidate.metrics().get(Measures.HELD_OUT_PREFERRED_RATIO);
        if (ratio == null) {
            return unmeasuredAllowed
                    ? Optional.empty()
                    : Optional.of("it has no measure " + Measures.HELD_OUT_PREFERRED_RATIO
                            + ", so that nobody can tell whether it harms real images");
        }
        return ratio <= limit
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "its error on held-out real images is %.4f times the reference's, more than %.4f",
                        ratio,
                        limit));
    }
}
