package dev.realalign.diffusion.tensor;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.jni.TorchNatives;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongBinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A native n-dimensional array.
 *
 * <p>A tensor lives in the {@link TensorScope} that is innermost on its thread when it is made; without one, whoever made it closes it. Operations
 * return new tensors, except those whose name ends in {@code InPlace}. Data from Java arrays is always copied: a tensor never aliases memory the
 * garbage collector owns. Not thread-safe; a tensor outside any scope may be handed from one thread to another.
 */
public final class Tensor implements AutoCloseable {
    private static final AtomicLong LIVE = new AtomicLong();

    /** The scope this tensor lives in and its place in that scope's list: the scope's to write. */
    @Nullable
    TensorScope scope;

    int slot;

    private long handle;
    private long @Nullable [] shape;
    private @Nullable ElementType type;

    private Tensor(long handle) {
        this.handle = handle;
        LIVE.incrementAndGet();
        TensorScope current = TorchEngine.state().scope;
        if (current != null) {
            current.adopt(this);
        }
    }

    /** Takes ownership of a native tensor. */
    static Tensor adopt(long handle) {
        return new Tensor(handle);
    }

    long handle() {
        if (handle == 0) {
            throw new IllegalStateException("this tensor" + (shape == null ? "" : " of shape " + Arrays.toString(shape))
                    + " is closed: its TensorScope has ended; keep it in the scope around");
        }
        return handle;
    }

    /** How many tensors of this process are open; in a steady state it does not grow. */
    public static long liveCount() {
        return LIVE.get();
    }

    // ---- making tensors -------------------------------------------------------------------------------------------

    /**
     * A copy of an array, as F32.
     *
     * @param shape its product is the array's length; left out, the tensor has one axis
     */
    public static Tensor of(float[] values, long... shape) {
        return copied(values.length, ElementType.F32, shape, bytes -> bytes.asFloatBuffer()
                .put(values));
    }

    /** A copy of an array, as F64. */
    public static Tensor of(double[] values, long... shape) {
        return copied(values.length, ElementType.F64, shape, bytes -> bytes.asDoubleBuffer()
                .put(values));
    }

    /** A copy of an array, as I64. */
    public static Tensor of(long[] values, long... shape) {
        return copied(values.length, ElementType.I64, shape, bytes -> bytes.asLongBuffer()
                .put(values));
    }

    /** A copy of an array, as I32. */
    public static Tensor of(int[] values, long... shape) {
        return copied(values.length, ElementType.I32, shape, bytes -> bytes.asIntBuffer()
                .put(values));
    }

    /** A copy of an array, as U8. */
    public static Tensor of(byte[] values, long... shape) {
        return copied(values.length, ElementType.U8, shape, bytes -> bytes.put(values));
    }

    /** A tensor of no axes. */
    public static Tensor scalar(double value) {
        return full(value, ElementType.F32);
    }

    private static Tensor copied(int length, ElementType type, long[] shape, Consumer<ByteBuffer> fill) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(Math.multiplyExact(length, type.bytes()))
                .order(ByteOrder.nativeOrder());
        fill.accept(bytes);
        return ofBytes(bytes, type, shape.length == 0 ? new long[] {length} : shape);
    }

    /**
     * A copy of a whole direct buffer in native byte order.
     *
     * @throws IllegalArgumentException if its size is not that of the shape, or for BF16 and I16
     */
    static Tensor ofBytes(ByteBuffer direct, ElementType type, long... shape) {
        ByteBuffer whole = direct.slice(0, direct.capacity());
        long expected = Math.multiplyExact(count(shape), type.bytes());
        if (expected != whole.capacity()) {
            throw new IllegalArgumentException("shape " + Arrays.toString(shape) + " of " + type + " takes " + expected
                    + " bytes, not " + whole.capacity());
        }
        TorchEngine.state();
        Tensor tensor = new Tensor(TorchNatives.copyOf(whole, shape, type.djlCode()));
        Reference.reachabilityFence(direct);
        return tensor;
    }

    /** All zeros, F32. */
    public static Tensor zeros(long... shape) {
        return full(0, ElementType.F32, shape);
    }

    /** All of one value. */
    public static Tensor full(double value, ElementType type, long... shape) {
        return Ops.LIBRARY.run("full", shape, value, type.torchCode());
    }

    /** Standard normal draws, F32, a function of the seed alone: the generator is made for this call. */
    public static Tensor randn(long seed, long... shape) {
        return Ops.LIBRARY.run("randn", shape, seed);
    }

    /** Uniform draws in [low, high), F32, a function of the seed alone. */
    public static Tensor uniform(long seed, double low, double high, long... shape) {
        return Ops.LIBRARY.run("uniform", shape, seed, low, high);
    }

    /** 0, 1, ..., n - 1 as I64. */
    public static Tensor arange(long n) {
        return Ops.LIBRARY.run("arange", n);
    }

    // ---- looking --------------------------------------------------------------------------------------------------

    /** The length of each axis; the caller owns the array. */
    public long[] shape() {
        return lengths().clone();
    }

    private long[] lengths() {
        if (shape == null) {
            shape = TorchNatives.shape(handle());
        }
        return shape;
    }

    /** The length of one axis; negative axes count from the end. */
    public long size(int axis) {
        long[] lengths = lengths();
        int at = axis < 0 ? axis + lengths.length : axis;
        if (at < 0 || at >= lengths.length) {
            throw new IllegalArgumentException("shape " + Arrays.toString(lengths) + " has no axis " + axis);
        }
        return lengths[at];
    }

    /** The number of axes. */
    public int rank() {
        return lengths().length;
    }

    /** The number of elements. */
    public long count() {
        return count(lengths());
    }

    static long count(long[] shape) {
        long n = 1;
        for (long length : shape) {
            n = Math.multiplyExact(n, length);
        }
        return n;
    }

    public ElementType type() {
        if (type == null) {
            type = ElementType.ofTorchCode(Ops.LIBRARY.runForLong("type_of", this));
        }
        return type;
    }

    public Device device() {
        return Ops.LIBRARY.runForBoolean("is_cpu", this)
                ? Device.CPU
                : Device.cuda((int) Ops.LIBRARY.runForLong("device_index", this));
    }

    /** All elements in row-major order, converted to float. */
    public float[] toFloats() {
        float[] values = new float[Math.toIntExact(count())];
        bytesAs(ElementType.F32).asFloatBuffer().get(values);
        return values;
    }

    /** All elements in row-major order, converted to double. */
    public double[] toDoubles() {
        double[] values = new double[Math.toIntExact(count())];
        bytesAs(ElementType.F64).asDoubleBuffer().get(values);
        return values;
    }

    /** All elements in row-major order, converted to long (fractions are cut). */
    public long[] toLongs() {
        long[] values = new long[Math.toIntExact(count())];
        bytesAs(ElementType.I64).asLongBuffer().get(values);
        return values;
    }

    /** All elements in row-major order, converted to unsigned bytes (fractions are cut). */
    public byte[] toBytes() {
        return bytesAs(ElementType.U8).array();
    }

    /** The one element of a tensor that has just one. */
    public double item() {
        if (count() != 1) {
            throw new IllegalArgumentException(
                    "item() is for one element, not for shape " + Arrays.toString(lengths()));
        }
        return Ops.LIBRARY.runForDouble("item", this);
    }

    private ByteBuffer bytesAs(ElementType wanted) {
        try (TensorScope reading = TensorScope.open()) {
            return ByteBuffer.wrap(to(Device.CPU).to(wanted).rawBytes()).order(ByteOrder.nativeOrder());
        }
    }

    /** The elements in row-major order as they lie in memory, for any type; under 2 GiB. */
    byte[] rawBytes() {
        return TorchNatives.bytes(handle());
    }

    /** Whether every element is finite. */
    public boolean isFinite() {
        return Ops.LIBRARY.runForBoolean("is_finite", this);
    }

    /** Whether backward passes through this tensor: a leaf whose gradient is wanted, or computed from one while recording. */
    public boolean requiresGrad() {
        return Ops.LIBRARY.runForBoolean("requires_grad", this);
    }

    /** Another handle on the very same tensor: closing one leaves the other. */
    Tensor alias() {
        long value = TorchNatives.ivalueOfTensor(handle());
        try {
            return adopt(TorchNatives.ivalueToTensor(value));
        } finally {
            TorchNatives.deleteIvalue(value);
        }
    }

    // ---- lifetime -------------------------------------------------------------------------------------------------

    /** Takes this tensor out of every scope: it lives until it is closed. For weights and caches. */
    public Tensor unscoped() {
        if (scope != null) {
            scope.forget(this);
        }
        return this;
    }

    /** Frees the native array at once instead of at the end of its scope. Closing twice does nothing. */
    @Override
    public void close() {
        if (handle == 0) {
            return;
        }
        if (scope != null) {
            scope.forget(this);
        }
        long freed = handle;
        handle = 0;
        LIVE.decrementAndGet();
        TorchNatives.delete(freed);
    }

    public boolean isClosed() {
        return handle == 0;
    }

    // ---- arithmetic, element by element, with broadcasting
    // -----------------------------------------------------------

    public Tensor add(Tensor other) {
        return binary("add", other, TorchNatives::add);
    }

    public Tensor sub(Tensor other) {
        return binary("sub", other, TorchNatives::sub);
    }

    public Tensor mul(Tensor other) {
        return binary("mul", other, TorchNatives::mul);
    }

    public Tensor div(Tensor other) {
        return binary("div", other, TorchNatives::div);
    }

    /** Matrix product over the last two axes; the axes before them broadcast. */
    public Tensor matmul(Tensor other) {
        return binary("matmul", other, TorchNatives::matmul);
    }

    public Tensor add(double number) {
        return Ops.LIBRARY.run("add_number", this, number);
    }

    public Tensor mul(double number) {
        return Ops.LIBRARY.run("mul_number", this, number);
    }

    /** {@code this + factor * other}. */
    public Tensor addScaled(Tensor other, double factor) {
        return Ops.LIBRARY.run("add_scaled", this, other, factor);
    }

    public Tensor neg() {
        return mul(-1);
    }

    public Tensor square() {
        return Ops.LIBRARY.run("square", this);
    }

    public Tensor sqrt() {
        return Ops.LIBRARY.run("sqrt", this);
    }

    public Tensor exp() {
        return Ops.LIBRARY.run("exp", this);
    }

    public Tensor log() {
        return Ops.LIBRARY.run("log", this);
    }

    public Tensor sin() {
        return Ops.LIBRARY.run("sin", this);
    }

    public Tensor cos() {
        return Ops.LIBRARY.run("cos", this);
    }

    public Tensor abs() {
        return Ops.LIBRARY.run("abs", this);
    }

    public Tensor clamp(double low, double high) {
        return Ops.LIBRARY.run("clamp", this, low, high);
    }

    /** Element-wise equality, as BOOL. */
    public Tensor eq(Tensor other) {
        return Ops.LIBRARY.run("eq", this, other);
    }

    // ---- sums -----------------------------------------------------------------------------------------------------

    /** The sum of all elements, a tensor of no axes. */
    public Tensor sum() {
        return Ops.LIBRARY.run("sum_all", this);
    }

    /** The mean of all elements, a tensor of no axes. */
    public Tensor mean() {
        return Ops.LIBRARY.run("mean_all", this);
    }

    /** Sums over axes, which keep length 1 if asked. */
    public Tensor sum(boolean keepAxes, long... axes) {
        return Ops.LIBRARY.run("sum", this, axes, keepAxes);
    }

    /** Means over axes, which keep length 1 if asked. */
    public Tensor mean(boolean keepAxes, long... axes) {
        return Ops.LIBRARY.run("mean", this, axes, keepAxes);
    }

    /** The largest element, a tensor of no axes. */
    public Tensor max() {
        return Ops.LIBRARY.run("max", this);
    }

    /** The smallest element, a tensor of no axes. */
    public Tensor min() {
        return Ops.LIBRARY.run("min", this);
    }

    /** The index of the largest element along an axis (the first of equals), as I64. */
    public Tensor argmax(int axis) {
        return Ops.LIBRARY.run("argmax", this, axis);
    }

    // ---- shape ----------------------------------------------------------------------------------------------------

    /** The same elements in another shape; one axis may be -1. Shares memory where the layout allows. */
    public Tensor reshape(long... newShape) {
        return unary("reshape", h -> TorchNatives.reshape(h, newShape));
    }

    /** Stretches axes of length 1 without copying. */
    public Tensor expand(long... newShape) {
        return unary("expand", h -> TorchNatives.expand(h, newShape));
    }

    /** Reorders the axes without copying. */
    public Tensor permute(long... axes) {
        return unary("permute", h -> TorchNatives.permute(h, axes));
    }

    /** Swaps two axes without copying. */
    public Tensor transpose(int a, int b) {
        return unary("transpose", h -> TorchNatives.transpose(h, a, b));
    }

    /** Elements {@code start} (inclusive) to {@code end} (exclusive) along an axis, without copying. */
    public Tensor slice(int axis, long start, long end) {
        return unary("slice", h -> TorchNatives.slice(h, axis, start, end));
    }

    /** Adds an axis of length 1. */
    public Tensor unsqueeze(int axis) {
        return Ops.LIBRARY.run("unsqueeze", this, axis);
    }

    /** Drops an axis of length 1. */
    public Tensor squeeze(int axis) {
        return Ops.LIBRARY.run("squeeze", this, axis);
    }

    /** Entries along an axis in the order of an I64 index; an index may repeat. */
    public Tensor indexSelect(int axis, Tensor index) {
        return Ops.LIBRARY.run("index_select", this, axis, index);
    }

    /** The same elements, row-major in memory. */
    public Tensor contiguous() {
        return Ops.LIBRARY.run("contiguous", this);
    }

    /** A copy that shares nothing with this tensor; backward passes through it. */
    public Tensor copy() {
        return Ops.LIBRARY.run("copy", this);
    }

    /** The same memory, seen as a constant by backward. */
    public Tensor detach() {
        return adopt(TorchNatives.detach(handle()));
    }

    /** Converts the element type; the same tensor memory where nothing changes. */
    public Tensor to(ElementType wanted) {
        return wanted == type() ? this : Ops.LIBRARY.run("to_type", this, wanted.torchCode());
    }

    /** Moves to a device; this tensor itself where it is there already. */
    public Tensor to(Device wanted) {
        return wanted.equals(device()) ? this : Ops.LIBRARY.run("to_device", this, wanted.name());
    }

    // ---- in place -------------------------------------------------------------------------------------------------

    /** Overwrites the elements with those of another tensor of the same shape, converting the type. */
    public void assignInPlace(Tensor source) {
        if (!Arrays.equals(lengths(), source.lengths())) {
            throw new IllegalArgumentException(
                    "cannot assign shape " + Arrays.toString(source.lengths()) + " to " + Arrays.toString(lengths()));
        }
        Autograd.withoutGrad(() -> Ops.LIBRARY.runForEffect("assign_in_place", this, source));
    }

    /** {@code this = this * own + other * factor}: exponential averages, accumulation. */
    public void blendInPlace(double own, Tensor other, double factor) {
        Autograd.withoutGrad(() -> Ops.LIBRARY.runForEffect("blend_in_place", this, own, other, factor));
    }

    /** {@code this = this * factor}. */
    public void scaleInPlace(double factor) {
        Autograd.withoutGrad(() -> Ops.LIBRARY.runForEffect("scale_in_place", this, factor));
    }

    // ---------------------------------------------------------------------------------------------------------------

    /** Marks this tensor as a leaf whose gradient is wanted. */
    public Tensor requireGrad() {
        TorchNatives.setRequiresGrad(handle(), true);
        return this;
    }

    @Override
    public String toString() {
        return handle == 0 ? "closed tensor" : type() + Arrays.toString(lengths());
    }

    private interface Unary {
        long apply(long handle);
    }

    private Tensor unary(String name, Unary operation) {
        long own = handle();
        TorchEngine.state();
        try {
            return new Tensor(operation.apply(own));
        } catch (EngineException e) {
            throw new TensorException(name + " of " + this + " failed: " + Script.reason(e), e);
        }
    }

    private Tensor binary(String name, Tensor other, LongBinaryOperator operation) {
        long own = handle();
        long others = other.handle();
        TorchEngine.state();
        try {
            return new Tensor(operation.applyAsLong(own, others));
        } catch (EngineException e) {
            throw new TensorException(name + "(" + this + ", " + other + ") failed: " + Script.reason(e), e);
        }
    }
}
