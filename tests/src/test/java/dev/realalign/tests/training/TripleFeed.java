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
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
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

    private static PreferenceTriple triple(int number) throws IOException {
        Random random = new Random(number);
        BufferedImage real = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        BufferedImage negative = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                int colour = (number * 37 + x * 5) % 256 << 16 | (y * 7) % 256 << 8 | number % 256;
                real.setRGB(x, y, colour);
                negative.setRGB(x, y, x < SIDE / 2 ? random.nextInt(1 << 24) : colour);
            }
        }
        Instant then = Instant.ofEpochMilli(1_700_000_000_000L + number);
        return PreferenceTriple.newBuilder()
                .setImageId(Sha256.hex(("triple " + number).getBytes(StandardCharsets.UTF_8)))
                .setCaption("a photo of a block")
                .setReal(png(real))
                .setNegative(png(negative))
                .setWidth(SIDE)
                .setHeight(SIDE)
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
