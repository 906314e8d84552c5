package dev.realalign.diffusion.bench;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.NoiseSchedule;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A batch of what a denoiser sees, drawn from fixed seeds. Its tensors live outside every scope until it is closed.
 *
 * @param noisy (B, C, side, side)
 * @param timesteps of the levels, (B)
 * @param target (B, C', side, side)
 * @param conditioning prompts, (B, 77, E)
 * @param levels spread evenly over the schedule
 */
public record BenchmarkBatch(
        Tensor noisy, Tensor timesteps, Tensor target, Conditioning conditioning, List<NoiseLevel> levels)
        implements AutoCloseable {

    /** Draws a batch for a network. */
    public static BenchmarkBatch of(Denoiser denoiser, Scale scale) {
        int b = scale.images();
        NoiseSchedule schedule = BenchmarkNetworks.scheduler().schedule();
        List<NoiseLevel> levels = IntStream.range(0, b)
                .mapToObj(i -> schedule.level(i * schedule.size() / b))
                .toList();
        double[] timesteps = levels.stream().mapToDouble(NoiseLevel::timestep).toArray();
        return new BenchmarkBatch(
                drawn(2, scale.device(), b, denoiser.inChannels(), scale.side(), scale.side()),
                TensorScope.of(() -> Tensor.of(timesteps).to(scale.device())).unscoped(),
                drawn(3, scale.device(), b, denoiser.outChannels(), scale.side(), scale.side()),
                Conditioning.of(drawn(4, scale.device(), b, Scale.TOKENS, denoiser.promptFeatures())),
                levels);
    }

    /** Standard normal numbers, outside every scope. */
    static Tensor drawn(long seed, Device device, long... shape) {
        return TensorScope.of(() -> Tensor.randn(seed, shape).to(device)).unscoped();
    }

    @Override
    public void close() {
        noisy.close();
        timesteps.close();
        target.close();
        conditioning.close();
    }
}
