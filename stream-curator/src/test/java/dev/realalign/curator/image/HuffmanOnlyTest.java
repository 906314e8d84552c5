package dev.realalign.curator.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class HuffmanOnlyTest {

    static Stream<Arguments> data() {
        byte[] noise = new byte[200_000];
        new Random(3).nextBytes(noise);
        byte[] everyByte = new byte[256];
        for (int i = 0; i < 256; i++) {
            everyByte[i] = (byte) i;
        }
        return Stream.of(
                arguments("nothing", new byte[0]),
                arguments("one byte", new byte[] {7}),
                arguments("one value", new byte[100_000]),
                arguments("two values", alternating(65_537)),
                arguments("every value once", everyByte),
                arguments("a whole block", new byte[1 << 15]),
                arguments("a block and a byte", new byte[(1 << 15) + 1]),
                arguments("noise", noise),
                arguments("counts of Fibonacci, whose codes would be too long", fibonacci(23)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("data")
    void the_jdks_inflater_finds_the_same_bytes(String description, byte[] data) throws Exception {
        Inflater inflater = new Inflater();
        inflater.setInput(HuffmanOnly.zlib(data).zlib());
        byte[] found = new byte[data.length + 1];
        int count = 0;
        while (!inflater.finished()) {
            int step = inflater.inflate(found, count, found.length - count);
            assertThat(step > 0 || inflater.finished()).as(description).isTrue();
            count += step;
        }

        assertThat(Arrays.copyOf(found, count)).isEqualTo(data);
        assertThat(inflater.getRemaining()).isZero();
    }

    @Test
    void the_bytes_are_these_on_every_machine() {
        byte[] packed = HuffmanOnly.zlib("abracadabra".getBytes(StandardCharsets.US_ASCII))
                .zlib();

        assertThat(HexFormat.of().formatHex(packed))
                .isEqualTo("780105e10190244992244902000000000000000000000000000000000000000000000000000000000000000000"
                        + "000000000000000000000000000000b20800000000000030000000000000000000000000000000000000000000"
                        + "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                        + "0000000030a2d479a90119f20455");
    }

    @Test
    void residuals_of_a_picture_are_as_small_as_by_zlibs_strategy_of_that_name() {
        byte[] data = new byte[512 * 513 * 3];
        Random residuals = new Random(11);
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) Math.round(6 * residuals.nextGaussian());
        }
        Deflater zlib = new Deflater();
        zlib.setStrategy(Deflater.HUFFMAN_ONLY);
        zlib.setInput(data);
        zlib.finish();
        int zlibs = 0;
        while (!zlib.finished()) {
            zlibs += zlib.deflate(new byte[1 << 16]);
        }
        zlib.end();

        assertThat(HuffmanOnly.zlib(data).zlib().length).isLessThan((int) (1.02 * zlibs));
    }

    private static byte[] alternating(int length) {
        byte[] data = new byte[length];
        for (int i = 0; i < length; i += 2) {
            data[i] = 1;
        }
        return data;
    }

    /** Each value as often as the two before it together. */
    private static byte[] fibonacci(int values) {
        byte[] data = new byte[1 << 15];
        int at = 0;
        int before = 0;
        int count = 1;
        for (int value = 0; value < values && at < data.length; value++) {
            int end = Math.min(data.length, at + count);
            Arrays.fill(data, at, end, (byte) value);
            at = end;
            int sum = before + count;
            before = count;
            count = sum;
        }
        return data;
    }
}
