package dev.realalign.diffusion.schedule;

import java.util.Arrays;
import java.util.Locale;

/**
 * What a network is trained to predict: always a mix {@code ofClean * x_0 + ofNoise * eps}, so that one formula inverts
 * all of them.
 */
public enum PredictionType {
    /** The noise (Ho et al. 2020, arXiv 2006.11239). */
    EPSILON("epsilon"),
    /** {@code clean * eps - noise * x_0} (Salimans and Ho 2022, arXiv 2202.00512). */
    V_PREDICTION("v_prediction"),
    /** The image itself. */
    SAMPLE("sample"),
    /** The velocity {@code eps - x_0} of a straight path (Lipman et al. 2022, arXiv 2210.02747). */
    FLOW("flow_prediction");

    private final String published;

    PredictionType(String published) {
        this.published = published;
    }

    /** The name in scheduler_config.json. */
    public String published() {
        return published;
    }

    /** @throws IllegalArgumentException listing the names that are known */
    public static PredictionType of(String published) {
        return Arrays.stream(values())
                .filter(type -> type.published.equals(published))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("prediction type \"" + published
                        + "\" is unknown; known are "
                        + Arrays.stream(values()).map(PredictionType::published).toList()));
    }

    /** The factor of x_0 in the training target. */
    public double targetOfClean(NoiseLevel level) {
        return switch (this) {
            case EPSILON -> 0;
            case V_PREDICTION -> -level.noise();
            case SAMPLE -> 1;
            case FLOW -> -1;
        };
    }

    /** The factor of eps in the training target. */
    public double targetOfNoise(NoiseLevel level) {
        return switch (this) {
            case EPSILON, FLOW -> 1;
            case V_PREDICTION -> level.clean();
            case SAMPLE -> 0;
        };
    }

    /**
     * The network's idea of the image: {@code x_0 = ofSample * x_t + ofOutput * output}.
     *
     * @throws IllegalArgumentException if the level holds no image at all (zero SNR) and the output says nothing of it
     */
    public Combination clean(NoiseLevel level) {
        double determinant = determinant(level);
        return new Combination(targetOfNoise(level) / determinant, -level.noise() / determinant);
    }

    /** The network's idea of the noise: {@code eps = ofSample * x_t + ofOutput * output}. */
    public Combination noise(NoiseLevel level) {
        double determinant = determinant(level);
        return new Combination(-targetOfClean(level) / determinant, level.clean() / determinant);
    }

    /**
     * x_t = clean x_0 + noise eps and output = a x_0 + b eps are two equations for (x_0, eps); this is their
     * determinant.
     */
    private double determinant(NoiseLevel level) {
        double determinant = level.clean() * targetOfNoise(level) - level.noise() * targetOfClean(level);
        if (determinant == 0) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "a network that predicts %s cannot be sampled at timestep %s, where %s is left; use a schedule with"
                            + " another timestep_spacing or a v_prediction network",
                    published,
                    level.timestep(),
                    level.clean() == 0 ? "nothing of the image" : "no noise"));
        }
        return determinant;
    }

    /** A mix of the noisy sample and the network's output. */
    public record Combination(double ofSample, double ofOutput) {}
}
