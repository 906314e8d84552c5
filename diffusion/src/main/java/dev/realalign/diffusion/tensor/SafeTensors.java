package dev.realalign.diffusion.tensor;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.diffusion.ModelFormatException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A safetensors file: named arrays behind a JSON header (format of huggingface/safetensors: 8 bytes header length, little-endian; header; data).
 *
 * <p>Opening reads and checks the header only; data is mapped, so a tensor costs memory when it is asked for. A header that lies is an error before
 * anything is allocated from what it says. Files of any size; not thread-safe.
 */
public final class SafeTensors implements AutoCloseable {
    /** The format's own limit on the header, in bytes. */
    static final long MAX_HEADER = 100_000_000;

    private static final String METADATA = "__metadata__";
    private static final int LENGTH_BYTES = 8;
    private static final long WRITE_CHUNK_ELEMENTS = 1L << 26;
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final Path file;
    private final long fileBytes;
    private final long dataStart;
    private final SortedMap<String, Entry> entries;
    private final SortedMap<String, String> metadata;
    private final Map<ElementType, Tensor> mappings = new EnumMap<>(ElementType.class);

    /**
     * Where an array lies.
     *
     * @param shape length of each axis
     * @param begin first byte, counted from the start of the data
     * @param end first byte after it
     */
    public record Entry(String name, ElementType type, List<Long> shape, long begin, long end) {
        /** The shape as an array. */
        public long[] lengths() {
            return shape.stream().mapToLong(Long::longValue).toArray();
        }

        @Override
        public String toString() {
            return type + shape.toString();
        }
    }

    private SafeTensors(
            Path file,
            long fileBytes,
            long dataStart,
            SortedMap<String, Entry> entries,
            SortedMap<String, String> metadata) {
        this.file = file;
        this.fileBytes = fileBytes;
        this.dataStart = dataStart;
        this.entries = Collections.unmodifiableSortedMap(entries);
        this.metadata = Collections.unmodifiableSortedMap(metadata);
    }

    /**
     * Opens a file and checks its header against its size.
     *
     * @throws ModelFormatException if it is missing, not a safetensors file, or inconsistent; every problem is listed
     */
    public static SafeTensors open(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".bin") || name.endsWith(".ckpt") || name.endsWith(".pt") || name.endsWith(".pth")) {
            throw new ModelFormatException(
                    file.toString(),
                    "pickle files can run code when loaded and are refused; convert it once with"
                            + " Python: safetensors.torch.save_file(torch.load(\"" + file.getFileName()
                            + "\", weights_only=True), \"" + name.substring(0, name.lastIndexOf('.'))
                            + ".safetensors\")");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return read(file, channel);
        } catch (NoSuchFileException e) {
            throw new ModelFormatException(file.toString(), "the file does not exist");
        } catch (IOException e) {
            throw new ModelFormatException(file.toString(), "it cannot be read (" + e.getMessage() + ")");
        }
    }

    private static SafeTensors read(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < LENGTH_BYTES + 2) {
            throw new ModelFormatException(
                    file.toString(), "it is not a safetensors file: " + size + " bytes are too few for a header");
        }
        long headerBytes =
                fully(channel, 0, LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        if (headerBytes < 2 || headerBytes > MAX_HEADER || headerBytes > size - LENGTH_BYTES) {
            throw new ModelFormatException(
                    file.toString(),
                    "it is not a safetensors file: it announces a header of "
                            + Long.toUnsignedString(headerBytes) + " bytes, the file has " + size
                            + " and the format allows " + MAX_HEADER);
        }
        long dataStart = LENGTH_BYTES + headerBytes;
        JsonNode header = parse(file, fully(channel, LENGTH_BYTES, (int) headerBytes));
        List<String> problems = new ArrayList<>();
        SortedMap<String, String> metadata = metadata(header.path(METADATA), problems);
        SortedMap<String, Entry> entries = new TreeMap<>();
        header.fields().forEachRemaining(field -> {
            if (!field.getKey().equals(METADATA)) {
                entry(field.getKey(), field.getValue(), size - dataStart, problems)
                        .ifPresent(entry -> entries.put(entry.name(), entry));
            }
        });
        if (problems.isEmpty()) {
            checkCoverage(entries, size - dataStart, problems);
        }
        if (!problems.isEmpty()) {
            throw new ModelFormatException(file.toString(), problems);
        }
        return new SafeTensors(file, size, dataStart, entries, metadata);
    }

    private static ByteBuffer fully(FileChannel channel, long position, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocateDirect(length).order(ByteOrder.nativeOrder());
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, position + bytes.position()) < 0) {
                throw new IOException("it ends after " + (position + bytes.position()) + " bytes while being read");
            }
        }
        return bytes.flip();
    }

    private static JsonNode parse(Path file, ByteBuffer bytes) {
        try {
            JsonNode header = JSON.readTree(
                    StandardCharsets.UTF_8.newDecoder().decode(bytes).toString());
            if (!header.isObject()) {
                throw new ModelFormatException(file.toString(), "its header is not a JSON object");
            }
            return header;
        } catch (CharacterCodingException e) {
            throw new ModelFormatException(file.toString(), "its header is not UTF-8");
        } catch (JsonProcessingException e) {
            throw new ModelFormatException(file.toString(), "its header is not valid JSON: " + e.getOriginalMessage());
        }
    }

    private static SortedMap<String, String> metadata(JsonNode node, List<String> problems) {
        SortedMap<String, String> metadata = new TreeMap<>();
        if (!node.isMissingNode() && !node.isObject()) {
            problems.add(METADATA + " is not an object of strings");
        }
        node.fields().forEachRemaining(field -> {
            if (field.getValue().isTextual()) {
                metadata.put(field.getKey(), field.getValue().textValue());
            } else {
                problems.add(METADATA + "." + field.getKey() + " is not a string");
            }
        });
        return metadata;
    }

    private static Optional<Entry> entry(String name, JsonNode node, long dataBytes, List<String> problems) {
        ElementType type =
                ElementType.ofSafetensorsName(node.path("dtype").asText()).orElse(null);
        JsonNode offsets = node.path("data_offsets");
        List<Long> shape = new ArrayList<>();
        boolean whole = node.path("shape").isArray();
        for (JsonNode length : node.path("shape")) {
            whole &= length.isIntegralNumber() && length.canConvertToLong() && length.longValue() >= 0;
            shape.add(length.longValue());
        }
        if (type == null) {
            problems.add(name + " has element type '" + node.path("dtype").asText()
                    + "', which is not supported (known: " + Arrays.toString(ElementType.values()) + ")");
        } else if (!whole) {
            problems.add(name + " has the shape " + node.path("shape") + ": lengths must be whole numbers from 0");
        } else if (offsets.size() != 2
                || !offsets.path(0).canConvertToLong()
                || !offsets.path(1).canConvertToLong()
                || !offsets.path(0).isIntegralNumber()
                || !offsets.path(1).isIntegralNumber()
                || offsets.path(0).longValue() < 0
                || offsets.path(1).longValue() < offsets.path(0).longValue()
                || offsets.path(1).longValue() > dataBytes) {
            problems.add(name + " claims the bytes " + offsets + " of " + dataBytes);
        } else {
            Entry entry = new Entry(
                    name,
                    type,
                    List.copyOf(shape),
                    offsets.get(0).longValue(),
                    offsets.get(1).longValue());
            if (sizeMatches(entry)) {
                return Optional.of(entry);
            }
            problems.add(
                    name + ", " + entry + ", does not fit the " + (entry.end() - entry.begin()) + " bytes it claims");
        }
        return Optional.empty();
    }

    private static boolean sizeMatches(Entry entry) {
        try {
            return Math.multiplyExact(
                            Tensor.count(entry.lengths()), entry.type().bytes())
                    == entry.end() - entry.begin();
        } catch (ArithmeticException e) {
            return false; // more elements than a long can count
        }
    }

    /** Arrays must lie one after the other without overlap or gap and end where the file ends. */
    private static void checkCoverage(SortedMap<String, Entry> entries, long dataBytes, List<String> problems) {
        long reached = 0;
        String before = "the header";
        List<Entry> byPlace = entries.values().stream()
                .sorted(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end))
                .toList();
        for (Entry entry : byPlace) {
            if (entry.begin() < reached) {
                problems.add(entry.name() + " overlaps " + before + ": it begins at byte " + entry.begin() + ", before "
                        + reached);
            } else if (entry.begin() > reached) {
                problems.add("bytes " + reached + " to " + entry.begin() + " between " + before + " and " + entry.name()
                        + " belong to no tensor");
            }
            reached = entry.end();
            before = entry.name();
        }
        if (reached != dataBytes) {
            problems.add((dataBytes - reached) + " bytes after " + before + " belong to no tensor");
        }
    }

    public Path file() {
        return file;
    }

    /** Size of the whole file in bytes. */
    public long fileBytes() {
        return fileBytes;
    }

    /** Every array, by name. */
    public SortedMap<String, Entry> entries() {
        return entries;
    }

    /** The header's free text entries, by name. */
    public SortedMap<String, String> metadata() {
        return metadata;
    }

    /** A copy of an array. */
    public Tensor load(String name) {
        return load(name, entry(name).type());
    }

    /**
     * A copy of an array in another element type.
     *
     * @throws ModelFormatException if the file has no such array
     */
    public Tensor load(String name, ElementType type) {
        Entry entry = entry(name);
        return TensorScope.of(() -> {
            Tensor stored = stored(entry);
            return stored.type() == type ? stored.copy() : stored.to(type);
        });
    }

    private Entry entry(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new ModelFormatException(file.toString(), "it has no tensor '" + name + "'");
        }
        return entry;
    }

    private Tensor stored(Entry entry) {
        long[] shape = entry.lengths();
        if (entry.begin() == entry.end()) {
            return Tensor.full(0, entry.type(), shape);
        }
        int bytes = entry.type().bytes();
        long position = dataStart + entry.begin();
        if (position % bytes == 0) {
            long first = position / bytes;
            return mapping(entry.type())
                    .slice(0, first, first + Tensor.count(shape))
                    .reshape(shape);
        }
        return unaligned(entry, shape);
    }

    /** The whole file seen as one array of a type; the operating system pages in what is read. */
    private Tensor mapping(ElementType type) {
        Tensor mapped = mappings.get(type);
        if (mapped == null) {
            mapped = Ops.LIBRARY
                    .run("from_file", file.toString(), fileBytes / type.bytes(), type.torchCode())
                    .unscoped();
            mappings.put(type, mapped);
        }
        return mapped;
    }

    private Tensor unaligned(Entry entry, long[] shape) {
        ByteBuffer bytes;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            bytes = fully(channel, dataStart + entry.begin(), Math.toIntExact(entry.end() - entry.begin()));
        } catch (IOException e) {
            throw new ModelFormatException(file.toString(), "it cannot be read (" + e.getMessage() + ")");
        }
        return switch (entry.type()) {
            case BF16 -> Tensor.of(widenBf16(bytes), shape).to(ElementType.BF16);
            case I16 -> Tensor.of(widenI16(bytes), shape).to(ElementType.I16);
            default -> Tensor.ofBytes(bytes, entry.type(), shape);
        };
    }

    private static float[] widenBf16(ByteBuffer bytes) {
        float[] values = new float[bytes.remaining() / 2];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat(bytes.getShort(2 * i) << 16);
        }
        return values;
    }

    private static int[] widenI16(ByteBuffer bytes) {
        int[] values = new int[bytes.remaining() / 2];
        for (int i = 0; i < values.length; i++) {
            values[i] = bytes.getShort(2 * i);
        }
        return values;
    }

    /** Unmaps the file; tensors loaded from it stay valid. */
    @Override
    public void close() {
        mappings.values().forEach(Tensor::close);
        mappings.clear();
    }

    /**
     * Writes a file, the same bytes for the same content: wider element types first, then by name; the header in that order, its metadata sorted,
     * padded with spaces so that the data begins at a multiple of 8. The file is forced to disk.
     *
     * @throws UncheckedIOException if it cannot be written
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            write(channel, tensors, metadata);
            channel.force(true);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Writes what would be in a file to somewhere else.
     *
     * @throws IOException from the channel
     */
    public static void write(WritableByteChannel channel, Map<String, Tensor> tensors, Map<String, String> metadata)
            throws IOException {
        List<Map.Entry<String, Tensor>> ordered = tensors.entrySet().stream()
                .sorted(Comparator.<Map.Entry<String, Tensor>>comparingInt(
                                entry -> -entry.getValue().type().bytes())
                        .thenComparing(Map.Entry::getKey))
                .toList();
        write(channel, ByteBuffer.wrap(header(ordered, metadata)));
        for (Map.Entry<String, Tensor> entry : ordered) {
            writeData(channel, entry.getValue());
        }
    }

    private static byte[] header(List<Map.Entry<String, Tensor>> ordered, Map<String, String> metadata)
            throws IOException {
        ObjectNode header = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode texts = header.putObject(METADATA);
            new TreeMap<>(metadata).forEach(texts::put);
        }
        long offset = 0;
        for (Map.Entry<String, Tensor> entry : ordered) {
            Tensor tensor = entry.getValue();
            ObjectNode node = header.putObject(entry.getKey());
            node.put("dtype", tensor.type().safetensorsName());
            Arrays.stream(tensor.shape()).forEach(node.putArray("shape")::add);
            long end = Math.addExact(
                    offset, Math.multiplyExact(tensor.count(), tensor.type().bytes()));
            node.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        byte[] json = JSON.writeValueAsBytes(header);
        int padded = (json.length + LENGTH_BYTES - 1) / LENGTH_BYTES * LENGTH_BYTES;
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH_BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(padded).put(json);
        while (bytes.hasRemaining()) {
            bytes.put((byte) ' ');
        }
        return bytes.array();
    }

    private static void writeData(WritableByteChannel channel, Tensor tensor) throws IOException {
        try (TensorScope writing = TensorScope.open()) {
            Tensor flat = tensor.detach().to(Device.CPU).reshape(-1);
            for (long start = 0; start < tensor.count(); start += WRITE_CHUNK_ELEMENTS) {
                try (Tensor chunk = flat.slice(0, start, Math.min(start + WRITE_CHUNK_ELEMENTS, tensor.count()))) {
                    write(channel, ByteBuffer.wrap(chunk.rawBytes()));
                }
            }
        }
    }

    private static void write(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
