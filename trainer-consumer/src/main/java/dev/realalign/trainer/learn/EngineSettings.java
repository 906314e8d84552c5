package dev.realalign.trainer.learn;

import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Where and in what precision a network trains.
 *
 * @param devices a replica of the network on each; the CPU may stand there several times, every other device once
 * @param baseType what the frozen network computes in; adapters, gradients, losses and optimizer are F32 always
 * @param checkpointing whether blocks forget their intermediates and compute them again in the backward pass
 */
public record EngineSettings(List<Device> devices, ElementType baseType, boolean checkpointing) {
    /** One replica in F32 on the CPU. */
    public static final EngineSettings DEFAULT = new EngineSettings(List.of(Device.CPU), ElementType.F32, false);

    /** How configuration writes the devices. */
    public static final String DEVICES_FORM =
            "one or more of cpu and cuda:N, separated by commas; cpu may stand there several times";

    /** @throws IllegalArgumentException if no device is given, or a GPU twice */
    public EngineSettings {
        devices = List.copyOf(devices);
        if (devices.isEmpty()) {
            throw new IllegalArgumentException("at least one device must be given, such as cpu");
        }
        Set<Device> seen = new LinkedHashSet<>();
        for (Device device : devices) {
            if (!seen.add(device) && !device.isCpu()) {
                throw new IllegalArgumentException(
                        device + " stands there twice, but a GPU takes one replica: name each GPU once");
            }
        }
    }

    /**
     * Reads devices as configuration writes them.
     *
     * @throws IllegalArgumentException saying what is wrong
     */
    public static List<Device> devices(List<String> names) {
        List<Device> devices = names.stream().map(Device::new).toList();
        return new EngineSettings(devices, ElementType.F32, false).devices();
    }

    /** How the model of the first replica is loaded. */
    public LoadOptions loadOptions() {
        return new LoadOptions(baseType, devices.get(0), null);
    }
}
