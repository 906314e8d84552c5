package dev.realalign.dashboard.stream;

import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.Topics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Small pictures of rejected images, made when somebody asks: one record of real-images is read, its picture decoded with
 * bounds and written anew as PNG, so that nothing of a hostile file reaches a browser. The newest are kept.
 */
public final class RejectedPictures implements AutoCloseable {
    /** Longest side of a thumbnail, in pixels. */
    static final int SIDE = 128;

    private static final Logger log = LoggerFactory.getLogger(RejectedPictures.class);
    private static final Duration LONGEST = Duration.ofSeconds(3);
    private static final long MOST_PIXELS = 40_000_000;
    private static final long MOST_BYTES = 32L * 1024 * 1024;
    private static final int KEPT = 128;

    private final Optional<BlobStore> blobs;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Deserializer<RealImage> values;
    private final LinkedHashMap<String, Optional<byte[]>> kept = new LinkedHashMap<>();

    /** @param blobs where images are that travel by reference, when this process can reach it */
    public RejectedPictures(ClusterConfig cluster, Optional<BlobStore> blobs) {
        this.blobs = blobs;
        Map<String, Object> settings = cluster.consumer("realalign-dashboard-pictures");
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
        settings.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 1);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        values = Topics.REAL_IMAGES.valueDeserializer(cluster.registry());
    }

    /** A thumbnail of a record's picture, PNG; absent when the record has gone or its picture cannot be decoded. */
    public synchronized Optional<byte[]> thumbnail(int partition, long offset) {
        String key = partition + "-" + offset;
        Optional<byte[]> known = kept.get(key);
        if (known != null) {
            return known;
        }
        Optional<byte[]> made;
        try {
            made = record(partition, offset).flatMap(RejectedPictures::small);
        } catch (KafkaException | IOException e) {
            log.debug("no thumbnail of {}: {}", key, e.getMessage());
            return Optional.empty();
        }
        kept.put(key, made);
        if (kept.size() > KEPT) {
            kept.remove(kept.keySet().iterator().next());
        }
        return made;
    }

    private Optional<byte[]> record(int partition, long offset) throws IOException {
        TopicPartition place = new TopicPartition(Topics.REAL_IMAGES.name(), partition);
        consumer.assign(List.of(place));
        consumer.seek(place, offset);
        long deadline = System.nanoTime() + LONGEST.toNanos();
        while (System.nanoTime() < deadline) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
                return record.offset() == offset && record.value() != null
                        ? content(values.deserialize(record.topic(), record.value()))
                        : Optional.empty();
            }
        }
        return Optional.empty();
    }

    private Optional<byte[]> content(RealImage image) throws IOException {
        ByteBuffer inline = image.getContent();
        if (inline != null) {
            byte[] bytes = new byte[inline.remaining()];
            inline.duplicate().get(bytes);
            return Optional.of(bytes);
        }
        BlobReference reference = image.getBlob();
        if (reference == null || reference.getSize() > MOST_BYTES || blobs.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(blobs.get().get(reference));
    }

    /** Decodes no more than it needs; what is no picture, or too large a one, gives none. */
    static Optional<byte[]> small(byte[] bytes) {
        try (ImageInputStream in = ImageIO.createImageInputStream(new ByteArrayInputStream(bytes))) {
            Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
            if (!readers.hasNext()) {
                return Optional.empty();
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(in, true, true);
                int width = reader.getWidth(0);
                int height = reader.getHeight(0);
                if ((long) width * height > MOST_PIXELS) {
                    return Optional.empty();
                }
                int every = Math.max(1, Math.max(width, height) / (2 * SIDE));
                ImageReadParam sparse = reader.getDefaultReadParam();
                sparse.setSourceSubsampling(every, every, 0, 0);
                return Optional.of(png(scaled(reader.read(0, sparse))));
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException e) {
            // damaged on purpose or by accident: readers of the JDK throw nearly anything then
            log.debug("a rejected picture cannot be decoded: {}", e.getMessage());
            return Optional.empty();
        }
    }

    private static BufferedImage scaled(BufferedImage image) {
        double factor = Math.min(1, (double) SIDE / Math.max(image.getWidth(), image.getHeight()));
        int width = Math.max(1, (int) Math.round(image.getWidth() * factor));
        int height = Math.max(1, (int) Math.round(image.getHeight() * factor));
        BufferedImage small = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = small.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        graphics.drawImage(image, 0, 0, width, height, null);
        graphics.dispose();
        return small;
    }

    private static byte[] png(BufferedImage image) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    @Override
    public synchronized void close() {
        consumer.close();
        values.close();
    }
}
