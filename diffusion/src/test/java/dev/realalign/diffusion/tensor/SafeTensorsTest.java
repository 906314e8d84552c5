package dev.realalign.diffusion.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.diffusion.ModelFormatException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafeTensorsTest {
    @TempDir
    Path folder;

    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @Test
    @DisplayName("the bytes written are exactly those of the format, and the same every time")
    void exactBytes() throws IOException {
        Path file = folder.resolve("a.safetensors");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("b", Tensor.of(new float[] {1}, 1));
        tensors.put("ids", Tensor.of(new long[] {2}));
        tensors.put("a", Tensor.of(new float[] {0.5f, -2}, 2, 1));
        SafeTensors.write(file, tensors, Map.of("z", "1", "format", "pt"));
        String header = "{\"__metadata__\":{\"format\":\"pt\",\"z\":\"1\"},"
                + "\"ids\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                + "\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[8,16]},"
                + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[16,20]}}";
        int padded = (header.length() + 7) / 8 * 8;
        byte[] bytes = Files.readAllBytes(file);
        assertThat(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong())
                .isEqualTo(padded);
        assertThat(new String(bytes, 8, padded, StandardCharsets.UTF_8))
                .isEqualTo(header + " ".repeat(padded - header.length()));
        assertThat(HexFormat.of().formatHex(bytes, 8 + padded, bytes.length))
                .isEqualTo("0200000000000000" + "0000003f" + "000000c0" + "0000803f");
        Path again = folder.resolve("again.safetensors");
        SafeTensors.write(again, tensors, Map.of("format", "pt", "z", "1"));
        assertThat(Files.readAllBytes(again)).isEqualTo(bytes);
    }

    @ParameterizedTest(name = "{0} is written and read back, also from an odd place in the file")
    @EnumSource(ElementType.class)
    void everyType(ElementType type) throws IOException {
        Path file = folder.resolve("t.safetensors");
        Tensor x = Tensor.of(new float[] {0, 1, 3, 7, 1, 0}, 2, 3).to(type);
        SafeTensors.write(file, Map.of("x", x), Map.of());
        try (SafeTensors read = SafeTensors.open(file)) {
            assertThat(read.entries().get("x")).hasToString(type + "[2, 3]");
            Tensor back = read.load("x");
            assertThat(back.type()).isEqualTo(type);
            assertThat(back.toFloats()).containsExactly(x.toFloats());
            assertThat(read.load("x", ElementType.F32).toFloats()).containsExactly(x.toFloats());
            read.close();
            assertThat(back.toFloats()).containsExactly(x.toFloats());
        }
        byte[] bytes = Files.readAllBytes(file);
        int dataBytes = 6 * type.bytes();
        String header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"x\":{\"dtype\":\""
                + type.safetensorsName() + "\",\"shape\":[2,3],\"data_offsets\":[1," + (1 + dataBytes) + "]}}";
        ByteBuffer odd =
                ByteBuffer.allocate(8 + header.length() + 1 + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        odd.putLong(header.length())
                .put(header.getBytes(StandardCharsets.US_ASCII))
                .put((byte) 9);
        odd.put(bytes, bytes.length - dataBytes, dataBytes);
        Files.write(file, odd.array());
        try (SafeTensors read = SafeTensors.open(file)) {
            assertThat(read.load("x").toFloats()).containsExactly(x.toFloats());
            assertThat(read.load("x").type()).isEqualTo(type);
            assertThat(read.load("a").toBytes()).containsExactly(9);
        }
    }

    @Test
    @DisplayName("scalars and empty tensors have a place")
    void emptyAndScalar() {
        Path file = folder.resolve("t.safetensors");
        SafeTensors.write(file, Map.of("none", Tensor.zeros(0, 4), "one", Tensor.scalar(3)), Map.of());
        try (SafeTensors read = SafeTensors.open(file)) {
            assertThat(read.load("none").shape()).containsExactly(0, 4);
            assertThat(read.load("one").shape()).isEmpty();
            assertThat(read.load("one").item()).isEqualTo(3);
            assertThat(read.metadata()).isEmpty();
            assertThatThrownBy(() -> read.load("two"))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessage(file + " cannot be used: it has no tensor 'two'");
        }
    }

    @Test
    @DisplayName("a transposed tensor is written in row-major order")
    void transposed() {
        Path file = folder.resolve("t.safetensors");
        SafeTensors.write(
                file,
                Map.of("x", Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3).transpose(0, 1)),
                Map.of());
        try (SafeTensors read = SafeTensors.open(file)) {
            assertThat(read.load("x").toFloats()).containsExactly(1, 4, 2, 5, 3, 6);
        }
    }

    @Test
    @DisplayName("a tensor beyond the second gigabyte is read without reading what lies before it")
    void large() throws IOException {
        Path file = folder.resolve("large.safetensors");
        long far = 3L << 30;
        String header = "{\"pad\":{\"dtype\":\"U8\",\"shape\":[" + far + "],\"data_offsets\":[0," + far + "]},"
                + "\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[" + far + "," + (far + 8) + "]}}";
        header += " ".repeat((8 - header.length() % 8) % 8);
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            ByteBuffer start = ByteBuffer.allocate(8 + header.length()).order(ByteOrder.LITTLE_ENDIAN);
            sparse.write(start.putLong(header.length())
                    .put(header.getBytes(StandardCharsets.US_ASCII))
                    .array());
            sparse.seek(8 + header.length() + far);
            sparse.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(1.5f)
                    .putFloat(-2)
                    .array());
        }
        try (SafeTensors read = SafeTensors.open(file)) {
            assertThat(read.load("x").toFloats()).containsExactly(1.5f, -2);
        }
    }

    static Stream<Arguments> lies() {
        return Stream.of(
                Arguments.of(
                        "negative offset",
                        "{'x':{'dtype':'F32','shape':[1],'data_offsets':[-4,0]}}",
                        4,
                        "x claims the bytes [-4,0] of 4"),
                Arguments.of(
                        "offset beyond the file",
                        "{'x':{'dtype':'F32','shape':[1],'data_offsets':[0,4000000000000]}}",
                        4,
                        "x claims the bytes [0,4000000000000] of 4"),
                Arguments.of(
                        "offset beyond a long",
                        "{'x':{'dtype':'F32','shape':[1],'data_offsets':[0,99999999999999999999]}}",
                        4,
                        "x claims the bytes [0,99999999999999999999] of 4"),
                Arguments.of(
                        "end before begin",
                        "{'x':{'dtype':'F32','shape':[1],'data_offsets':[4,0]}}",
                        4,
                        "x claims the bytes [4,0] of 4"),
                Arguments.of(
                        "fractional offset",
                        "{'x':{'dtype':'F32','shape':[1],'data_offsets':[0,4.5]}}",
                        8,
                        "x claims the bytes [0,4.5] of 8"),
                Arguments.of("no offsets", "{'x':{'dtype':'F32','shape':[1]}}", 4, "x claims the bytes"),
                Arguments.of(
                        "shape larger than its bytes",
                        "{'x':{'dtype':'F32','shape':[1000000000000],'data_offsets':[0,4]}}",
                        4,
                        "x, F32[1000000000000], does not fit the 4 bytes it claims"),
                Arguments.of(
                        "shape whose product overflows",
                        "{'x':{'dtype':'F32','shape':[4294967296,4294967296],'data_offsets':[0,4]}}",
                        4,
                        "does not fit the 4 bytes it claims"),
                Arguments.of(
                        "negative length",
                        "{'x':{'dtype':'F32','shape':[-1],'data_offsets':[0,4]}}",
                        4,
                        "x has the shape [-1]: lengths must be whole numbers from 0"),
                Arguments.of(
                        "unknown type",
                        "{'x':{'dtype':'F8_E4M3','shape':[4],'data_offsets':[0,4]}}",
                        4,
                        "x has element type 'F8_E4M3', which is not supported"),
                Arguments.of(
                        "overlap",
                        "{'x':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'y':{'dtype':'F32','shape':[1],'data_offsets':[2,6]}}",
                        6,
                        "y overlaps x: it begins at byte 2, before 4"),
                Arguments.of(
                        "gap",
                        "{'x':{'dtype':'U8','shape':[1],'data_offsets':[0,1]},'y':{'dtype':'U8','shape':[1],'data_offsets':[3,4]}}",
                        4,
                        "bytes 1 to 3 between x and y belong to no tensor"),
                Arguments.of(
                        "trailing bytes",
                        "{'x':{'dtype':'U8','shape':[1],'data_offsets':[0,1]}}",
                        4,
                        "3 bytes after x belong to no tensor"),
                Arguments.of(
                        "duplicate name",
                        "{'x':{'dtype':'U8','shape':[1],'data_offsets':[0,1]},'x':{'dtype':'U8','shape':[1],'data_offsets':[0,1]}}",
                        1,
                        "its header is not valid JSON: Duplicate field 'x'"),
                Arguments.of("not an object", "[1,2,3]", 0, "its header is not a JSON object"),
                Arguments.of("broken JSON", "{'x':", 0, "its header is not valid JSON"),
                Arguments.of("text after the object", "{} {}", 0, "its header is not valid JSON"),
                Arguments.of(
                        "metadata that is no text", "{'__metadata__':{'a':1}}", 0, "__metadata__.a is not a string"),
                Arguments.of(
                        "metadata that is no object",
                        "{'__metadata__':[]}",
                        0,
                        "__metadata__ is not an object of strings"));
    }

    @ParameterizedTest(name = "{0} is a clear error")
    @MethodSource("lies")
    void lyingHeaders(String name, String header, int dataBytes, String message) throws IOException {
        Path file = write(header.replace('\'', '"'), dataBytes);
        assertThatThrownBy(() -> SafeTensors.open(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith(file + " cannot be used: ")
                .hasMessageContaining(message);
    }

    @ParameterizedTest(name = "a header of {0} bytes is refused before anything is allocated")
    @ValueSource(longs = {1L << 40, Long.MAX_VALUE, -1, Long.MIN_VALUE, 100_000_001, 0, 200})
    void lyingLength(long length) throws IOException {
        Path file = folder.resolve("lying.safetensors");
        ByteBuffer bytes =
                ByteBuffer.allocate(100).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
        Files.write(file, bytes.array());
        assertThatThrownBy(() -> SafeTensors.open(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(file + " cannot be used: it is not a safetensors file: it announces a header of "
                        + Long.toUnsignedString(length) + " bytes, the file has 100 and the format allows 100000000");
    }

    @Test
    @DisplayName("all problems of a header are listed at once")
    void allAtOnce() throws IOException {
        Path file = write(
                "{\"x\":{\"dtype\":\"F4\",\"shape\":[1],\"data_offsets\":[0,4]},\"y\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
                4);
        assertThatThrownBy(() -> SafeTensors.open(file))
                .isInstanceOfSatisfying(ModelFormatException.class, e -> assertThat(e.problems())
                        .hasSize(2))
                .hasMessageStartingWith(file + " cannot be used: \n  - x has element type 'F4'");
    }

    @Test
    @DisplayName("a header that is not UTF-8, an empty file, a folder and a missing file are clear errors")
    void notSafetensors() throws IOException {
        Path file = folder.resolve("bad.safetensors");
        Files.write(file, new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', (byte) 0xff, '}'});
        assertThatThrownBy(() -> SafeTensors.open(file)).hasMessage(file + " cannot be used: its header is not UTF-8");
        Files.write(file, new byte[0]);
        assertThatThrownBy(() -> SafeTensors.open(file))
                .hasMessage(file + " cannot be used: it is not a safetensors file: 0 bytes are too few for a header");
        assertThatThrownBy(() -> SafeTensors.open(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("it cannot be read");
        Path missing = folder.resolve("no.safetensors");
        assertThatThrownBy(() -> SafeTensors.open(missing))
                .hasMessage(missing + " cannot be used: the file does not exist");
    }

    @ParameterizedTest(name = "{0} is refused with the way to convert it")
    @ValueSource(strings = {"model.bin", "model.ckpt", "model.PT", "model.pth"})
    void pickles(String name) {
        assertThatThrownBy(() -> SafeTensors.open(folder.resolve(name)))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("pickle files can run code when loaded and are refused")
                .hasMessageContaining("safetensors.torch.save_file(torch.load(\"" + name
                        + "\", weights_only=True), \"model.safetensors\")");
    }

    private Path write(String header, int dataBytes) throws IOException {
        Path file = folder.resolve("crafted.safetensors");
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        Files.write(
                file,
                ByteBuffer.allocate(8 + json.length + dataBytes)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(json.length)
                        .put(json)
                        .array());
        return file;
    }
}
