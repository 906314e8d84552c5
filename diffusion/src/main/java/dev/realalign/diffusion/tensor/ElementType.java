package dev.realalign.diffusion.tensor;

import java.util.Arrays;
import java.util.Optional;

/** Element types of tensors and of safetensors files. */
public enum ElementType {
    F32("F32", 4, 6, 0),
    F64("F64", 8, 7, 1),
    F16("F16", 2, 5, 2),
    BF16("BF16", 2, 15, ElementType.NOT_IN_DJL),
    I64("I64", 8, 4, 6),
    I32("I32", 4, 3, 4),
    I16("I16", 2, 2, ElementType.NOT_IN_DJL),
    I8("I8", 1, 1, 5),
    U8("U8", 1, 0, 3),
    BOOL("BOOL", 1, 11, 7);

    /** DJL's JNI ends the process when it meets a type it has no code for, so such types only pass through scripts. */
    static final int NOT_IN_DJL = -1;

    private static final ElementType[] BY_TORCH_CODE = new ElementType[16];

    static {
        for (ElementType type : values()) {
            BY_TORCH_CODE[type.torchCode] = type;
        }
    }

    private final String safetensorsName;
    private final int bytes;
    private final int torchCode;
    private final int djlCode;

    ElementType(String safetensorsName, int bytes, int torchCode, int djlCode) {
        this.safetensorsName = safetensorsName;
        this.bytes = bytes;
        this.torchCode = torchCode;
        this.djlCode = djlCode;
    }

    /** The name in a safetensors header. */
    public String safetensorsName() {
        return safetensorsName;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** Whether values have a fraction. */
    public boolean isFloating() {
        return this == F32 || this == F64 || this == F16 || this == BF16;
    }

    /** The type a safetensors header names, if it is one of these. */
    public static Optional<ElementType> ofSafetensorsName(String name) {
        return Arrays.stream(values())
                .filter(type -> type.safetensorsName.equals(name))
                .findFirst();
    }

    int torchCode() {
        return torchCode;
    }

    int djlCode() {
        if (djlCode == NOT_IN_DJL) {
            throw new IllegalArgumentException(
                    this + " tensors cannot be made from Java memory directly; make F32 and convert");
        }
        return djlCode;
    }

    static ElementType ofTorchCode(long code) {
        ElementType type = code >= 0 && code < BY_TORCH_CODE.length ? BY_TORCH_CODE[(int) code] : null;
        if (type == null) {
            throw new IllegalStateException("torch element type " + code + " is not supported");
        }
        return type;
    }
}
