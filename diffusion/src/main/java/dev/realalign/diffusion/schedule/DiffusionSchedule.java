package dev.realalign.diffusion.schedule;

import dev.realalign.diffusion.JsonConfig;
import java.util.Arrays;
import java.util.List;

/**
 * The variance-preserving noise schedule of DDPM (Ho et al. 2020, arXiv 2006.11239): {@code abar_t = prod(1 - beta_s)},
 * {@code x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps}.
 */
public final class DiffusionSchedule implements NoiseSchedule {

    private final double[] alphasCumprod;
    private final PredictionType prediction;

    private DiffusionSchedule(double[] alphasCumprod, PredictionType prediction) {
        this.alphasCumprod = alphasCumprod;
        this.prediction = prediction;
    }

    /**
     * @param betas variances of the single steps, each in (0, 1]
     * @throws IllegalArgumentException if there are none or one lies outside
     */
    public static DiffusionSchedule ofBetas(List<Double> betas, PredictionType prediction) {
        if (betas.isEmpty()) {
            throw new IllegalArgumentException("a noise schedule needs at least one beta");
        }
        double[] alphasCumprod = new double[betas.size()];
        double product = 1;
        for (int i = 0; i < alphasCumprod.length; i++) {
            double beta = betas.get(i);
            if (!(beta > 0 && beta <= 1)) {
                throw new IllegalArgumentException("beta " + i + " must lie in (0, 1] but is " + beta);
            }
            product *= 1 - beta;
            alphasCumprod[i] = product;
        }
        return new DiffusionSchedule(alphasCumprod, prediction);
    }

    /**
     * Reads the keys that every published diffusion scheduler shares. Absent keys mean the class defaults of diffusers:
     * 1000 steps, linear betas from 0.0001 to 0.02, epsilon.
     */
    static DiffusionSchedule read(JsonConfig json) {
        PredictionType prediction = PredictionType.of(json.text("prediction_type", "epsilon"));
        int size = json.integer("num_train_timesteps", 1000);
        double start = json.number("beta_start", 0.0001);
        double end = json.number("beta_end", 0.02);
        List<Double> trained = json.numbers("trained_betas", List.of());
        List<Double> betas =
                trained.isEmpty() ? betas(json.text("beta_schedule", "linear"), size, start, end) : trained;
        DiffusionSchedule schedule = ofBetas(betas, prediction);
        return json.flag("rescale_betas_zero_snr", false) ? schedule.withZeroTerminalSnr() : schedule;
    }

    private static List<Double> betas(String name, int size, double start, double end) {
        if (size < 1) {
            throw new IllegalArgumentException("\"num_train_timesteps\" must be at least 1 but is " + size);
        }
        double[] betas =
                switch (name) {
                    case "linear" -> linspace(start, end, size);
                        // straight in the square roots: the schedule of latent diffusion (Rombach et al. 2021,
                        // 2112.10752)
                    case "scaled_linear" -> Arrays.stream(linspace(Math.sqrt(start), Math.sqrt(end), size))
                            .map(root -> root * root)
                            .toArray();
                    case "squaredcos_cap_v2" -> cosine(size);
                    default -> throw new IllegalArgumentException("\"beta_schedule\" \"" + name
                            + "\" is not supported; supported are linear, scaled_linear, squaredcos_cap_v2");
                };
        return Arrays.stream(betas).boxed().toList();
    }

    /** Nichol and Dhariwal 2021 (arXiv 2102.09672), equation 17; betas are cut at 0.999. */
    private static double[] cosine(int size) {
        double[] betas = new double[size];
        for (int i = 0; i < size; i++) {
            double before = Math.cos(((double) i / size + 0.008) / 1.008 * Math.PI / 2);
            double after = Math.cos(((i + 1.0) / size + 0.008) / 1.008 * Math.PI / 2);
            betas[i] = Math.min(1 - (after * after) / (before * before), 0.999);
        }
        return betas;
    }

    static double[] linspace(double first, double last, int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = count == 1 ? first : first + (last - first) * i / (count - 1);
        }
        return values;
    }

    /**
     * The same schedule, shifted and scaled in sqrt(abar) so that the last level is pure noise (Lin et al. 2023, arXiv
     * 2305.08891, algorithm 1).
     */
    public DiffusionSchedule withZeroTerminalSnr() {
        double first = Math.sqrt(alphasCumprod[0]);
        double last = Math.sqrt(alphasCumprod[alphasCumprod.length - 1]);
        double[] rescaled = Arrays.stream(alphasCumprod)
                .map(abar -> (Math.sqrt(abar) - last) * first / (first - last))
                .map(root -> root * root)
                .toArray();
        return new DiffusionSchedule(rescaled, prediction);
    }

    /**
     * Solvers that divide by abar take 2^-24 for a zero at the last level, as published implementations do; other
     * schedules stay as they are.
     */
    DiffusionSchedule withFiniteNoiseRatio() {
        double[] finite = alphasCumprod.clone();
        finite[finite.length - 1] = Math.max(finite[finite.length - 1], 0x1p-24);
        return new DiffusionSchedule(finite, prediction);
    }

    @Override
    public int size() {
        return alphasCumprod.length;
    }

    @Override
    public PredictionType prediction() {
        return prediction;
    }

    /** abar_t for every training timestep; a copy. */
    public double[] alphasCumprod() {
        return alphasCumprod.clone();
    }

    @Override
    public NoiseLevel level(int timestep) {
        return ofAlphaCumprod(timestep, alphasCumprod[timestep]);
    }

    /** The level at a timestep between two training timesteps: noise/clean is interpolated linearly. */
    NoiseLevel levelBetween(double timestep) {
        int below = (int) Math.floor(Math.max(0, Math.min(timestep, size() - 1.0)));
        int above = Math.min(below + 1, size() - 1);
        double part = Math.min(timestep - below, 1);
        if (part <= 0 || above == below) {
            NoiseLevel exact = level(below);
            return new NoiseLevel(timestep, exact.clean(), exact.noise());
        }
        double ratio = (1 - part) * ratio(below) + part * ratio(above);
        double clean = 1 / Math.sqrt(1 + ratio * ratio);
        return new NoiseLevel(timestep, clean, ratio * clean);
    }

    /** noise/clean at a training timestep: the sigma of variance-exploding samplers. */
    private double ratio(int timestep) {
        return Math.sqrt((1 - alphasCumprod[timestep]) / alphasCumprod[timestep]);
    }

    static NoiseLevel ofAlphaCumprod(double timestep, double abar) {
        return new NoiseLevel(timestep, Math.sqrt(abar), Math.sqrt(1 - abar));
    }
}
