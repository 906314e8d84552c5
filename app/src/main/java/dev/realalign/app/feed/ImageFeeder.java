package dev.realalign.app.feed;

import dev.realalign.runtime.BlobStore;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.Topics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;

/**
 * The door that all other doors lead through, and the one for programs of your own: a picture's bytes and what is known
 * about it become a record of real-images. The key is the image id, the place Kafka's default (murmur2); a picture larger
 * than {@code inline.max.bytes} goes to the blob store first and travels as a reference. Any number of threads may feed.
 *
 * <pre>{@code
 * try (ImageFeeder feeder = new ImageFeeder(FeedConfig.from(properties))) {
 *     ImageId id = feeder.feed(Files.readAllBytes(file), "camera-7/0001.jpg", new Note("a red fox", ImageFacts.UNKNOWN))
 *             .get();
 * }
 * }</pre>
 */
public final class ImageFeeder implements AutoCloseable {
    private final Producer<String, RealImage> producer;
    private final BlobStore blobs;
    private final int inlineMaxBytes;
    private final Clock clock;

    /** A feeder of the configured cluster, whose topic must exist ({@code realalign curate} creates it). */
    public ImageFeeder(FeedConfig config) {
        this(
                new KafkaProducer<>(
                        config.cluster().producer("feeder"),
                        Topics.REAL_IMAGES.keySerializer(),
                        Topics.REAL_IMAGES.valueSerializer(config.cluster().registry())),
                BlobStore.open(config.blobStore()),
                config.inlineMaxBytes(),
                Clock.systemUTC());
    }

    ImageFeeder(Producer<String, RealImage> producer, BlobStore blobs, int inlineMaxBytes, Clock clock) {
        this.producer = producer;
        this.blobs = blobs;
        this.inlineMaxBytes = inlineMaxBytes;
        this.clock = clock;
    }

    /**
     * Feeds one picture. Waits while the producer's buffer is full, so that a fast source cannot fill the memory.
     *
     * @param original bytes of the file as they are; they must not change before the answer
     * @param source where it came from: a path, or a URL
     * @param note its caption and the facts known about it
     * @return the image id, once every in-sync replica has the record; fails with the broker's exception
     * @throws IOException when the blob store cannot be written
     * @throws KafkaException when the broker cannot be reached, or the record is larger than it takes
     */
    public CompletableFuture<ImageId> feed(byte[] original, String source, Note note) throws IOException {
        ImageId id = ImageId.of(original);
        boolean inline = original.length <= inlineMaxBytes;
        RealImage.Builder record = RealImage.newBuilder()
                .setImageId(id.hex())
                .setCaption(note.caption())
                .setContent(inline ? ByteBuffer.wrap(original) : null)
                .setBlob(inline ? null : blobs.put(original))
                .setSource(source)
                .setIngestTime(Instant.now(clock));
        note.facts().into(record);
        CompletableFuture<ImageId> acknowledged = new CompletableFuture<>();
        Future<RecordMetadata> unused = producer.send(
                new ProducerRecord<>(Topics.REAL_IMAGES.name(), id.hex(), record.build()), (metadata, failure) -> {
                    if (failure == null) {
                        acknowledged.complete(id);
                    } else {
                        acknowledged.completeExceptionally(failure);
                    }
                });
        return acknowledged;
    }

    /** Waits until everything fed so far is acknowledged or has failed. */
    public void flush() {
        producer.flush();
    }

    /** Waits for records in flight, then lets go of the broker. */
    @Override
    public void close() {
        producer.close();
    }
}
