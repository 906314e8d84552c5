package dev.realalign.diffusion.pipeline;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.nn.Linear;
import dev.realalign.diffusion.nn.Parameter;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A denoiser that is a function, and remembers what it was shown. */
final class FakeDenoiser implements Denoiser {

    interface Answer {
        Tensor to(Tensor noisy, double timestep, Conditioning conditioning);
    }

    private final int inChannels;
    private final int outChannels;
    private final Answer answer;
    final List<long[]> shapes = new ArrayList<>();
    final List<Double> timesteps = new ArrayList<>();
    final List<float[]> inputs = new ArrayList<>();

    FakeDenoiser(int inChannels, int outChannels, Answer answer) {
        this.inChannels = inChannels;
        this.outChannels = outChannels;
        this.answer = answer;
    }

    @Override
    public Tensor predict(Tensor noisy, Tensor steps, Conditioning conditioning) {
        double timestep = steps.slice(0, 0, 1).item();
        shapes.add(noisy.shape());
        timesteps.add(timestep);
        inputs.add(noisy.toFloats());
        return answer.to(noisy, timestep, conditioning);
    }

    @Override
    public int inChannels() {
        return inChannels;
    }

    @Override
    public int outChannels() {
        return outChannels;
    }

    @Override
    public int promptFeatures() {
        return 1;
    }

    @Override
    public int nativeSize() {
        return 8;
    }

    @Override
    public int sizeFactor() {
        return 4;
    }

    @Override
    public String digest() {
        return "fake";
    }

    @Override
    public ElementType type() {
        return ElementType.F32;
    }

    @Override
    public Device device() {
        return Device.CPU;
    }

    @Override
    public Map<String, Tensor> parameters() {
        return Map.of();
    }

    @Override
    public void checkpointBlocks(boolean enabled) {}

    @Override
    public Denoiser replica(Device device) {
        throw new UnsupportedOperationException("one is enough to sample");
    }

    @Override
    public String prefix() {
        return "unet";
    }

    @Override
    public Map<String, Linear> linears() {
        return Map.of();
    }

    @Override
    public Map<String, Parameter> trainable() {
        return Map.of();
    }

    @Override
    public void close() {}
}
