package dev.realalign.app.feed;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.Sha256;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Iterator;
import java.util.List;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeederTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    @TempDir
    Path folder;

    private final MockProducer<String, RealImage> producer =
            new MockProducer<>(true, null, new StringSerializer(), (topic, value) -> new byte[0]);
    private final FeedTally tally = new FeedTally();
    private BlobStore blobs;
    private Feeder feeder;

    @BeforeEach
    void open() {
        blobs = BlobStore.open(folder.toUri());
        feeder = new Feeder(new ImageFeeder(producer, blobs, 10, Clock.fixed(NOW, ZoneOffset.UTC)), 20);
    }

    @Test
    void aSmallPictureTravelsInlineUnderItsId() throws Exception {
        feed(picture("a.jpg", "tiny", "a cat"), picture("b.jpg", "tiny2", ""));

        ProducerRecord<String, RealImage> first = producer.history().get(0);
        assertThat(first.topic()).isEqualTo("real-images");
        assertThat(first.partition()).as("left to Kafka's murmur2").isNull();
        assertThat(first.key()).isEqualTo(ImageId.of("tiny".getBytes(UTF_8)).hex());
        assertThat(first.value().getImageId()).isEqualTo(first.key());
        assertThat(UTF_8.decode(first.value().getContent()).toString()).isEqualTo("tiny");
        assertThat(first.value().getBlob()).isNull();
        assertThat(first.value().getSource()).isEqualTo("a.jpg");
        assertThat(first.value().getCaption()).isEqualTo("a cat");
        assertThat(first.value().getIngestTime()).isEqualTo(NOW);
        assertThat(producer.history().get(1).value().getCaption()).isEqualTo("the default");
        assertThat(tally.numbers()).isEqualTo(new FeedTally.Numbers(2, 2, 9, 0, 0));
    }

    @Test
    void aLargePictureGoesToTheBlobStoreFirst() throws Exception {
        feed(picture("large.jpg", "eleven byte", ""));

        RealImage sent = producer.history().get(0).value();
        assertThat(sent.getContent()).isNull();
        assertThat(sent.getBlob().getSha256()).isEqualTo(Sha256.hex("eleven byte".getBytes(UTF_8)));
        assertThat(blobs.get(sent.getBlob())).isEqualTo("eleven byte".getBytes(UTF_8));
    }

    @Test
    void whatCannotBeReadIsCountedAndNamedAndTheFeedGoesOn() throws Exception {
        feed(
                picture("huge.jpg", "x".repeat(21), ""),
                new SourceImage(
                        "broken.jpg",
                        () -> {
                            throw new IOException("the disk says no");
                        },
                        () -> Note.NONE),
                picture("edge.jpg", "x".repeat(20), ""));

        assertThat(tally.numbers()).isEqualTo(new FeedTally.Numbers(3, 1, 20, 0, 2));
        assertThat(tally.unreadableNames())
                .containsExactly("huge.jpg: larger than feed.read.max.bytes = 20", "broken.jpg: the disk says no");
    }

    @Test
    void anInterruptedFeedThatBeginsAgainSendsExactlyTheRest() throws Exception {
        FedBefore before = new FedBefore();
        before.add(ImageId.of("one".getBytes(UTF_8)).hex());
        feeder.feed(
                source(picture("1", "one", ""), picture("2", "two", ""), picture("1 again", "one", "")),
                Note.NONE,
                0,
                before,
                tally,
                () -> false);

        assertThat(producer.history())
                .extracting(sent -> sent.value().getSource())
                .containsExactly("2", "1 again");
        assertThat(tally.numbers()).isEqualTo(new FeedTally.Numbers(3, 2, 6, 1, 0));
    }

    @Test
    void aRecordTheBrokerRefusesIsNotCountedAndEndsTheFeed() {
        MockProducer<String, RealImage> manual =
                new MockProducer<>(false, null, new StringSerializer(), (topic, value) -> new byte[0]);
        Feeder refusing = new Feeder(new ImageFeeder(manual, blobs, 10, Clock.systemUTC()), 20);
        int[] asked = new int[1];
        assertThatThrownBy(() -> refusing.feed(
                        source(picture("1", "one", ""), picture("2", "two", ""), picture("3", "three", "")),
                        Note.NONE,
                        0,
                        new FedBefore(),
                        tally,
                        () -> {
                            if (asked[0]++ == 1) {
                                manual.errorNext(new TimeoutException("no replica answered"));
                            }
                            return false;
                        }))
                .isInstanceOf(UserErrorException.class)
                .hasMessage(
                        "The broker stopped taking pictures after 0 (no replica answered): see that it runs and has room,"
                                + " then feed again; pictures it has already will be rejected as DUPLICATE.");
        assertThat(manual.history()).hasSize(1);
        assertThat(tally.numbers().fed()).isZero();
    }

    @Test
    void thePaceSpreadsPicturesAndCatchesUpByAtMostOneSecond() {
        long[] clock = {0};
        Pace pace = new Pace(10, () -> clock[0]);
        assertThat(pace.pauseAt(0)).isEqualTo(Duration.ZERO);
        assertThat(pace.pauseAt(0)).isEqualTo(Duration.ofMillis(100));
        long later = Duration.ofMinutes(1).toNanos();
        for (int i = 0; i < 11; i++) {
            assertThat(pace.pauseAt(later)).isEqualTo(Duration.ZERO);
        }
        assertThat(pace.pauseAt(later)).isEqualTo(Duration.ofMillis(100));
        assertThat(new Pace(0, () -> 0).pauseAt(0)).isEqualTo(Duration.ZERO);
    }

    private void feed(SourceImage... images) throws InterruptedException {
        feeder.feed(
                source(images), new Note("the default", ImageFacts.UNKNOWN), 0, new FedBefore(), tally, () -> false);
    }

    private static SourceImage picture(String name, String content, String caption) {
        return new SourceImage(
                name,
                () -> new ByteArrayInputStream(content.getBytes(UTF_8)),
                () -> new Note(caption, ImageFacts.UNKNOWN));
    }

    private static ImageSource source(SourceImage... images) {
        return new ImageSource() {
            @Override
            public long count() {
                return images.length;
            }

            @Override
            public Iterator<SourceImage> iterator() {
                return List.of(images).iterator();
            }

            @Override
            public List<String> unusedCaptions() {
                return List.of();
            }

            @Override
            public void close() {}
        };
    }
}
