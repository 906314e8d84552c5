package dev.realalign.diffusion.tensor;

/**
 * Where a tensor's memory lies.
 *
 * @param name torch's name of it: {@code cpu} or {@code cuda:N}
 */
public record Device(String name) {
    public static final Device CPU = new Device("cpu");

    public Device {
        if (!name.equals("cpu") && !name.matches("cuda:[0-9]+")) {
            throw new IllegalArgumentException("device '" + name + "' is unknown: use cpu or cuda:N");
        }
    }

    /** The GPU of this index. */
    public static Device cuda(int index) {
        return new Device("cuda:" + index);
    }

    /** Whether this process can put a tensor there: the engine was built for such devices and finds this one. */
    public boolean isUsable() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor.full(0, ElementType.F32).to(this);
            return true;
        } catch (TensorException notThere) {
            return false;
        }
    }

    public boolean isCpu() {
        return name.equals("cpu");
    }

    @Override
    public String toString() {
        return name;
    }
}
