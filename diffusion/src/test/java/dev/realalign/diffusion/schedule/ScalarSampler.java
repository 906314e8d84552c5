package dev.realalign.diffusion.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleBinaryOperator;

/** Runs a plan on one number in double precision, as the formula in {@link SamplingStep} says. */
public final class ScalarSampler {

    private ScalarSampler() {}

    /** A network on one number: output from sample and noise level. */
    public interface Network {
        double predict(double sample, NoiseLevel level);
    }

    /** The samples x_0, ..., x_n; the last is the result. Fresh noise is zero. */
    public static List<Double> run(SamplingPlan plan, double start, Network network) {
        return run(plan, start, network, 0);
    }

    /** As above, with one value for every draw of noise. */
    static List<Double> run(SamplingPlan plan, double start, Network network, double noise) {
        List<Double> samples = new ArrayList<>(List.of(start));
        List<Double> cleans = new ArrayList<>();
        List<Double> outputs = new ArrayList<>();
        for (SamplingStep step : plan.steps()) {
            double x = samples.get(samples.size() - 1);
            double output = network.predict(x, step.level());
            double clean = step.clean().ofSample() * x + step.clean().ofOutput() * output;
            outputs.add(output);
            cleans.add(Math.max(-step.clip(), Math.min(step.clip(), clean)));
            samples.add(weighted(step.samples(), samples)
                    + weighted(step.cleans(), cleans)
                    + weighted(step.outputs(), outputs)
                    + step.noise() * noise);
        }
        return samples;
    }

    private static double weighted(List<Double> weights, List<Double> history) {
        double sum = 0;
        for (int j = 0; j < weights.size(); j++) {
            if (weights.get(j) != 0) {
                sum += weights.get(j) * history.get(history.size() - 1 - j);
            }
        }
        return sum;
    }

    /** A network of the given kind that has learned one image and sees the noise in a sample exactly. */
    public static Network knowing(double image, PredictionType prediction) {
        return answering(prediction, (sample, level) -> image);
    }

    /** A network of the given kind that has learned images N(0, scale^2). */
    public static Network gaussian(double scale, PredictionType prediction) {
        return answering(
                prediction,
                (sample, level) -> level.clean()
                        * scale
                        * scale
                        * sample
                        / (level.clean() * level.clean() * scale * scale + level.noise() * level.noise()));
    }

    private interface Denoiser {
        double clean(double sample, NoiseLevel level);
    }

    private static Network answering(PredictionType prediction, Denoiser denoiser) {
        return (sample, level) -> {
            double clean = denoiser.clean(sample, level);
            double noise = (sample - level.clean() * clean) / level.noise();
            DoubleBinaryOperator target =
                    (x0, eps) -> prediction.targetOfClean(level) * x0 + prediction.targetOfNoise(level) * eps;
            return target.applyAsDouble(clean, noise);
        };
    }
}
