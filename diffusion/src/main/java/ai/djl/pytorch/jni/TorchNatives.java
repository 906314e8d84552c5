package ai.djl.pytorch.jni;

import ai.djl.Device;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * The few native calls the tensor layer is built on, by handle. It sits in DJL's package because DJL keeps its JNI facade
 * package-private and its public surface has no way to pass floats, integers and lists to a scripted method.
 *
 * <p>Left out on purpose: everything that takes a Java number as a tensor, and everything that takes an element type
 * outside DJL's table (bfloat16 and int16 there end the process).
 */
public final class TorchNatives {
    private static final PyTorchLibrary LIB = PyTorchLibrary.LIB;
    private static final int[] CPU = {0, -1};
    private static final int DENSE = 0;

    private TorchNatives() {}

    /** Compiles a TorchScript archive for the CPU; its methods run on whatever device their arguments are on. */
    public static long loadScript(byte[] archive) {
        try {
            return JniUtils.loadModuleHandle(new ByteArrayInputStream(archive), Device.cpu(), false, false);
        } catch (IOException e) {
            throw new UncheckedIOException("reading a TorchScript archive from memory", e);
        }
    }

    /**
     * Runs a scripted method on IValue handles. The thread's grad mode stays in force: the other choice DJL offers is
     * inference mode, whose results can never enter a later backward pass.
     */
    public static long runScript(long script, String method, long[] ivalues) {
        return LIB.moduleRunMethod(script, method, ivalues, true, false);
    }

    public static void setGraphExecutorOptimize(boolean enabled) {
        LIB.setGraphExecutorOptimize(enabled);
    }

    public static void setGradMode(boolean enabled) {
        LIB.torchSetGradMode(enabled);
    }

    public static void setThreads(int threads) {
        LIB.torchSetNumThreads(threads);
    }

    public static int threads() {
        return LIB.torchGetNumThreads();
    }

    public static long ivalueOfTensor(long tensor) {
        return LIB.iValueFromTensor(tensor);
    }

    public static long ivalueOfTensors(long[] tensors) {
        return LIB.iValueFromTensorList(tensors);
    }

    public static long ivalueOfLong(long value) {
        return LIB.iValueFromLong(value);
    }

    public static long ivalueOfLongs(long[] values) {
        return LIB.iValueFromLongList(values);
    }

    public static long ivalueOfDouble(double value) {
        return LIB.iValueFromDouble(value);
    }

    public static long ivalueOfBoolean(boolean value) {
        return LIB.iValueFromBool(value);
    }

    public static long ivalueOfString(String value) {
        return LIB.iValueFromString(value);
    }

    public static long ivalueToTensor(long ivalue) {
        return LIB.iValueToTensor(ivalue);
    }

    public static long[] ivalueToTensors(long ivalue) {
        return LIB.iValueToTensorList(ivalue);
    }

    public static long ivalueToLong(long ivalue) {
        return LIB.iValueToLong(ivalue);
    }

    public static double ivalueToDouble(long ivalue) {
        return LIB.iValueToDouble(ivalue);
    }

    public static boolean ivalueToBoolean(long ivalue) {
        return LIB.iValueToBool(ivalue);
    }

    public static void deleteIvalue(long ivalue) {
        LIB.torchDeleteIValue(ivalue);
    }

    /**
     * Copies a direct buffer into a new tensor. The intermediate tensor that aliases the buffer never leaves this method.
     *
     * @param djlType DJL's own code of the element type, 0 to 7
     */
    public static long copyOf(ByteBuffer direct, long[] shape, int djlType) {
        long alias = LIB.torchFromBlob(direct, shape, djlType, DENSE, CPU, false);
        try {
            return LIB.tensorClone(alias);
        } finally {
            LIB.torchDeleteTensor(alias);
        }
    }

    /** The elements of a tensor in row-major order, as native-order bytes; works for every element type. */
    public static byte[] bytes(long tensor) {
        return LIB.torchDataPtr(tensor);
    }

    public static long[] shape(long tensor) {
        return LIB.torchSizes(tensor);
    }

    public static void delete(long tensor) {
        LIB.torchDeleteTensor(tensor);
    }

    public static void setRequiresGrad(long tensor, boolean required) {
        LIB.torchAttachGrad(tensor, required);
    }

    /** Whether the tensor is a leaf that gathers gradients. */
    public static boolean isTrainableLeaf(long tensor) {
        return LIB.torchRequiresGrad(tensor);
    }

    /** A handle to the gathered gradient, or 0 where there is none. */
    public static long gradient(long tensor) {
        return LIB.torchGrad(tensor);
    }

    public static long detach(long tensor) {
        return LIB.torchDetachGrad(tensor);
    }

    public static long add(long a, long b) {
        return LIB.torchAdd(a, b);
    }

    public static long sub(long a, long b) {
        return LIB.torchSub(a, b);
    }

    public static long mul(long a, long b) {
        return LIB.torchMul(a, b);
    }

    public static long div(long a, long b) {
        return LIB.torchTrueDivide(a, b);
    }

    public static long matmul(long a, long b) {
        return LIB.torchMatmul(a, b);
    }

    public static long reshape(long tensor, long[] shape) {
        return LIB.torchReshape(tensor, shape);
    }

    public static long expand(long tensor, long[] shape) {
        return LIB.torchExpand(tensor, shape);
    }

    public static long permute(long tensor, long[] axes) {
        return LIB.torchPermute(tensor, axes);
    }

    public static long transpose(long tensor, long a, long b) {
        return LIB.torchTranspose(tensor, a, b);
    }

    public static long slice(long tensor, long axis, long start, long end) {
        return LIB.torchSlice(tensor, axis, start, end, 1);
    }

    public static long concatenate(long[] tensors, long axis) {
        return LIB.torchCat(tensors, axis);
    }

    public static long stack(long[] tensors, long axis) {
        return LIB.torchStack(tensors, axis);
    }
}
