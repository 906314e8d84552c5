package dev.realalign.curator.image;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.Adler32;

/**
 * Packs bytes in zlib form (RFC 1950) with Huffman codes alone (RFC 1951, dynamic blocks of literals), as zlib's strategy
 * of that name does, in a third of its time. Being ours, it makes the same bytes on every machine.
 */
final class HuffmanOnly {

    /** Codes follow the picture: each block has its own. */
    static final int BLOCK_BYTES = 1 << 15;

    private static final int LITERALS = 256;
    private static final int END_OF_BLOCK = 256;
    private static final int LONGEST_CODE = 15;
    private static final int SYMBOL_BITS = 9;
    /** Two distance codes of one bit: a complete code, which no literal uses. */
    private static final int DISTANCE_CODES = 2;
    /** Deflate, a window of 32 KiB, fastest: 0x7801 is a multiple of 31. */
    private static final int ZLIB_HEADER = 0x0178;
    /** Largest prime below 2^16, modulus of Adler-32. */
    private static final int ADLER_MODULUS = 65521;
    /** Bits that are copied at a time: behind up to 7 pending ones they fit into a long. */
    private static final int COPIED_BITS = 56;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private byte[] packed;
    private int size;
    private long bits;
    private int bitCount;

    /**
     * A block of packed data.
     *
     * @param firstBit where it begins in the zlib form
     * @param endBit where it ends
     * @param checksum Adler-32 of the bytes that it holds
     */
    record Block(long firstBit, long endBit, int checksum) {}

    /**
     * Packed data.
     *
     * @param zlib the bytes in zlib form
     * @param blocks its blocks of {@value #BLOCK_BYTES} bytes in their order; the last may be shorter
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Packed(byte[] zlib, List<Block> blocks) {}

    /**
     * Data of the same length that was packed before and is equal but for a stretch: blocks outside of it need not be packed
     * again.
     *
     * @param file holds its zlib form, and at least eight bytes behind it
     * @param zlibAt where the zlib form begins in the file
     * @param blocks its blocks
     * @param firstOther first byte of the data that may differ
     * @param endOther behind the last that may
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Before(byte[] file, int zlibAt, List<Block> blocks, int firstOther, int endOther) {

        /** The block of the bytes {@code from} to {@code end - 1}, if they are equal. */
        Optional<Block> equal(int from, int end) {
            return end <= firstOther || from >= endOther
                    ? Optional.of(blocks.get(from / BLOCK_BYTES))
                    : Optional.empty();
        }
    }

    private HuffmanOnly(int expected) {
        packed = new byte[expected];
    }

    /** The bytes in zlib form. */
    static Packed zlib(byte[] data) {
        return zlib(data, Optional.empty());
    }

    /**
     * The bytes in zlib form, the same as without knowledge of others.
     *
     * @param data the bytes; where a block equals one of before they are not looked at
     */
    static Packed zlib(byte[] data, Optional<Before> before) {
        HuffmanOnly out = new HuffmanOnly(data.length * 3 / 4 + 1024);
        List<Block> blocks = new ArrayList<>();
        out.put(ZLIB_HEADER, 16);
        int checksum = 1;
        int from = 0;
        do {
            int start = from;
            int end = Math.min(data.length, start + BLOCK_BYTES);
            long firstBit = out.position();
            Optional<Block> equal = before.flatMap(other -> other.equal(start, end));
            if (equal.isPresent()) {
                out.copy(before.get(), equal.get());
            } else {
                out.block(data, start, end, end == data.length);
            }
            int ownChecksum = equal.map(Block::checksum).orElseGet(() -> adler32(data, start, end));
            blocks.add(new Block(firstBit, out.position(), ownChecksum));
            checksum = continued(checksum, ownChecksum, end - start);
            from = end;
        } while (from < data.length);
        out.put(0, (8 - out.bitCount % 8) % 8);
        out.put(Integer.toUnsignedLong(Integer.reverseBytes(checksum)), 32);
        return new Packed(Arrays.copyOf(out.packed, out.size + out.bitCount / 8), blocks);
    }

    private static int adler32(byte[] data, int from, int end) {
        Adler32 checksum = new Adler32();
        checksum.update(data, from, end - from);
        return (int) checksum.getValue();
    }

    /**
     * Adler-32 of some bytes and {@code count} more, from that of either (RFC 1950, 8.2): the low half is 1 and the sum of the
     * bytes, the high half the sum of the low halves after each byte.
     */
    private static int continued(int checksum, int more, int count) {
        long low = checksum & 0xFFFF;
        int high = checksum >>> 16;
        long sum = (low + (more & 0xFFFF) + ADLER_MODULUS - 1) % ADLER_MODULUS;
        long sumOfSums = (count * (low + ADLER_MODULUS - 1) + high + (more >>> 16)) % ADLER_MODULUS;
        return (int) (sumOfSums << 16 | sum);
    }

    /** Bits so far. */
    private long position() {
        return 8L * size + bitCount;
    }

    /** A block as it was packed before, at whatever bit it begins here. */
    private void copy(Before before, Block block) {
        reserve(block.endBit - block.firstBit);
        byte[] file = before.file;
        long from = 8L * before.zlibAt + block.firstBit;
        long end = 8L * before.zlibAt + block.endBit;
        long pending = bits;
        int at = size;
        for (; from + COPIED_BITS <= end; from += COPIED_BITS) {
            // of eight bytes at most the first seven bits belong to what was copied already
            long some = (long) LONGS.get(file, (int) (from >>> 3)) >>> (from & 7) & ((1L << COPIED_BITS) - 1);
            pending |= some << bitCount;
            LONGS.set(packed, at, pending);
            at += COPIED_BITS / 8;
            pending >>>= COPIED_BITS;
        }
        bits = pending;
        size = at;
        while (from < end) {
            int count = (int) Math.min(Integer.SIZE, end - from);
            put((long) LONGS.get(file, (int) (from >>> 3)) >>> (from & 7) & ((1L << count) - 1), count);
            from += count;
        }
    }

    private void block(byte[] data, int from, int end, boolean last) {
        int[] counts = counts(data, from, end);
        int[] lengths = lengths(counts);
        long[] codes = codes(lengths);
        header(lengths, last);
        reserve(bits(counts, lengths));
        long pending = bits;
        int pendingCount = bitCount;
        int at = size;
        int i = from;
        // fewer than 8 bits are pending: with three codes they fit into a long
        for (; i + 3 <= end; i += 3) {
            int first = data[i] & 0xFF;
            int second = data[i + 1] & 0xFF;
            int third = data[i + 2] & 0xFF;
            pending |= codes[first] << pendingCount;
            pendingCount += lengths[first];
            pending |= codes[second] << pendingCount;
            pendingCount += lengths[second];
            pending |= codes[third] << pendingCount;
            pendingCount += lengths[third];
            LONGS.set(packed, at, pending);
            at += pendingCount >>> 3;
            pending >>>= pendingCount & ~7;
            pendingCount &= 7;
        }
        bits = pending;
        bitCount = pendingCount;
        size = at;
        for (; i < end; i++) {
            put(codes[data[i] & 0xFF], lengths[data[i] & 0xFF]);
        }
        put(codes[END_OF_BLOCK], lengths[END_OF_BLOCK]);
    }

    /** How often each symbol of a block occurs. In two halves: counting the same byte twice in a row takes longer. */
    private static int[] counts(byte[] data, int from, int end) {
        int[] counts = new int[LITERALS + 1];
        int[] odd = new int[LITERALS];
        int i = from;
        for (; i + 2 <= end; i += 2) {
            counts[data[i] & 0xFF]++;
            odd[data[i + 1] & 0xFF]++;
        }
        if (i < end) {
            counts[data[i] & 0xFF]++;
        }
        for (int literal = 0; literal < LITERALS; literal++) {
            counts[literal] += odd[literal];
        }
        counts[END_OF_BLOCK] = 1;
        return counts;
    }

    /** Whether it is the last, type 2, and the lengths of the codes: each as four bits, since any may occur. */
    private void header(int[] lengths, boolean last) {
        put(last ? 1 : 0, 1);
        put(2, 2);
        put(lengths.length - 257, 5);
        put(DISTANCE_CODES - 1, 5);
        put(19 - 4, 4);
        // in the order of RFC 1951, 3.2.7, that is the three repetitions first: unused; then the lengths 0 to 15
        for (int i = 0; i < 19; i++) {
            put(i < 3 ? 0 : 4, 3);
        }
        for (int length : lengths) {
            put(Integer.reverse(length) >>> 28, 4);
        }
        for (int i = 0; i < DISTANCE_CODES; i++) {
            put(Integer.reverse(1) >>> 28, 4);
        }
    }

    /** At most 32 bits. */
    private void put(long value, int count) {
        bits |= value << bitCount;
        bitCount += count;
        if (size + Long.BYTES > packed.length) {
            packed = Arrays.copyOf(packed, packed.length * 2);
        }
        LONGS.set(packed, size, bits);
        int whole = bitCount / 8;
        size += whole;
        bits >>>= 8 * whole;
        bitCount -= 8 * whole;
    }

    private static long bits(int[] counts, int[] lengths) {
        long bits = 0;
        for (int i = 0; i < counts.length; i++) {
            bits += (long) counts[i] * lengths[i];
        }
        return bits;
    }

    /** Room for the bits of a block, and for the eight bytes that are written at a time. */
    private void reserve(long blockBits) {
        int needed = size + (int) (blockBits / 8) + 3 * Long.BYTES;
        if (needed > packed.length) {
            packed = Arrays.copyOf(packed, Math.max(needed, packed.length * 2));
        }
    }

    /** Lengths of an optimal prefix code; flattened step by step where a code would be too long. */
    private static int[] lengths(int[] counts) {
        int[] weights = counts.clone();
        int[] lengths = huffman(weights);
        while (Arrays.stream(lengths).max().orElse(0) > LONGEST_CODE) {
            for (int i = 0; i < weights.length; i++) {
                weights[i] = (weights[i] + 1) / 2;
            }
            lengths = huffman(weights);
        }
        return lengths;
    }

    /**
     * The tree is built from two queues, one of symbols by weight and one of inner nodes, which come about in the order of
     * their weights (van Leeuwen, "On the construction of Huffman trees", 1976). Ties go to the lower symbol, and to a symbol
     * before an inner node, so that the tree is always the same.
     */
    private static int[] huffman(int[] weights) {
        long[] symbols = new long[weights.length];
        int count = 0;
        for (int symbol = 0; symbol < weights.length; symbol++) {
            if (weights[symbol] > 0) {
                symbols[count++] = ((long) weights[symbol] << SYMBOL_BITS) | symbol;
            }
        }
        Arrays.sort(symbols, 0, count);
        // nodes: first the symbols in this order, then the inner ones
        long[] weight = new long[2 * count];
        for (int i = 0; i < count; i++) {
            weight[i] = symbols[i] >>> SYMBOL_BITS;
        }
        int[] parent = new int[2 * count];
        int nextSymbol = 0;
        int nextInner = count;
        int root = 2 * count - 2;
        for (int node = count; node <= root; node++) {
            for (int child = 0; child < 2; child++) {
                boolean isSymbol = nextSymbol < count && (nextInner == node || weight[nextSymbol] <= weight[nextInner]);
                int lightest = isSymbol ? nextSymbol++ : nextInner++;
                weight[node] += weight[lightest];
                parent[lightest] = node;
            }
        }
        int[] depth = new int[2 * count];
        for (int node = root - 1; node >= 0; node--) {
            depth[node] = depth[parent[node]] + 1;
        }
        int[] lengths = new int[weights.length];
        for (int i = 0; i < count; i++) {
            lengths[(int) (symbols[i] & ((1 << SYMBOL_BITS) - 1))] = Math.max(1, depth[i]);
        }
        return lengths;
    }

    /** Canonical codes of RFC 1951, 3.2.2, first bit lowest. */
    private static long[] codes(int[] lengths) {
        int[] next = new int[LONGEST_CODE + 2];
        for (int length : lengths) {
            next[length + 1] += length > 0 ? 1 : 0;
        }
        int code = 0;
        int[] first = new int[LONGEST_CODE + 1];
        for (int length = 1; length <= LONGEST_CODE; length++) {
            code = (code + (length > 1 ? next[length] : 0)) << 1;
            first[length] = code;
        }
        long[] codes = new long[lengths.length];
        for (int symbol = 0; symbol < lengths.length; symbol++) {
            int length = lengths[symbol];
            if (length > 0) {
                codes[symbol] = Integer.toUnsignedLong(Integer.reverse(first[length]++) >>> (32 - length));
            }
        }
        return codes;
    }
}
