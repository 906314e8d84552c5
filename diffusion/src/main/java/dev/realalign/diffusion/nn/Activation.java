package dev.realalign.diffusion.nn;

import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Activation functions under the names configurations use. */
public enum Activation {
    SILU(Ops::silu, "silu", "swish"),
    GELU(Ops::gelu, "gelu"),
    GELU_TANH(Ops::geluTanh, "gelu_new", "gelu_pytorch_tanh"),
    QUICK_GELU(Ops::quickGelu, "quick_gelu"),
    RELU(Ops::relu, "relu");

    private final UnaryOperator<Tensor> function;
    private final List<String> names;

    Activation(UnaryOperator<Tensor> function, String... names) {
        this.function = function;
        this.names = List.of(names);
    }

    /**
     * The activation of a configuration's name.
     *
     * @throws IllegalArgumentException if it is unknown; the message lists the known ones
     */
    public static Activation of(String name) {
        return Arrays.stream(values())
                .filter(activation -> activation.names.contains(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "the activation \"" + name + "\" is unknown; known are " + known()));
    }

    private static String known() {
        return Arrays.stream(values())
                .flatMap(activation -> activation.names.stream())
                .collect(Collectors.joining(", "));
    }

    public Tensor apply(Tensor x) {
        return function.apply(x);
    }
}
