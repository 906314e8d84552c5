package dev.realalign.diffusion.nn;

import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Tensor;
import java.util.Map;

/** The tensors of a network that has been built, by published name; the network owns them. */
public final class Network implements AutoCloseable {
    private final Map<String, Tensor> tensors;
    private final Map<String, Linear> linears;
    private final ElementType type;
    private final Device device;

    /**
     * Takes what a construction has gathered.
     *
     * @throws dev.realalign.diffusion.ModelFormatException if the weights do not fit
     */
    public Network(Weights weights) {
        this.tensors = weights.finish();
        this.linears = weights.linears();
        this.type = weights.type();
        this.device = weights.device();
    }

    /** Every tensor by name, in the order the layers asked for them. */
    public Map<String, Tensor> tensors() {
        return tensors;
    }

    /** The linear layers by path: where low-rank adapters go. */
    public Map<String, Linear> linears() {
        return linears;
    }

    /** The number of weights. */
    public long parameterCount() {
        return tensors.values().stream().mapToLong(Tensor::count).sum();
    }

    /** The type the network computes in. */
    public ElementType type() {
        return type;
    }

    public Device device() {
        return device;
    }

    /** An input as the network wants it. */
    public Tensor input(Tensor x) {
        return x.to(device).to(type);
    }

    @Override
    public void close() {
        tensors.values().forEach(Tensor::close);
    }
}
