package dev.realalign.trainer.learn;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.PredictionType;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * What a network sees of a batch of B pairs and what it should say. Samples 0 to B - 1 are the preferred halves, B to 2B -
 * 1 the rejected ones.
 *
 * @param noisy x_t, (2B, C, H, W)
 * @param timesteps what the network is told of the noise, (2B)
 * @param target what the network should predict, (2B, C, H, W)
 * @param conditioning the captions, of 2B samples
 * @param levels noise level of each sample
 */
public record NoisedPairs(
        Tensor noisy, Tensor timesteps, Tensor target, Conditioning conditioning, List<NoiseLevel> levels) {

    /**
     * Adds noise: x_t = clean x_0 + noise eps.
     *
     * @param clean x_0, (2B, C, H, W)
     * @param noise eps, (2B, C, H, W)
     */
    public static NoisedPairs of(
            Tensor clean, Tensor noise, List<NoiseLevel> levels, PredictionType prediction, Conditioning conditioning) {
        float[] ofClean = new float[levels.size()];
        float[] ofNoise = new float[levels.size()];
        float[] targetOfClean = new float[levels.size()];
        float[] targetOfNoise = new float[levels.size()];
        double[] timesteps = new double[levels.size()];
        for (int i = 0; i < levels.size(); i++) {
            NoiseLevel level = levels.get(i);
            ofClean[i] = (float) level.clean();
            ofNoise[i] = (float) level.noise();
            targetOfClean[i] = (float) prediction.targetOfClean(level);
            targetOfNoise[i] = (float) prediction.targetOfNoise(level);
            timesteps[i] = level.timestep();
        }
        return new NoisedPairs(
                Ops.scalePerSample(clean, ofClean).add(Ops.scalePerSample(noise, ofNoise)),
                Tensor.of(timesteps).to(clean.device()),
                Ops.scalePerSample(clean, targetOfClean).add(Ops.scalePerSample(noise, targetOfNoise)),
                conditioning,
                levels);
    }

    /** Pairs B. */
    public int pairs() {
        return levels.size() / 2;
    }

    /** Both halves of pairs {@code from} to {@code to}, exclusive. */
    NoisedPairs of(int from, int to) {
        int b = pairs();
        if (from == 0 && to == b) {
            return this;
        }
        List<NoiseLevel> part = new ArrayList<>(levels.subList(from, to));
        part.addAll(levels.subList(b + from, b + to));
        return new NoisedPairs(
                halves(noisy, from, to),
                halves(timesteps, from, to),
                halves(target, from, to),
                conditioning.rows(LongStream.concat(LongStream.range(from, to), LongStream.range(b + from, b + to))
                        .toArray()),
                part);
    }

    /** The same on a device. */
    NoisedPairs to(Device device) {
        return new NoisedPairs(
                noisy.to(device), timesteps.to(device), target.to(device), conditioning.to(device), levels);
    }

    private Tensor halves(Tensor samples, int from, int to) {
        int b = pairs();
        return Ops.concatenate(List.of(samples.slice(0, from, to), samples.slice(0, b + from, b + to)), 0);
    }

    /**
     * Pairs of B preferred and B rejected samples that were noised apart.
     *
     * @param both the captions of all 2B, the preferred ones first
     */
    static NoisedPairs joined(NoisedPairs preferred, NoisedPairs rejected, Conditioning both) {
        List<NoiseLevel> levels = new ArrayList<>(preferred.levels);
        levels.addAll(rejected.levels);
        return new NoisedPairs(
                Ops.concatenate(List.of(preferred.noisy, rejected.noisy), 0),
                Ops.concatenate(List.of(preferred.timesteps, rejected.timesteps), 0),
                Ops.concatenate(List.of(preferred.target, rejected.target), 0),
                both,
                levels);
    }

    /** Only the preferred halves; B samples. */
    NoisedPairs preferred() {
        int b = pairs();
        return new NoisedPairs(
                noisy.slice(0, 0, b),
                timesteps.slice(0, 0, b),
                target.slice(0, 0, b),
                conditioning.rows(LongStream.range(0, b).toArray()),
                levels.subList(0, b));
    }
}
