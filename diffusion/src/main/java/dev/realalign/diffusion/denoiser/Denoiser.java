package dev.realalign.diffusion.denoiser;

import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.LoraTargets;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A network that predicts from a noisy sample what its training asked for: the noise, the velocity. Used by one thread at a time.
 *
 * <p>Policy, reference and base are the same network under different adapters ({@link #use}) and always take the identical, unmerged path.
 */
public interface Denoiser extends LoraTargets, AutoCloseable {
    /**
     * The prediction.
     *
     * @param noisy (B, {@link #inChannels()}, H, W), of any floating type
     * @param timesteps (B), of any type
     * @param conditioning of B samples
     * @return (B, {@link #outChannels()}, H, W) in F32, in the caller's scope
     * @throws IllegalArgumentException if the shapes do not go together
     */
    Tensor predict(Tensor noisy, Tensor timesteps, Conditioning conditioning);

    /**
     * Begins predictions of the same samples under several adapters: what comes before the first layer that any of them changes is
     * computed once, unrecorded.
     *
     * @param adapters all that are going to be used
     * @return each call predicts under the adapter in use then, as {@link #predict} does, and to the same bits. It lives as long as the caller's scope
     * @throws IllegalArgumentException if the shapes do not go together
     */
    default Supplier<Tensor> begin(List<Adapter> adapters, Tensor noisy, Tensor timesteps, Conditioning conditioning) {
        return () -> predict(noisy, timesteps, conditioning);
    }

    /** Channels of a noisy sample: 4 in Stable Diffusion 1.5, 9 in its inpainting network. */
    int inChannels();

    /** Channels of a prediction. */
    int outChannels();

    /** Features of each prompt token it is conditioned on. */
    int promptFeatures();

    /** The height and width of the samples the network was trained at (latents, or pixels in pixel space). */
    int nativeSize();

    /** Height and width of a sample must be multiples of this. */
    int sizeFactor();

    /** SHA-256 of the network's weight files, lower-case hex; of the tensors where there are no files. */
    String digest();

    /** The type the network computes in. */
    ElementType type();

    Device device();

    /** Every weight by published name; the network owns them. */
    Map<String, Tensor> parameters();

    /**
     * Trades time for memory in passes that are recorded: blocks forget their intermediates and compute them again in the backward pass
     * (arXiv 1604.06174).
     */
    void checkpointBlocks(boolean enabled);

    /**
     * A second network of the same weights, for another thread or device, without low-rank additions. On this network's own
     * device the two share the memory of their weights. It is the caller's, and may outlive this one.
     */
    Denoiser replica(Device device);

    @Override
    void close();
}
