package dev.realalign.diffusion.model;

import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import org.jspecify.annotations.Nullable;

/**
 * How a model is loaded.
 *
 * @param type what the networks compute in, whatever their files store; F32 or, with hardware for it, BF16
 * @param device where they compute
 * @param variant which of several stored precisions to read, {@code fp16}; null for the plain files, or the only ones there
 */
public record LoadOptions(ElementType type, Device device, @Nullable String variant) {
    /** F32 on the CPU. */
    public static final LoadOptions DEFAULT = new LoadOptions(ElementType.F32, Device.CPU, null);

    public LoadOptions {
        if (type == ElementType.F16 && device.isCpu()) {
            throw new IllegalArgumentException(
                    "F16 is not usable on the CPU (about a hundred times slower than F32): use F32 or BF16");
        }
        if (!type.isFloating()) {
            throw new IllegalArgumentException("networks compute in F32, BF16 or F16, not in " + type);
        }
    }

    /** The usual choice for a device: F32 on the CPU, BF16 on a GPU. */
    public static LoadOptions on(Device device) {
        return new LoadOptions(device.isCpu() ? ElementType.F32 : ElementType.BF16, device, null);
    }
}
