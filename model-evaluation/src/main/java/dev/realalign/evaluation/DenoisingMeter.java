package dev.realalign.evaluation;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.pipeline.RgbImages;
import dev.realalign.diffusion.schedule.FlowSchedule;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.NoiseSchedule;
import dev.realalign.diffusion.schedule.PredictionType;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Measures how well one network, without and with adapters, predicts what was done to pictures: the error training
 * minimises. A real picture and its negatives get the same noise at the same timestep, one timestep in every band of the
 * schedule, and every model sees the very same noised pictures. Latents are the autoencoder's means. Used by one thread.
 */
public final class DenoisingMeter {
    private final DiffusionModel model;
    private final List<@Nullable Adapter> models;
    private final DenoisingSettings settings;
    private final Draws draws;

    /**
     * A meter.
     *
     * @param model the network, which stays the caller's and is left without an adapter
     * @param adapters what is measured beside the plain network, which is model 0; they stay the caller's
     */
    public DenoisingMeter(DiffusionModel model, List<Adapter> adapters, DenoisingSettings settings) {
        this.model = model;
        this.models = new ArrayList<>();
        models.add(null);
        models.addAll(adapters);
        this.settings = settings;
        this.draws = new Draws(settings.seed());
    }

    /** Timesteps at the ends of a band: of its least and of its greatest noise. */
    public Band band(int band) {
        return new Band(
                level(start(band)).timestep(), level(start(band + 1) - 1).timestep());
    }

    /**
     * Ends of a band.
     *
     * @param fromTimestep what the network is told at its least noise
     * @param toTimestep what the network is told at its greatest noise
     */
    public record Band(double fromTimestep, double toTimestep) {}

    /** Errors of every model on a picture and its negatives. */
    public ImageErrors measure(EvaluationImage image) {
        List<BufferedImage> halves = new ArrayList<>(List.of(image.real()));
        halves.addAll(image.negatives().values());
        double[][][] errors = new double[halves.size()][models.size()][settings.bands()];
        try (TensorScope scope = TensorScope.open()) {
            Tensor clean = Ops.concatenate(halves.stream().map(this::latents).toList(), 0); // (halves, C, H, W)
            Conditioning caption = model.encodePrompts(List.of(image.caption()));
            int cells = halves.size() * settings.bands();
            for (int from = 0; from < cells; from += settings.batch()) {
                measure(image.id(), clean, caption, from, Math.min(from + settings.batch(), cells), errors);
            }
        } finally {
            model.denoiser().use(null);
        }
        SortedMap<String, double[][]> negatives = new TreeMap<>();
        int half = 1;
        for (String kind : image.negatives().keySet()) {
            negatives.put(kind, errors[half++]);
        }
        return new ImageErrors(errors[0], negatives);
    }

    /** One picture as the denoiser takes it, (1, C, H, W); one at a time, since encoders take much memory. */
    private Tensor latents(BufferedImage picture) {
        return TensorScope.of(() -> {
            Tensor pixels =
                    RgbImages.toTensor(List.of(picture)).to(model.denoiser().device());
            return model.autoencoder().scaled(model.autoencoder().encode(pixels).mean());
        });
    }

    /** Measures the cells {@code from} to {@code to}; cell c is half c / bands in band c % bands. */
    private void measure(String id, Tensor clean, Conditioning caption, int from, int to, double[][][] errors) {
        try (TensorScope scope = TensorScope.open()) {
            int batch = to - from;
            int[] halves = new int[batch];
            double[] timesteps = new double[batch];
            List<NoiseLevel> levels = new ArrayList<>();
            List<Tensor> noises = new ArrayList<>();
            long[] one = clean.shape();
            one[0] = 1;
            for (int i = 0; i < batch; i++) {
                int band = (from + i) % settings.bands();
                halves[i] = (from + i) / settings.bands();
                NoiseLevel level = drawn(id, band);
                levels.add(level);
                timesteps[i] = level.timestep();
                noises.add(Tensor.randn(draws.bits(Draws.Purpose.NOISE, id, band), one));
            }
            Tensor x0 = clean.indexSelect(
                    0, Tensor.of(Arrays.stream(halves).asLongStream().toArray()).to(clean.device())); // (B, C, H, W)
            Tensor noise = Ops.concatenate(noises, 0).to(clean.device());
            PredictionType prediction = model.schedule().prediction();
            Tensor noisy = Ops.scalePerSample(x0, factors(levels, NoiseLevel::clean))
                    .add(Ops.scalePerSample(noise, factors(levels, NoiseLevel::noise)));
            Tensor target = Ops.scalePerSample(x0, factors(levels, prediction::targetOfClean))
                    .add(Ops.scalePerSample(noise, factors(levels, prediction::targetOfNoise)));
            Tensor times = Tensor.of(timesteps).to(clean.device());
            Conditioning captions = caption.rows(new long[batch]);
            long elements = noisy.count() / batch;
            for (int m = 0; m < models.size(); m++) {
                model.denoiser().use(models.get(m));
                double[] sums = sumsOfSquares(noisy, times, captions, target);
                for (int i = 0; i < batch; i++) {
                    errors[halves[i]][m][(from + i) % settings.bands()] = sums[i] / elements;
                }
            }
        }
    }

    private double[] sumsOfSquares(Tensor noisy, Tensor timesteps, Conditioning captions, Tensor target) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor prediction = Autograd.withoutGrad(() -> model.denoiser().predict(noisy, timesteps, captions));
            return Ops.sumSquaresPerSample(prediction.sub(target)).toDoubles();
        }
    }

    private interface Factor {
        double of(NoiseLevel level);
    }

    private static float[] factors(List<NoiseLevel> levels, Factor factor) {
        float[] factors = new float[levels.size()];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = (float) factor.of(levels.get(i));
        }
        return factors;
    }

    /** The level a picture is noised to in a band, uniform over the band's levels. */
    private NoiseLevel drawn(String id, int band) {
        int first = start(band);
        int count = start(band + 1) - first;
        return level(first + (int) (draws.uniform(Draws.Purpose.TIMESTEP, id, band) * count));
    }

    private int start(int band) {
        return (int) ((long) model.schedule().size() * band / settings.bands());
    }

    /** The n-th level from the least noise on; flow matching counts the other way round. */
    private NoiseLevel level(int n) {
        NoiseSchedule schedule = model.schedule();
        return schedule.level(schedule instanceof FlowSchedule ? schedule.size() - 1 - n : n);
    }
}
