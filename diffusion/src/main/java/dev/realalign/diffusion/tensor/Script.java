package dev.realalign.diffusion.tensor;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.jni.TorchNatives;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A library of TorchScript functions written as text, compiled in memory.
 *
 * <p>DJL exposes a part of libtorch only; a scripted function reaches the rest (attention, group normalisation, seeded generators, the fused
 * optimizer) and takes numbers by value, where DJL's own number operations alias Java memory that the garbage collector frees before the backward
 * pass. Functions are written in the serialised dialect: {@code torch.op(args)} calls, {@code ops.prim.dtype(x)} for the element type.
 *
 * <pre>{@code
 * Script script = Script.compile("""
 *     def silu(x: Tensor) -> Tensor:
 *       return torch.silu(x)
 *     """);
 * Tensor y = script.run("silu", x);
 * }</pre>
 *
 * <p>Arguments: {@link Tensor}, {@code List<Tensor>}, {@code int}/{@code long}, {@code double}, {@code boolean}, {@code String},
 * {@code long[]}, and null for an {@code Optional[...]}. A script lives as long as the process, and runs on any thread.
 */
public final class Script {
    /** The archive version whose schemas match this libtorch; older ones run through upgraders that reject current arguments. */
    private static final String ARCHIVE_VERSION = "10\n";

    private final long handle;

    private Script(long handle) {
        this.handle = handle;
    }

    /**
     * Compiles functions.
     *
     * @param functions lines of {@code def name(arguments) -> type:} and their indented bodies
     * @throws TensorException if libtorch does not accept the text; the message says where
     */
    public static Script compile(String functions) {
        TorchEngine.state();
        try {
            return new Script(TorchNatives.loadScript(archive(functions)));
        } catch (RuntimeException e) {
            throw new TensorException("TorchScript does not compile: " + e.getMessage(), e);
        }
    }

    /** Runs a function that returns one tensor. */
    public Tensor run(String function, @Nullable Object... arguments) {
        long result = invoke(function, arguments);
        try {
            return Tensor.adopt(TorchNatives.ivalueToTensor(result));
        } finally {
            TorchNatives.deleteIvalue(result);
        }
    }

    /** Runs a function that returns a list of tensors. */
    public List<Tensor> runForList(String function, @Nullable Object... arguments) {
        long result = invoke(function, arguments);
        try {
            return Arrays.stream(TorchNatives.ivalueToTensors(result))
                    .mapToObj(Tensor::adopt)
                    .toList();
        } finally {
            TorchNatives.deleteIvalue(result);
        }
    }

    /** Runs a function that returns nothing. */
    public void runForEffect(String function, @Nullable Object... arguments) {
        TorchNatives.deleteIvalue(invoke(function, arguments));
    }

    /** Runs a function that returns an int. */
    public long runForLong(String function, @Nullable Object... arguments) {
        long result = invoke(function, arguments);
        try {
            return TorchNatives.ivalueToLong(result);
        } finally {
            TorchNatives.deleteIvalue(result);
        }
    }

    /** Runs a function that returns a float (64 bits in TorchScript). */
    public double runForDouble(String function, @Nullable Object... arguments) {
        long result = invoke(function, arguments);
        try {
            return TorchNatives.ivalueToDouble(result);
        } finally {
            TorchNatives.deleteIvalue(result);
        }
    }

    /** Runs a function that returns a bool. */
    public boolean runForBoolean(String function, @Nullable Object... arguments) {
        long result = invoke(function, arguments);
        try {
            return TorchNatives.ivalueToBoolean(result);
        } finally {
            TorchNatives.deleteIvalue(result);
        }
    }

    private long invoke(String function, @Nullable Object... arguments) {
        TorchEngine.state();
        long[] values = new long[arguments.length];
        int made = 0;
        try {
            for (; made < arguments.length; made++) {
                values[made] = ivalue(arguments[made]);
            }
            return TorchNatives.runScript(handle, function, values);
        } catch (EngineException e) {
            throw new TensorException(describe(function, arguments, e), e);
        } finally {
            for (int i = 0; i < made; i++) {
                if (arguments[i] != null) {
                    TorchNatives.deleteIvalue(values[i]);
                }
            }
        }
    }

    private static long ivalue(@Nullable Object argument) {
        if (argument == null) {
            return None.IVALUE;
        } else if (argument instanceof Tensor tensor) {
            return TorchNatives.ivalueOfTensor(tensor.handle());
        } else if (argument instanceof Integer || argument instanceof Long) {
            return TorchNatives.ivalueOfLong(((Number) argument).longValue());
        } else if (argument instanceof Double || argument instanceof Float) {
            return TorchNatives.ivalueOfDouble(((Number) argument).doubleValue());
        } else if (argument instanceof Boolean value) {
            return TorchNatives.ivalueOfBoolean(value);
        } else if (argument instanceof String value) {
            return TorchNatives.ivalueOfString(value);
        } else if (argument instanceof long[] values) {
            return TorchNatives.ivalueOfLongs(values);
        } else if (argument instanceof List<?> list) {
            return TorchNatives.ivalueOfTensors(
                    list.stream().mapToLong(item -> ((Tensor) item).handle()).toArray());
        }
        throw new IllegalArgumentException(
                "a script takes no " + argument.getClass().getName());
    }

    /** The value None, which DJL cannot make: a script returns it once for the whole process. */
    private static final class None {
        static final long IVALUE = compile(
                        """
                        def none() -> Optional[Tensor]:
                          return None
                        """)
                .invoke("none");
    }

    private static String describe(String function, @Nullable Object[] arguments, RuntimeException e) {
        List<String> shown = new ArrayList<>();
        for (Object argument : arguments) {
            if (argument instanceof List<?> list) {
                shown.add(list.size() > 4 ? "list of " + list.size() + " tensors" : list.toString());
            } else if (argument instanceof long[] values) {
                shown.add(Arrays.toString(values));
            } else {
                shown.add(String.valueOf(argument));
            }
        }
        return function + "(" + String.join(", ", shown) + ") failed: " + reason(e);
    }

    /** What libtorch said, without the interpreter's traceback around it. */
    static String reason(RuntimeException e) {
        String text = String.valueOf(e.getMessage());
        int at = text.lastIndexOf("RuntimeError: ");
        return (at < 0 ? text : text.substring(at + "RuntimeError: ".length())).strip();
    }

    private static byte[] archive(String functions) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.setMethod(ZipOutputStream.STORED);
            put(zip, "ops/data.pkl", moduleObject());
            put(zip, "ops/code/__torch__.py", moduleSource(functions).getBytes(StandardCharsets.UTF_8));
            put(zip, "ops/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'}); // protocol 2, empty tuple
            put(zip, "ops/version", ARCHIVE_VERSION.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException("writing an archive to memory", e);
        }
        return out.toByteArray();
    }

    /** Pickle of {@code __torch__.Ops} with its one attribute, {@code training = True}. */
    private static byte[] moduleObject() {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.writeBytes(new byte[] {(byte) 0x80, 2, 'c'}); // protocol 2, GLOBAL
        pickle.writeBytes("__torch__\nOps\n".getBytes(StandardCharsets.US_ASCII));
        pickle.writeBytes(
                new byte[] {')', (byte) 0x81, '}', '(', 'X', 8, 0, 0, 0}); // new object, dict, mark, string of 8
        pickle.writeBytes("training".getBytes(StandardCharsets.US_ASCII));
        pickle.writeBytes(new byte[] {(byte) 0x88, 'u', 'b', '.'}); // true, set items, build, stop
        return pickle.toByteArray();
    }

    private static String moduleSource(String functions) {
        StringBuilder source =
                new StringBuilder("class Ops(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n");
        for (String line : functions.lines().toList()) {
            String withSelf = line.startsWith("def ")
                    ? line.replaceFirst("\\(\\)", "(self: __torch__.Ops)")
                            .replaceFirst("\\((?!self)", "(self: __torch__.Ops, ")
                    : line;
            source.append("  ").append(withSelf).append('\n');
        }
        return source.toString();
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 checksum = new CRC32();
        checksum.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setSize(content.length);
        entry.setCompressedSize(content.length);
        entry.setCrc(checksum.getValue());
        entry.setTime(0);
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
