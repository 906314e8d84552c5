package dev.realalign.tests.generating;

import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.Topics;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.ExecutionException;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Asks for negatives as the curator does. */
final class RequestFeed implements AutoCloseable {
    private static final int SIDE = 32;
    private static final String TOPIC = Topics.NEGATIVE_REQUESTS.name();

    private final KafkaProducer<String, byte[]> producer;
    private final Serializer<NegativeRequest> serializer;
    private final BlobStore blobs;

    RequestFeed(ClusterConfig cluster, BlobStore blobs) {
        this.producer = new KafkaProducer<>(
                cluster.producer("request-feed"), new StringSerializer(), new ByteArraySerializer());
        this.serializer = Topics.NEGATIVE_REQUESTS.valueSerializer(cluster.registry());
        this.blobs = blobs;
    }

    /** A request for a negative of a picture of its own for each number; its record is made up. */
    NegativeRequest.Builder request(String name, int number, String kind) throws IOException {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        return NegativeRequest.newBuilder()
                .setImageId(Sha256.hex((name + number).getBytes(StandardCharsets.UTF_8)))
                .setCaption("a photo of a ship")
                .setPicture(picture(number))
                .setRecord(new RecordPosition(number % 3, (long) number))
                .setKind(kind)
                .setResolution(SIDE)
                .setSeed((long) number)
                .setGates(List.of())
                .setScores(List.of())
                .setRequestedAt(now)
                .setDeadline(now.plusSeconds(600));
    }

    private BlobReference picture(int number) throws IOException {
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < SIDE * SIDE; i++) {
            int x = i % SIDE;
            int y = i / SIDE;
            boolean thing = x > 8 && x < 16 && y > 10 && y < 20;
            image.setRGB(x, y, thing ? 0xE04020 + number : 0x406080 + 0x010101 * (y / 2));
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(image, "png", file);
        return blobs.put(file.toByteArray());
    }

    void send(NegativeRequest request) throws ExecutionException, InterruptedException {
        producer.send(new ProducerRecord<>(TOPIC, request.getImageId(), serializer.serialize(TOPIC, request)))
                .get();
    }

    /** A record that is no request, in each partition. */
    void sendGarbage(int partitions) throws ExecutionException, InterruptedException {
        for (int partition = 0; partition < partitions; partition++) {
            producer.send(new ProducerRecord<>(TOPIC, partition, "garbage", new byte[] {1, 2, 3}))
                    .get();
            producer.send(new ProducerRecord<>(TOPIC, partition, "nothing", null))
                    .get();
        }
    }

    @Override
    public void close() {
        producer.close();
        serializer.close();
    }
}
