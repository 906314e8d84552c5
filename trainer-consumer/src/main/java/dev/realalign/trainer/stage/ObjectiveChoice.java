package dev.realalign.trainer.stage;

import dev.realalign.diffusion.schedule.PredictionType;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.trainer.objective.Dpo;
import dev.realalign.trainer.objective.Dro;
import dev.realalign.trainer.objective.Hinge;
import dev.realalign.trainer.objective.Ipo;
import dev.realalign.trainer.objective.Kto;
import dev.realalign.trainer.objective.LossWeighting;
import dev.realalign.trainer.objective.Mapo;
import dev.realalign.trainer.objective.Nft;
import dev.realalign.trainer.objective.Objective;
import dev.realalign.trainer.objective.Safeguards;
import dev.realalign.trainer.objective.Sft;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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
 * @param margin margin of dro
 * @param strength b of nft: how far its two implicit policies lie from the old one
 */
public record ObjectiveChoice(
        Kind kind,
        double beta,
        double minSnrGamma,
        double positiveWeight,
        OptionalDouble sdpoMu,
        double winnerSft,
        double anchor,
        double margin,
        double strength) {

    /** The published margin of dro. */
    public static final double MARGIN = 0.001;

    /** The objectives a stream of pairs can be trained with. */
    public enum Kind {
        /** Diffusion-DPO. */
        DPO(true, true),
        /** Supervised fine-tuning on the preferred images. */
        SFT(false, false),
        /** Identity preference optimisation. */
        IPO(true, true),
        /** The hinge form of a preference loss. */
        HINGE(true, true),
        /** Diffusion-DRO: real images against trajectories of a lagged policy. */
        DRO(false, true),
        /** SPIN-Diffusion: real images against samples of the iterate before. */
        SPIN(true, true),
        /** Diffusion-KTO, unpaired. */
        KTO(true, true),
        /** MaPO, without a reference. */
        MAPO(false, false),
        /** DiffusionNFT, unpaired, for flow matching. */
        NFT(false, true);

        private final boolean hasBeta;
        private final boolean measuresReference;

        Kind(boolean hasBeta, boolean measuresReference) {
            this.hasBeta = hasBeta;
            this.measuresReference = measuresReference;
        }

        /** Whether it compares policy and reference under a beta. */
        public boolean hasBeta() {
            return hasBeta;
        }

        /** Whether its steps measure the reference's error. */
        public boolean measuresReference() {
            return measuresReference;
        }

        /**
         * Whether Diffusion-SDPO guards it: where the halves of a pair share noise and timestep, so that what lowers the
         * one error and what raises the other can be compared.
         */
        public boolean isGuarded() {
            return this == DPO || this == IPO || this == HINGE || this == SPIN || this == MAPO;
        }

        /** The name in configuration and manifests. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Only the objective and, for pairs, Diffusion-SDPO at its published mu for SD1.5. */
    public static ObjectiveChoice of(Kind kind, double beta) {
        return new ObjectiveChoice(kind, beta, 5, 0, OptionalDouble.of(0.9), 0, 0, MARGIN, 1);
    }

    /** What contradicts itself in the choice, with the remedy; empty where nothing does. */
    public Optional<String> problem() {
        if (positiveWeight > 0 && kind != Kind.DPO) {
            return Optional.of("has a positive weight, which only dpo has: set it to 0 or choose dpo");
        }
        if (winnerSft + anchor > 0 && !kind.hasBeta) {
            return Optional.of(
                    "has a winner-SFT or anchor term, a multiple of beta/2, and no beta: set them to 0 or choose"
                            + " dpo, ipo, hinge, spin or kto");
        }
        return Optional.empty();
    }

    /**
     * The objective for a network that predicts this.
     *
     * @throws IllegalArgumentException for nft, which is no function of mean errors: see {@link #nft}
     */
    public Objective objective(PredictionType prediction) {
        return switch (kind) {
            case DPO -> new Dpo(beta, positiveWeight);
            case SPIN -> new Dpo(beta);
            case DRO -> new Dro(margin);
            case SFT -> new Sft(weighting(prediction));
            case IPO -> new Ipo(beta);
            case HINGE -> new Hinge(beta);
            case KTO -> new Kto(beta);
            case MAPO -> new Mapo(0.1, 1000, 0.5);
            case NFT -> throw new IllegalArgumentException("nft has a pass of its own");
        };
    }

    /** {@link Objective#factorMinimum} of the choice; nft, whose pull does not saturate, declares none. */
    public OptionalDouble factorMinimum(PredictionType prediction) {
        return kind == Kind.NFT ? OptionalDouble.empty() : objective(prediction).factorMinimum();
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

    /** DiffusionNFT. */
    public Nft nft() {
        return new Nft(strength);
    }

    /** What guards the preferred halves. */
    public Safeguards safeguards() {
        double half = kind.hasBeta() ? beta / 2 : 0;
        return new Safeguards(kind.isGuarded() ? sdpoMu : OptionalDouble.empty(), winnerSft * half, anchor * half);
    }

    /** The choice as manifests say it. */
    public ObjectiveSettings description() {
        Map<String, String> settings = new TreeMap<>();
        if (kind.hasBeta()) {
            settings.put("beta", Double.toString(beta));
            settings.put("winner_sft", Double.toString(winnerSft));
            settings.put("anchor", Double.toString(anchor));
        }
        if (kind == Kind.SFT) {
            settings.put("min_snr_gamma", Double.toString(minSnrGamma));
        } else if (kind.isGuarded()) {
            settings.put("sdpo_mu", sdpoMu.isPresent() ? Double.toString(sdpoMu.getAsDouble()) : "none");
        }
        if (kind == Kind.DPO) {
            settings.put("positive_weight", Double.toString(positiveWeight));
        } else if (kind == Kind.DRO) {
            settings.put("margin", Double.toString(margin));
        } else if (kind == Kind.NFT) {
            settings.put("strength", Double.toString(strength));
        }
        String convention =
                kind.hasBeta() ? "u = -(beta/2) [(m_w - m_l) - (r_w - r_l)], errors averaged over elements" : "";
        return new ObjectiveSettings(kind.text(), convention, settings);
    }
}
