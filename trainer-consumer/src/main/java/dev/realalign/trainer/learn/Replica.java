package dev.realalign.trainer.learn;

import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;

/**
 * A network and the adapters that predict through it, all on one device and used by one thread.
 *
 * @param denoiser the frozen network
 * @param policy the adapter that is trained
 * @param average its moving average
 * @param reference what it is compared with
 * @param lagged what some objectives sample from
 */
public record Replica(Denoiser denoiser, Adapter policy, Adapter average, Adapter reference, Adapter lagged)
        implements AutoCloseable {

    /** Another one of the same values on a device. */
    Replica copyTo(Device device) {
        return new Replica(
                denoiser.replica(device),
                policy.copyTo(device),
                average.copyTo(device),
                reference.copyTo(device),
                lagged.copyTo(device));
    }

    Device device() {
        return denoiser.device();
    }

    /** Takes over another one's adapters. */
    void assign(Replica other) {
        policy.assign(other.policy);
        average.assign(other.average);
        reference.assign(other.reference);
        lagged.assign(other.lagged);
    }

    /** Adds the gradients that its policy has gathered to those of another one's, and zeroes its own. */
    void giveGradients(Replica to) {
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> given = new ArrayList<>();
            List<Tensor> sums = new ArrayList<>();
            policy.parameters().forEach((name, leaf) -> {
                if (Autograd.hasGradient(leaf)) {
                    given.add(Autograd.gradient(leaf).to(to.device()));
                    sums.add(Autograd.gradient(to.policy.parameter(name)));
                }
            });
            Ops.addAllInPlace(sums, given);
        }
        Autograd.clear(policy.parameters().values());
    }

    @Override
    public void close() {
        denoiser.close();
        policy.close();
        average.close();
        reference.close();
        lagged.close();
    }
}
