package dev.realalign.tests.curating;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.realalign.curator.CuratorService;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.Service;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Topics;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
@Tag("slow")
class CuratingTest extends CuratingFixture {
    @Test
    @DisplayName("Killed twice while pictures come in, curators end every record in exactly one triple or rejection")
    void killed() throws Exception {
        List<RecordPosition> fed = new ArrayList<>();
        Process first = curatorProcess("first");
        feed(fed, 0, 150);
        await().atMost(SOON).until(() -> verdicts().size() > 30);
        first.destroyForcibly().waitFor();
        Process second = curatorProcess("second");
        feed(fed, 100, 300);
        await().atMost(SOON).until(() -> verdicts().size() > 200);
        second.destroyForcibly().waitFor();
        feed(fed, 0, 20);
        try (CuratorService third = curator("third", Map.of())) {
            third.start();
            await().atMost(SOON).until(() -> verdicts().size() >= fed.size());
            assertThat(third.state()).isEqualTo(Service.State.RUNNING);
        }

        Map<RecordPosition, List<String>> verdicts = verdicts();
        for (RecordPosition position : fed) {
            assertThat(verdicts.get(position)).as("verdicts on %s", position).hasSize(1);
        }
        assertThat(verdicts).hasSize(fed.size());
        // pictures 0 to 299, of which 100 to 149 and 0 to 19 came twice
        assertThat(count(verdicts, "a triple")).isEqualTo(300);
        assertThat(count(verdicts, "DUPLICATE")).isEqualTo(70);
        for (ImageRejection rejection : read(Topics.IMAGE_REJECTIONS)) {
            assertThat(rejection.getFirst().getPartition())
                    .isEqualTo(rejection.getRecord().getPartition());
            assertThat(rejection.getFirst().getOffset())
                    .isLessThan(rejection.getRecord().getOffset());
        }
        assertThatEveryPairWasRankedAgainstAllBeforeIt();
    }

    /** Gate in shadow mode, window of 1,000: whatever was killed, each partition's window holds every pair before. */
    private void assertThatEveryPairWasRankedAgainstAllBeforeIt() {
        Map<Integer, List<PreferenceTriple>> partitions = new HashMap<>();
        for (PreferenceTriple triple : read(Topics.PREFERENCE_TRIPLES)) {
            partitions
                    .computeIfAbsent(triple.getRecord().getPartition(), first -> new ArrayList<>())
                    .add(triple);
        }
        partitions.forEach((partition, triples) -> {
            triples.sort(Comparator.comparingLong(triple -> triple.getRecord().getOffset()));
            List<Double> before = new ArrayList<>();
            for (PreferenceTriple triple : triples) {
                List<Double> best =
                        before.stream().sorted(Comparator.reverseOrder()).toList();
                assertThat(triple.getGap().getWindow()).isEqualTo(before.size());
                assertThat(triple.getGap().getRankLeast())
                        .isEqualTo(best.isEmpty() ? null : best.get((best.size() + 1) / 2 - 1));
                before.add(triple.getGap().getRank());
            }
        });
    }

    @Test
    @DisplayName("A blob store that cannot be read ends the curator with one sentence; mended, nothing is lost")
    void brokenBlobStore() throws Exception {
        Path blobs = folder.resolve("blobs");
        byte[] picture = picture(1);
        BlobReference reference = BlobStore.open(blobs.toUri()).put(picture);
        Path shard = blobs.resolve(reference.getSha256().substring(0, 2));
        Path aside = folder.resolve("aside");
        Files.move(shard, aside);
        Files.writeString(shard, "a file where a folder belongs");
        send(image(picture).setContent(null).setBlob(reference).build());

        try (CuratorService curator = curator("broken", Map.of("curator.thread.restarts", "1"))) {
            curator.start();

            assertThat(curator.await(SOON)).isTrue();
            assertThat(curator.state()).isEqualTo(Service.State.FAILED);
            assertThat(curator.failure().orElseThrow())
                    .isInstanceOf(UserErrorException.class)
                    .hasMessageStartingWith("the curator gave up after 1 restarts of a stream thread within 600 s; the"
                            + " last failure was: ")
                    .hasMessageContaining(shard.toString())
                    .hasMessageEndingWith("Mend the cause and start it again: no verdict is lost.");
        }
        assertThat(verdicts()).isEmpty();

        Files.delete(shard);
        Files.move(aside, shard);
        try (CuratorService curator = curator("broken", Map.of())) {
            curator.start();
            await().atMost(SOON).until(() -> count(verdicts(), "a triple") == 1);
        }
        assertThat(verdicts()).hasSize(1);
    }

    @Test
    @DisplayName("Records as large or as odd as they come pass or are rejected, and none stops the stream")
    void oddRecords() throws Exception {
        byte[] picture = picture(2);
        // a caption that fills the triple to the last byte allowed goes through the broker as well
        int room = 4 * 1024 * 1024 - 64 * 1024;
        send(image(picture).setCaption("x".repeat(room - 20_000)).build());
        send(image(picture(3)).setCaption("x".repeat(room)).build());
        send(0, null, "no key".getBytes(StandardCharsets.UTF_8));
        send(1, new byte[3_000_000], null);
        send(2, "key".getBytes(StandardCharsets.UTF_8), new byte[] {0, 0, 0, 77, 77, 1});
        byte[] key = "another key".getBytes(StandardCharsets.UTF_8);
        send(0, key, bytes(image(picture(4)).setSource("s".repeat(3_900_000)).build()));
        RealImage straying = image(picture(6)).build();
        int right = send(straying).getPartition();
        send((right + 1) % 3, straying.getImageId().getBytes(StandardCharsets.UTF_8), bytes(straying));
        RealImage other = image(picture(5)).build();
        send(other);

        try (CuratorService curator = curator("odd", Map.of())) {
            curator.start();
            await().atMost(SOON).until(() -> verdicts().size() >= 9);
        }
        Map<RecordPosition, List<String>> verdicts = verdicts();
        assertThat(verdicts).hasSize(9);
        assertThat(count(verdicts, "a triple")).isEqualTo(3);
        assertThat(count(verdicts, "TRIPLE_TOO_LARGE")).isEqualTo(1);
        assertThat(count(verdicts, "UNREADABLE_RECORD")).isEqualTo(3);
        assertThat(count(verdicts, "ID_MISMATCH")).isEqualTo(1);
        assertThat(count(verdicts, "WRONG_PARTITION")).isEqualTo(1);
    }

    @Test
    @DisplayName("Two curators share the partitions, and the one that stays takes over what the other leaves")
    void takeover() throws Exception {
        List<RecordPosition> fed = new ArrayList<>();
        try (CuratorService stays = curator("stays", Map.of())) {
            stays.start();
            try (CuratorService leaves = curator("leaves", Map.of())) {
                leaves.start();
                await().atMost(SOON)
                        .until(() -> stays.state() == Service.State.RUNNING && leaves.state() == Service.State.RUNNING);
                feed(fed, 0, 60);
                await().atMost(SOON).until(() -> verdicts().size() == fed.size());
            }
            feed(fed, 0, 60);
            await().atMost(SOON).until(() -> verdicts().size() == fed.size());
        }

        assertThat(count(verdicts(), "a triple")).isEqualTo(60);
        assertThat(count(verdicts(), "DUPLICATE")).isEqualTo(60);
    }

    private void feed(List<RecordPosition> fed, int from, int to) {
        for (int i = from; i < to; i++) {
            fed.add(send(image(picture(i)).build()));
        }
    }

    /** A picture of its own for each number. */
    private static byte[] picture(int number) {
        Random random = new Random(number);
        BufferedImage image = new BufferedImage(40, 40, BufferedImage.TYPE_INT_RGB);
        int base = random.nextInt(0x1000000);
        for (int y = 0; y < 40; y++) {
            for (int x = 0; x < 40; x++) {
                image.setRGB(x, y, (base + x * 0x030201 + y * 0x010305) ^ (x / 8 + y / 8) % 2 * 0x404040);
            }
        }
        try {
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            ImageIO.write(image, "png", file);
            return file.toByteArray();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
