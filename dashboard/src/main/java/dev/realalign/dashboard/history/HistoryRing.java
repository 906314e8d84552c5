package dev.realalign.dashboard.history;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Numbers by name over time, in a file of one process at a time whose size is fixed when it is made: a row for every step of time, overwritten after
 * one turn. A row carries a checksum, so that one torn by a power cut is a gap and nothing worse. A column belongs to
 * the name that was written to it last; when all are taken, the one not written for the longest time changes its owner
 * and its old numbers are erased.
 *
 * <pre>
 * header   magic, step in milliseconds, rows, columns                                   32 bytes
 * names    for every column: length, UTF-8 text                                        256 bytes each
 * rows     step number, a float for every column (NaN: none), CRC-32 of both       12 + 4 columns bytes each
 * </pre>
 */
public final class HistoryRing implements AutoCloseable {
    private static final long MAGIC = 0x5241_4849_5354_3031L; // "RAHIST01"
    private static final int HEADER_BYTES = 32;
    private static final int NAME_BYTES = 256;

    private final Duration step;
    private final int rows;
    private final int columns;
    private final FileChannel channel;
    private final MappedByteBuffer file;
    private final Map<String, Integer> columnOf = new HashMap<>();
    private final @Nullable String[] names;
    private final long[] writtenAt;
    private long newest = -1;

    /**
     * Opens a ring, or makes it. A file of another form is put aside as {@code NAME.old}, never read wrongly.
     *
     * @param step time of a row
     * @param span how far back it reaches
     * @param columns most names at a time
     * @throws IOException when the file cannot be read or made
     */
    public static HistoryRing open(Path path, Duration step, Duration span, int columns) throws IOException {
        int rows = Math.toIntExact(Math.max(2, span.toMillis() / step.toMillis()));
        Path folder = path.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        long size = HEADER_BYTES + (long) columns * NAME_BYTES + (long) rows * (12 + 4L * columns);
        if (Files.exists(path) && !hasForm(path, size, step, rows, columns)) {
            Files.move(path, path.resolveSibling(path.getFileName() + ".old"), StandardCopyOption.REPLACE_EXISTING);
        }
        boolean isNew = !Files.exists(path);
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            if (isHeldByAnother(channel)) {
                throw new IOException("another process uses it");
            }
            MappedByteBuffer file = channel.map(FileChannel.MapMode.READ_WRITE, 0, size);
            HistoryRing ring = new HistoryRing(step, rows, columns, channel, file);
            if (isNew) {
                ring.format();
            }
            ring.load();
            return ring;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Takes the lock, which lasts as long as the channel, or says that somebody else has it. */
    private static boolean isHeldByAnother(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() == null;
        } catch (OverlappingFileLockException e) {
            return true;
        }
    }

    private static boolean hasForm(Path path, long size, Duration step, int rows, int columns) throws IOException {
        if (Files.size(path) != size) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
            while (header.hasRemaining() && channel.read(header) >= 0) {}
            header.flip();
            return header.remaining() == HEADER_BYTES
                    && header.getLong() == MAGIC
                    && header.getLong() == step.toMillis()
                    && header.getInt() == rows
                    && header.getInt() == columns;
        }
    }

    private HistoryRing(Duration step, int rows, int columns, FileChannel channel, MappedByteBuffer file) {
        this.channel = channel;
        this.step = step;
        this.rows = rows;
        this.columns = columns;
        this.file = file;
        this.names = new @Nullable String[columns];
        this.writtenAt = new long[columns];
        Arrays.fill(writtenAt, -1);
    }

    /** Rows no time belongs to; the header goes last, so that a half-made file is made again. */
    private void format() {
        for (int row = 0; row < rows; row++) {
            file.putLong(rowAt(row), -1);
        }
        file.putLong(8, step.toMillis());
        file.putInt(16, rows);
        file.putInt(20, columns);
        file.putLong(0, MAGIC);
    }

    private void load() {
        for (int column = 0; column < columns; column++) {
            int at = HEADER_BYTES + column * NAME_BYTES;
            int length = file.getInt(at);
            if (length > 0 && length <= NAME_BYTES - 4) {
                byte[] text = new byte[length];
                file.get(at + 4, text);
                String name = new String(text, StandardCharsets.UTF_8);
                names[column] = name;
                columnOf.put(name, column);
            }
        }
        for (int row = 0; row < rows; row++) {
            long slot = slotIn(row);
            newest = Math.max(newest, slot);
            for (int column = 0; slot >= 0 && column < columns; column++) {
                if (!Float.isNaN(value(row, column))) {
                    writtenAt[column] = Math.max(writtenAt[column], slot);
                }
            }
        }
    }

    private int rowAt(int row) {
        return HEADER_BYTES + columns * NAME_BYTES + row * (12 + 4 * columns);
    }

    private float value(int row, int column) {
        return file.getFloat(rowAt(row) + 8 + 4 * column);
    }

    /** Step number of a row, -1 when it holds none or its checksum does not fit. */
    private long slotIn(int row) {
        long slot = file.getLong(rowAt(row));
        return slot >= 0 && slot % rows == row && file.getInt(rowAt(row) + 8 + 4 * columns) == checksum(row)
                ? slot
                : -1;
    }

    private int checksum(int row) {
        CRC32 sum = new CRC32();
        sum.update(file.slice(rowAt(row), 8 + 4 * columns));
        return (int) sum.getValue();
    }

    /**
     * Keeps the numbers of a moment; the last of several in one step of time stays. What is older than the newest row is
     * left out: a clock that was set back leaves a gap.
     */
    public synchronized void write(Instant now, Map<String, Double> values) {
        long slot = now.toEpochMilli() / step.toMillis();
        if (slot < newest) {
            return;
        }
        newest = slot;
        Map<Integer, Float> placed = new HashMap<>();
        values.forEach((name, value) -> {
            int column = column(name, slot);
            if (column >= 0) {
                placed.put(column, value.floatValue());
                writtenAt[column] = slot;
            }
        });
        int row = (int) (slot % rows);
        int at = rowAt(row);
        file.putLong(at, slot);
        for (int column = 0; column < columns; column++) {
            file.putFloat(at + 8 + 4 * column, placed.getOrDefault(column, Float.NaN));
        }
        file.putInt(at + 8 + 4 * columns, checksum(row));
    }

    private int column(String name, long slot) {
        Integer known = columnOf.get(name);
        if (known != null) {
            return known;
        }
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        if (text.length > NAME_BYTES - 4) {
            return -1;
        }
        int oldest = -1;
        for (int column = 0; column < columns; column++) {
            boolean free = writtenAt[column] < slot; // never one that this very row already uses
            if (free && (oldest < 0 || writtenAt[column] < writtenAt[oldest])) {
                oldest = column;
            }
        }
        if (oldest < 0) {
            return -1;
        }
        String before = names[oldest];
        if (before != null) {
            columnOf.remove(before);
            erase(oldest);
        }
        names[oldest] = name;
        columnOf.put(name, oldest);
        int at = HEADER_BYTES + oldest * NAME_BYTES;
        file.putInt(at, 0);
        file.put(at + 4, text);
        file.putInt(at, text.length);
        return oldest;
    }

    private void erase(int column) {
        for (int row = 0; row < rows; row++) {
            if (slotIn(row) >= 0 && !Float.isNaN(value(row, column))) {
                file.putFloat(rowAt(row) + 8 + 4 * column, Float.NaN);
                file.putInt(rowAt(row) + 8 + 4 * columns, checksum(row));
            }
        }
    }

    /**
     * A stretch of the past.
     *
     * @param stepMs time of a point, in milliseconds
     * @param at beginning of every point, epoch milliseconds, oldest first; times without any row are left out
     * @param columns numbers by name: the largest of each point; null where there is none
     */
    public record Stretch(long stepMs, List<Long> at, Map<String, List<@Nullable Float>> columns) {}

    /**
     * Reads.
     *
     * @param from beginning
     * @param to end
     * @param points most points; neighbouring rows are put together to the largest of each number
     */
    public synchronized Stretch read(Instant from, Instant to, int points) {
        long first = Math.max(from.toEpochMilli() / step.toMillis(), Math.max(0, newest - rows + 1));
        long last = Math.min(to.toEpochMilli() / step.toMillis(), newest);
        long each = Math.max(1, (last - first + points) / points);
        List<Long> at = new ArrayList<>();
        Map<String, List<@Nullable Float>> found = new LinkedHashMap<>();
        float[] largest = new float[columns];
        for (long begin = first - first % each; begin <= last; begin += each) {
            Arrays.fill(largest, Float.NaN);
            boolean any = false;
            for (long slot = Math.max(begin, first); slot < begin + each && slot <= last; slot++) {
                int row = (int) (slot % rows);
                if (slotIn(row) == slot) {
                    any = true;
                    for (int column = 0; column < columns; column++) {
                        float value = value(row, column);
                        if (!(value <= largest[column]) && !Float.isNaN(value)) {
                            largest[column] = value;
                        }
                    }
                }
            }
            if (any) {
                at.add(begin * step.toMillis());
                for (int column = 0; column < columns; column++) {
                    String name = names[column];
                    if (name != null) {
                        float value = largest[column];
                        List<@Nullable Float> numbers = found.computeIfAbsent(name, n -> new ArrayList<>());
                        while (numbers.size() < at.size() - 1) {
                            numbers.add(null);
                        }
                        numbers.add(Float.isNaN(value) ? null : value);
                    }
                }
            }
        }
        found.values().removeIf(numbers -> numbers.stream().allMatch(number -> number == null));
        return new Stretch(each * step.toMillis(), at, found);
    }

    /** Writes what the operating system still holds to the disk, and lets go of the file. */
    @Override
    public synchronized void close() throws IOException {
        file.force();
        channel.close();
    }
}
