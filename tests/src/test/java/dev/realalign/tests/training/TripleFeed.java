package dev.realalign.tests.training;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.Topics;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes numbered triples into preference-triples, the same bytes for the same number. */
final class TripleFeed implements AutoCloseable {
    private static final int SIDE = 32;
    private final Producer<String, PreferenceTriple> producer;
    private int next;

    TripleFeed(ClusterConfig cluster) {
        producer = new KafkaProducer<>(
                cluster.producer("triple-feed"),
                new StringSerializer(),
                Topics.PREFERENCE_TRIPLES.valueSerializer(cluster.registry()));
    }

    void feed(int count) throws IOException, InterruptedException, ExecutionException {
        for (int i = 0; i < count; i++) {
            PreferenceTriple triple = triple(next++);
            producer.send(new ProducerRecord<>(Topics.PREFERENCE_TRIPLES.name(), triple.getImageId(), triple))
                    .get();
        }
    }

    /** Triples that differ in their ids alone, as fast as the broker takes them. */
    void feedCopies(int count, int side) throws IOException {
        PreferenceTriple picture = triple(0, side);
        for (int i = 0; i < count; i++) {
            String id = Sha256.hex(("copy " + i).getBytes(StandardCharsets.UTF_8));
            Future<RecordMetadata> unused = producer.send(new ProducerRecord<>(
                    Topics.PREFERENCE_TRIPLES.name(),
                    id,
                    PreferenceTriple.newBuilder(picture).setImageId(id).build()));
        }
        producer.flush();
    }

    private static PreferenceTriple triple(int number) throws IOException {
        return triple(number, SIDE);
    }

    private static PreferenceTriple triple(int number, int side) throws IOException {
        Random random = new Random(number);
        BufferedImage real = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        BufferedImage negative = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                int colour = (number * 37 + x * 5) % 256 << 16 | (y * 7) % 256 << 8 | number % 256;
                real.setRGB(x, y, colour);
                negative.setRGB(x, y, x < side / 2 ? random.nextInt(1 << 24) : colour);
            }
        }
        Instant then = Instant.ofEpochMilli(1_700_000_000_000L + number);
        return PreferenceTriple.newBuilder()
                .setImageId(Sha256.hex(("triple " + number).getBytes(StandardCharsets.UTF_8)))
                .setCaption("a photo of a block")
                .setReal(png(real))
                .setNegative(png(negative))
                .setWidth(side)
                .setHeight(side)
                .setKind("LOCAL_NOISE")
                .setStrength(0.5)
                .setSeed((long) number)
                .setRegion(null)
                .setRmsDifference(20.0)
                .setRecord(new RecordPosition(0, (long) number))
                .setSource("test/" + number)
                .setCuratorVersion("test")
                .setGeneratorVersion(null)
                .setIngestTime(then)
                .setEventTime(null)
                .setAcceptedAt(then)
                .build();
    }

    private static ByteBuffer png(BufferedImage image) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return ByteBuffer.wrap(out.toByteArray());
    }

    @Override
    public void close() {
        producer.close();
    }
}
