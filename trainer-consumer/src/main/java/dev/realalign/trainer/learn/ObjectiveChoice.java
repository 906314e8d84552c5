package dev.realalign.trainer.learn;

import dev.realalign.diffusion.schedule.PredictionType;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.trainer.objective.Dpo;
import dev.realalign.trainer.objective.Hinge;
import dev.realalign.trainer.objective.Ipo;
import dev.realalign.trainer.objective.Kto;
import dev.realalign.trainer.objective.LossWeighting;
import dev.realalign.trainer.objective.Mapo;
import dev.realalign.trainer.objective.Objective;
import dev.realalign.trainer.objective.Safeguards;
import dev.realalign.trainer.objective.Sft;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * An objective by name, with its settings and safeguards.
 *
 * @param kind which objective
 * @param beta strength of the pull towards the reference, where the objective has one
 * @param minSnrGamma gamma of min-SNR weighting in sft; 0 for uniform weights
 * @param positiveWeight weight of DPO-positive's penalty in dpo
 * @param sdpoMu mu of Diffusion-SDPO; empty for none
 * @param winnerSft weight of an added m_w, as a multiple of beta/2
 * @param anchor weight of an added distance to the reference, as a multiple of beta/2
 */
public record ObjectiveChoice(
        Kind kind,
        double beta,
        double minSnrGamma,
        double positiveWeight,
        OptionalDouble sdpoMu,
        double winnerSft,
        double anchor) {

    /** The objectives a stream of pairs can be trained with. */
    public enum Kind {
        DPO(true),
        SFT(false),
        IPO(true),
        HINGE(true),
        KTO(true),
        MAPO(false);

        private final boolean hasBeta;

        Kind(boolean hasBeta) {
            this.hasBeta = hasBeta;
        }

        /** Whether it compares policy and reference under a beta. */
        public boolean hasBeta() {
            return hasBeta;
        }

        /** The name in configuration and manifests. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Only the objective and, for pairs, Diffusion-SDPO at its published mu for SD1.5. */
    public static ObjectiveChoice of(Kind kind, double beta) {
        return new ObjectiveChoice(kind, beta, 5, 0, OptionalDouble.of(0.9), 0, 0);
    }

    /** The objective for a network that predicts this. */
    Objective objective(PredictionType prediction) {
        return switch (kind) {
            case DPO -> new Dpo(beta, positiveWeight);
            case SFT -> new Sft(weighting(prediction));
            case IPO -> new Ipo(beta);
            case HINGE -> new Hinge(beta);
            case KTO -> new Kto(beta);
            case MAPO -> new Mapo(0.1, 1000, 0.5);
        };
    }

    private LossWeighting weighting(PredictionType prediction) {
        if (minSnrGamma == 0) {
            return LossWeighting.uniform();
        }
        return switch (prediction) {
            case EPSILON -> LossWeighting.minSnrEpsilon(minSnrGamma);
            case V_PREDICTION -> LossWeighting.minSnrVelocity(minSnrGamma);
            case SAMPLE, FLOW -> LossWeighting.uniform();
        };
    }

    /** What guards the preferred halves. */
    Safeguards safeguards() {
        double half = kind.hasBeta() ? beta / 2 : 0;
        return new Safeguards(kind == Kind.KTO ? OptionalDouble.empty() : sdpoMu, winnerSft * half, anchor * half);
    }

    /** The choice as manifests say it. */
    ObjectiveSettings description() {
        Map<String, String> settings = new TreeMap<>();
        if (kind.hasBeta()) {
            settings.put("beta", Double.toString(beta));
            settings.put("winner_sft", Double.toString(winnerSft));
            settings.put("anchor", Double.toString(anchor));
        }
        if (kind == Kind.SFT) {
            settings.put("min_snr_gamma", Double.toString(minSnrGamma));
        } else if (kind != Kind.KTO) {
            settings.put("sdpo_mu", sdpoMu.isPresent() ? Double.toString(sdpoMu.getAsDouble()) : "none");
        }
        if (kind == Kind.DPO) {
            settings.put("positive_weight", Double.toString(positiveWeight));
        }
        String convention =
                kind.hasBeta() ? "u = -(beta/2) [(m_w - m_l) - (r_w - r_l)], errors averaged over elements" : "";
        return new ObjectiveSettings(kind.text(), convention, settings);
    }
}
