package dev.realalign.app.feed;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ImageId;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends whole sources to real-images. A picture counts as fed when every in-sync replica has its record. At most the producer's buffer is in flight, so memory stays bounded however large the source is.
 */
public final class Feeder implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Feeder.class);

    private final ImageFeeder feeder;
    private final int readMaxBytes;
    private final AtomicReference<@Nullable Throwable> refused = new AtomicReference<>();

    /** A feeder of the configured cluster, whose topic must exist. */
    public Feeder(FeedConfig config) {
        this(new ImageFeeder(config), config.readMaxBytes());
    }

    Feeder(ImageFeeder feeder, int readMaxBytes) {
        this.feeder = feeder;
        this.readMaxBytes = readMaxBytes;
    }

    /**
     * Feeds a whole source and waits until the broker has acknowledged what was sent. A picture that cannot be read is counted, named and passed over.
     *
     * @param source the pictures
     * @param defaults caption and facts of pictures that have none
     * @param perSecond pictures per second, 0 for no limit
     * @param before what the topic holds already
     * @param tally where progress is counted
     * @param stop asked before each picture; true ends the feed early, what was sent is still waited for
     * @throws UserErrorException when the broker stops acknowledging or the blob store cannot be written
     */
    public void feed(
            ImageSource source,
            Note defaults,
            double perSecond,
            FedBefore before,
            FeedTally tally,
            BooleanSupplier stop)
            throws InterruptedException {
        Pace pace = new Pace(perSecond, System::nanoTime);
        try {
            for (Iterator<SourceImage> images = source.iterator();
                    images.hasNext() && !stop.getAsBoolean() && refused.get() == null; ) {
                feed(images.next(), defaults, before, tally, pace);
            }
            feeder.flush();
        } catch (KafkaException e) {
            refused.compareAndSet(null, e);
        }
        Throwable cause = refused.get();
        if (cause != null) {
            throw UserErrorException.failure(
                    "The broker stopped taking pictures after "
                            + tally.numbers().fed() + " (" + cause.getMessage()
                            + "): see that it runs and has room, then feed again; pictures it has already will be rejected as DUPLICATE.",
                    cause);
        }
    }

    private void feed(SourceImage image, Note defaults, FedBefore before, FeedTally tally, Pace pace)
            throws InterruptedException {
        tally.taken();
        byte[] original;
        Note note;
        try {
            original = read(image);
            note = image.note().open().orElse(defaults);
        } catch (IOException | UncheckedIOException | SecurityException | IllegalArgumentException e) {
            // ZipFile answers damaged entries with unchecked exceptions too
            String cause = causeOf(e);
            log.info("{} cannot be read: {}", image.name(), cause);
            tally.unreadable(image.name(), cause);
            return;
        }
        ImageId id = ImageId.of(original);
        if (before.consume(id)) {
            tally.before();
            return;
        }
        pace.await();
        int size = original.length;
        CompletableFuture<ImageId> unused = send(original, image.name(), note).whenComplete((fed, failure) -> {
            if (failure == null) {
                tally.acknowledged(size);
            } else {
                refused.compareAndSet(null, failure);
            }
        });
    }

    private CompletableFuture<ImageId> send(byte[] original, String source, Note note) {
        try {
            return feeder.feed(original, source, note);
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The blob store cannot be written (" + causeOf(e)
                            + "): give it room and write permission, then feed again.",
                    e);
        }
    }

    private byte[] read(SourceImage image) throws IOException {
        try (InputStream in = image.content().open()) {
            byte[] bytes = in.readNBytes(readMaxBytes);
            if (bytes.length == readMaxBytes && in.read() >= 0) {
                throw new IOException("larger than " + FeedConfig.READ_MAX_BYTES + " = " + readMaxBytes);
            }
            return bytes;
        }
    }

    private static String causeOf(Exception e) {
        Throwable cause =
                e instanceof UncheckedIOException unchecked && unchecked.getCause() != null ? unchecked.getCause() : e;
        if (cause instanceof NoSuchFileException) {
            return "there is no such file";
        }
        if (cause instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (cause instanceof FileSystemLoopException) {
            return "a link leads back to a folder above it";
        }
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }

    /** Waits for records in flight, then lets go of the broker. */
    @Override
    public void close() {
        feeder.close();
    }
}
