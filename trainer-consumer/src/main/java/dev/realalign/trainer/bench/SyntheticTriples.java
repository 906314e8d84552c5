package dev.realalign.trainer.bench;

import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.TrustedRecords;
import dev.realalign.trainer.loop.TripleSource;
import dev.realalign.trainer.plan.Delivery;
import dev.realalign.trainer.triple.TrainingPair;
import dev.realalign.trainer.triple.UnusableTripleException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/**
 * A backlog without end and without a broker: gradients with noise, the negative with more of it in one quarter. Like the
 * reader of the real stream, a thread of its own decodes ahead and keeps a bounded number of pairs ready. Every record has
 * an image id of its own, and pictures repeat after a few hundred.
 */
final class SyntheticTriples implements TripleSource {
    private static final int PICTURES = 256;
    private static final int READY = 64;
    private static final String[] CAPTIONS = {
        "a photograph", "a photograph of a street", "a photograph of an animal", "a photograph of a landscape"
    };

    private final int resolution;
    private final List<ByteBuffer[]> pictures = new ArrayList<>();
    private final BlockingQueue<Delivery> ready = new ArrayBlockingQueue<>(READY);
    private final Thread reader = new Thread(this::read, "bench-reader");
    private volatile @Nullable RuntimeException failure;
    private long waitedNanos;

    /** @param resolution width and height of the pictures, in pixels */
    SyntheticTriples(int resolution) {
        this.resolution = resolution;
        TrustedRecords.allow();
        for (int i = 0; i < PICTURES; i++) {
            pictures.add(new ByteBuffer[] {png(i, 0), png(i, 48)});
        }
    }

    private ByteBuffer png(int number, int noise) {
        Random random = new Random(number);
        BufferedImage image = new BufferedImage(resolution, resolution, BufferedImage.TYPE_INT_RGB);
        int[] slopes = {random.nextInt(255), random.nextInt(255), random.nextInt(255)};
        for (int y = 0; y < resolution; y++) {
            for (int x = 0; x < resolution; x++) {
                int rgb = 0;
                int amplitude = 8 + (x < resolution / 2 && y < resolution / 2 ? noise : 0);
                for (int c = 0; c < slopes.length; c++) {
                    int value = (slopes[c] * x + (255 - slopes[c]) * y) / resolution
                            + random.nextInt(amplitude)
                            - amplitude / 2;
                    rgb = rgb << 8 | Math.min(255, Math.max(0, value));
                }
                image.setRGB(x, y, rgb);
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException("memory is always writable", e);
        }
        return ByteBuffer.wrap(out.toByteArray());
    }

    private PreferenceTriple triple(long number) {
        ByteBuffer[] pair = pictures.get((int) (number % PICTURES));
        return PreferenceTriple.newBuilder()
                .setImageId(Sha256.hex(("bench " + number).getBytes(StandardCharsets.UTF_8)))
                .setCaption(CAPTIONS[(int) (number % CAPTIONS.length)])
                .setReal(pair[0].duplicate())
                .setNegative(pair[1].duplicate())
                .setWidth(resolution)
                .setHeight(resolution)
                .setKind("LOCAL_NOISE")
                .setStrength(0.5)
                .setSeed(number)
                .setRegion(null)
                .setRmsDifference(10.0)
                .setRecord(new RecordPosition(0, number))
                .setSource("bench")
                .setCuratorVersion("bench")
                .setGeneratorVersion(null)
                .setIngestTime(Instant.EPOCH)
                .setEventTime(null)
                .setAcceptedAt(Instant.EPOCH)
                .build();
    }

    private void read() {
        try {
            for (long number = 0; !Thread.currentThread().isInterrupted(); number++) {
                PreferenceTriple triple = triple(number);
                ready.put(new Delivery.Usable(0, number, TrainingPair.of(triple.getImageId(), triple, resolution)));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed
        } catch (UnusableTripleException e) {
            failure = new IllegalStateException("a made triple cannot be trained: " + e.explanation(), e);
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    @Override
    public SortedMap<Integer, Long> beginnings() {
        return new TreeMap<>(Map.of(0, 0L));
    }

    @Override
    public SortedMap<Integer, Long> ends() {
        return new TreeMap<>(Map.of(0, Long.MAX_VALUE));
    }

    @Override
    public List<Delivery> fetch(SortedMap<Integer, SortedSet<Long>> offsets) {
        throw new IllegalStateException("a measurement begins at the beginning and repeats nothing");
    }

    @Override
    public void start(SortedMap<Integer, Long> nextOffsets) {
        reader.setDaemon(true);
        reader.start();
    }

    @Override
    public Optional<Delivery> take(Duration wait) throws InterruptedException {
        RuntimeException found = failure;
        if (found != null) {
            throw found;
        }
        long start = System.nanoTime();
        Delivery delivery = ready.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
        waitedNanos += System.nanoTime() - start;
        return Optional.ofNullable(delivery);
    }

    /** Time the taker has waited, in nanoseconds. For the thread that takes. */
    long waitedNanos() {
        return waitedNanos;
    }

    @Override
    public boolean passed(SortedMap<Integer, Long> ends) {
        return false;
    }

    @Override
    public void report(SortedMap<Integer, Long> nextOffsets) {}

    @Override
    public Optional<Duration> headroom() {
        return Optional.empty();
    }

    @Override
    public void close() {
        reader.interrupt();
    }
}
