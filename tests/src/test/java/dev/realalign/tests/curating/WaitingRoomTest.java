package dev.realalign.tests.curating;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.realalign.curator.CuratorService;
import dev.realalign.runtime.BlobStore;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.GeneratedNegative;
import dev.realalign.schemas.NegativeRefusal;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Topics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.awt.image.RescaleOp;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.serialization.Serializer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(400)
class WaitingRoomTest extends CuratingFixture {
    private static final int COPIED = 5;
    private static final int REFUSED = 7;
    private static final int DOUBLED = 3;

    @Test
    @DisplayName(
            "One of two curators killed while images wait: each image ends once, and of near pictures one is accepted")
    void killedShort() throws Exception {
        killed(60, 60, Duration.ofSeconds(60));
    }

    @Test
    @Tag("slow")
    @DisplayName("One of two curators killed while 500 images wait, and generators that answer nine in ten")
    void killedWhole() throws Exception {
        killed(500, 450, Duration.ofSeconds(60));
    }

    @Test
    @DisplayName("Pictures of images that waited are swept from the blob store, originals are not")
    void swept() throws Exception {
        BlobStore blobs = BlobStore.open(folder.resolve("blobs").toUri());
        byte[] large = png(picture(1));
        BlobReference original = blobs.put(large);
        Map<String, String> settings = Map.of(
                "curation.negative.mix",
                "SDEDIT:1000000,LOCAL_WARP:0.000001",
                "curation.generated.deadline.ms",
                "1500",
                "curator.waiting.keep.ms",
                "1500");
        try (CuratorService curator = curator("sweeps", settings)) {
            curator.start();
            send(image(large).setContent(null).setBlob(original).build());
            send(image(png(picture(2))).build());

            await().atMost(SOON).until(() -> read(Topics.NEGATIVE_REQUESTS).size() == 2);
            BlobReference waits = read(Topics.NEGATIVE_REQUESTS).get(0).getPicture();
            await().atMost(SOON).until(() -> count(verdicts(), "a triple") == 2);
            await().atMost(SOON).until(() -> !blobs.ofWaiting().contains(waits));
        }
        assertThat(blobs.get(original)).isEqualTo(large);
    }

    /**
     * Two curators, three partitions; every image waits for a generated negative, every fifth has a near copy that waits
     * for it.
     */
    private void killed(int images, int answered, Duration deadline) throws Exception {
        Map<String, String> settings = Map.of(
                "curation.gate.modes",
                "NEAR_DUPLICATE:on",
                "curation.negative.mix",
                "SDEDIT:1000000,LOCAL_WARP:0.000001",
                "curation.generated.deadline.ms",
                Long.toString(deadline.toMillis()));
        Process dies = curatorProcess("dies", settings);
        Process stays = curatorProcess("stays", settings);
        try (Admin admin = Admin.create(cluster.admin())) {
            await().atMost(SOON).until(() -> members(admin) == 2);
            List<RecordPosition> fed = new ArrayList<>();
            List<List<RecordPosition>> pairs = new ArrayList<>();
            for (int i = 0; i < images; i++) {
                RecordPosition first = send(image(png(picture(i))).build());
                fed.add(first);
                if (i % COPIED == 0) {
                    RecordPosition copy = send(image(png(darker(picture(i)))).build());
                    fed.add(copy);
                    pairs.add(List.of(first, copy));
                }
            }
            assertThat(pairs)
                    .anyMatch(pair -> pair.get(0).getPartition() != pair.get(1).getPartition());
            // of every pair one asks, and the other one waits for it
            await().atMost(SOON).until(() -> read(Topics.NEGATIVE_REQUESTS).size() == images);
            assertThat(verdicts()).isEmpty();

            dies.destroyForcibly().waitFor();
            List<NegativeRequest> requests = read(Topics.NEGATIVE_REQUESTS);
            answer(requests.subList(0, answered));

            await().atMost(SOON.plus(deadline)).until(() -> verdicts().size() >= fed.size());
            Map<RecordPosition, List<String>> verdicts = verdicts();
            assertThat(verdicts).hasSize(fed.size());
            for (RecordPosition position : fed) {
                assertThat(verdicts.get(position))
                        .as("verdicts on %s", position)
                        .hasSize(1);
            }
            for (List<RecordPosition> pair : pairs) {
                assertThat(List.of(
                                verdicts.get(pair.get(0)).get(0),
                                verdicts.get(pair.get(1)).get(0)))
                        .containsExactlyInAnyOrder("a triple", "NEAR_DUPLICATE");
            }
            assertThat(count(verdicts, "a triple")).isEqualTo(images);
            List<PreferenceTriple> triples = read(Topics.PREFERENCE_TRIPLES);
            assertThat(triples).allMatch(triple -> triple.getKind().equals("SDEDIT") == (triple.getFallback() == null));
            assertThat(triples)
                    .filteredOn(triple -> "EMPTY_MASK".equals(triple.getFallback()))
                    .isNotEmpty();
            assertThat(triples)
                    .filteredOn(triple -> triple.getKind().equals("SDEDIT"))
                    .isNotEmpty();
            if (answered < images) {
                assertThat(triples)
                        .filteredOn(triple -> "DEADLINE".equals(triple.getFallback()))
                        .hasSizeGreaterThanOrEqualTo(images - answered);
            }
        } finally {
            dies.destroyForcibly().waitFor();
            stays.destroyForcibly().waitFor();
        }
    }

    private static int members(Admin admin) throws Exception {
        try {
            return admin.describeConsumerGroups(List.of("realalign-curator"))
                    .all()
                    .get()
                    .get("realalign-curator")
                    .members()
                    .size();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return 0;
            }
            throw e;
        }
    }

    /** Stands in for generators: some answers come twice, and some are refusals. */
    private void answer(List<NegativeRequest> requests) throws Exception {
        BlobStore blobs = BlobStore.open(folder.resolve("blobs").toUri()).ofWaiting();
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (Serializer<GeneratedNegative> answers = Topics.GENERATED_NEGATIVES.valueSerializer(cluster.registry())) {
            for (int i = 0; i < requests.size(); i++) {
                NegativeRequest request = requests.get(i);
                GeneratedNegative.Builder answer = GeneratedNegative.newBuilder()
                        .setImageId(request.getImageId())
                        .setRecord(request.getRecord())
                        .setKind(request.getKind())
                        .setModel("stand-in")
                        .setSeed(request.getSeed())
                        .setGenerator("test")
                        .setGeneratedAt(Instant.EPOCH)
                        .setSeconds(0);
                if (i % REFUSED == 0) {
                    answer.setRefusal(new NegativeRefusal("EMPTY_MASK", "nothing to repaint", false));
                } else {
                    answer.setNegative(ByteBuffer.wrap(upsideDown(blobs.get(request.getPicture()))));
                }
                byte[] key = request.getImageId().getBytes(StandardCharsets.UTF_8);
                byte[] value = answers.serialize(Topics.GENERATED_NEGATIVES.name(), answer.build());
                for (int times = 0; times < (i % DOUBLED == 0 ? 2 : 1); times++) {
                    sent.add(producer.send(new ProducerRecord<>(Topics.GENERATED_NEGATIVES.name(), key, value)));
                }
            }
        }
        for (Future<RecordMetadata> acknowledged : sent) {
            acknowledged.get();
        }
    }

    private static byte[] upsideDown(byte[] png) throws IOException {
        BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));
        BufferedImage turned = new BufferedImage(picture.getWidth(), picture.getHeight(), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                turned.setRGB(x, picture.getHeight() - 1 - y, picture.getRGB(x, y));
            }
        }
        return png(turned);
    }

    /** A picture of its own for each number. */
    private static BufferedImage picture(int number) {
        Random random = new Random(number);
        BufferedImage colours = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 256; i++) {
            colours.setRGB(i % 16, i / 16, random.nextInt(0x1000000));
        }
        BufferedImage picture = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        Graphics2D brush = picture.createGraphics();
        brush.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        brush.drawImage(colours, 0, 0, 64, 64, null);
        brush.dispose();
        return picture;
    }

    /** Nearly the same picture: other bytes, and nearly the same perceptual hash. */
    private static BufferedImage darker(BufferedImage picture) {
        return new RescaleOp(0.95f, 0, null).filter(picture, null);
    }

    private static byte[] png(BufferedImage picture) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(picture, "png", file);
        return file.toByteArray();
    }
}
