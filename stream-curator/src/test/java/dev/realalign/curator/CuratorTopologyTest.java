package dev.realalign.curator;

import static dev.realalign.curator.TestPictures.commonsImaging;
import static dev.realalign.curator.TestPictures.exif;
import static dev.realalign.curator.TestPictures.exifSegment;
import static dev.realalign.curator.TestPictures.file;
import static dev.realalign.curator.TestPictures.flat;
import static dev.realalign.curator.TestPictures.joined;
import static dev.realalign.curator.TestPictures.largePhotographs;
import static dev.realalign.curator.TestPictures.scene;
import static dev.realalign.curator.TestPictures.smallPhotographs;
import static dev.realalign.curator.TestPictures.withChunk;
import static dev.realalign.curator.TestPictures.withSegment;
import static dev.realalign.curator.TopologyHarness.image;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.similar.HeldOutPictures;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.KeyPartitioner;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Topics;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CuratorTopologyTest {
    private static final String ACCEPTED = "a triple";

    @TempDir
    private Path folder;

    private TopologyHarness curator;

    @BeforeEach
    void open() {
        curator = new TopologyHarness(folder, Map.of());
    }

    @AfterEach
    void close() {
        curator.close();
    }

    @Test
    void the_topology_is_the_one_that_was_agreed_on() throws IOException {
        String description = CuratorTopology.build(curator.config, curator.blobs, HeldOutPictures.NONE, curator.counts)
                .describe()
                .toString();

        try (InputStream golden = CuratorTopologyTest.class.getResourceAsStream("topology.txt")) {
            assertThat(description).isEqualTo(new String(golden.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void a_photograph_becomes_a_triple() throws IOException {
        byte[] original = file(scene(64, 48), "jpeg");
        Instant taken = Instant.ofEpochMilli(946_684_800_000L);

        PreferenceTriple triple = (PreferenceTriple) curator.feed(image(original)
                .setCaption("a box on a meadow")
                .setEventTime(taken)
                .build());

        assertThat(triple.getImageId()).isEqualTo(ImageId.of(original).hex());
        assertThat(triple.getCaption()).isEqualTo("a box on a meadow");
        assertThat(triple.getSource()).isEqualTo("test/picture");
        assertThat(triple.getRecord()).isEqualTo(new RecordPosition(0, 0L));
        assertThat(triple.getIngestTime()).isEqualTo(TopologyHarness.INGESTED);
        assertThat(triple.getEventTime()).isEqualTo(taken);
        assertThat(triple.getAcceptedAt()).isEqualTo(TopologyHarness.NOW);
        assertThat(triple.getCuratorVersion())
                .isEqualTo(curator.config.curatorVersion())
                .matches("2-[0-9a-f]{12}");
        assertThat(triple.getGeneratorVersion()).isNull();
        assertThat(triple.getWidth()).isEqualTo(32);
        assertThat(triple.getHeight()).isEqualTo(32);
        assertThat(decoded(triple.getReal()).getWidth()).isEqualTo(32);
        assertThat(triple.getRmsDifference())
                .isEqualTo(rms(decoded(triple.getReal()), decoded(triple.getNegative())))
                .isGreaterThanOrEqualTo(4);
        assertThat(curator.counts.accepted()).isEqualTo(1);
        assertThat(curator.counts.rejected()).isEmpty();
    }

    @Test
    void the_negative_of_a_local_kind_differs_inside_its_region_only() throws IOException {
        int local = 0;
        for (int i = 0; i < 40; i++) {
            PreferenceTriple triple = (PreferenceTriple) curator.feed(file(scene(40 + i, 40), "png"));
            if (triple.getRegion() != null) {
                local++;
                BufferedImage real = decoded(triple.getReal());
                BufferedImage negative = decoded(triple.getNegative());
                var region = triple.getRegion();
                for (int y = 0; y < 32; y++) {
                    for (int x = 0; x < 32; x++) {
                        boolean inside = x >= region.getX()
                                && x < region.getX() + region.getWidth()
                                && y >= region.getY()
                                && y < region.getY() + region.getHeight();
                        assertThat(inside || real.getRGB(x, y) == negative.getRGB(x, y))
                                .isTrue();
                    }
                }
            }
        }

        assertThat(local).isGreaterThanOrEqualTo(28);
    }

    static Stream<Arguments> inputs() {
        byte[] jpeg = file(scene(64, 64), "jpeg");
        byte[] png = file(scene(64, 64), "png");
        return Stream.of(
                arguments("a JPEG", jpeg, ACCEPTED),
                arguments("a PNG", png, ACCEPTED),
                arguments("a GIF", file(scene(64, 64), "gif"), ACCEPTED),
                arguments("a BMP", file(scene(64, 64), "bmp"), ACCEPTED),
                arguments("a TIFF", file(scene(64, 64), "tiff"), ACCEPTED),
                arguments("a lossy WebP", commonsImaging("data/images/webp/2/1.sm.webp"), ACCEPTED),
                arguments("a transparent WebP", commonsImaging("images/webp/alpha/alpha.webp"), ACCEPTED),
                arguments("a CMYK JPEG", commonsImaging("IMAGING-136/1402522741337.jpg"), ACCEPTED),
                arguments("a PNG of 16 bits", commonsImaging("data/images/png/2/12118.png"), ACCEPTED),
                arguments("a PNG with a palette", commonsImaging("data/images/png/2/28569-4.png"), ACCEPTED),
                arguments("a PNG with transparency", commonsImaging("data/images/png/3/testImage.png"), ACCEPTED),
                arguments("an animated GIF", commonsImaging("data/images/gif/animated/1/animated.gif"), ACCEPTED),
                arguments(
                        "an animated WebP of a dark first frame",
                        commonsImaging("images/webp/animation/example.webp"),
                        "BADLY_EXPOSED"),
                arguments(
                        "a camera's photograph of 6 megapixels",
                        commonsImaging("data/images/jpg/1/Nikon D50 - 2007.12.19.n.DSC_3656.JPG"),
                        ACCEPTED),
                arguments("EXIF orientation 6", withSegment(jpeg, 0xE1, exifSegment(exif(6))), ACCEPTED),
                arguments("broken EXIF data", withSegment(jpeg, 0xE1, exifSegment(new byte[40])), ACCEPTED),
                arguments("giant metadata in a JPEG", giantMetadata(jpeg), ACCEPTED),
                arguments("giant metadata in a PNG", withChunk(png, "zTXt", new byte[8_000_000]), ACCEPTED),
                arguments("a second picture behind the first", joined(jpeg, jpeg), ACCEPTED),
                arguments("a flat colour", file(flat(64, 64, 0x336699), "png"), "FLAT"),
                arguments("a white page with a word", file(mostly(0xFFFFFF), "png"), "BADLY_EXPOSED"),
                arguments("a night without a moon", file(mostly(0x000000), "png"), "BADLY_EXPOSED"),
                arguments("a picture without an edge", file(gradient(), "png"), "BLURRED"),
                arguments("EXIF orientation 0, which is none", withSegment(jpeg, 0xE1, exifSegment(exif(0))), ACCEPTED),
                arguments("an ICC profile of sRGB", withIcc(jpeg, sRgbProfile()), ACCEPTED),
                arguments("an ICC profile of noise", withIcc(jpeg, noise(3_000)), ACCEPTED),
                arguments("no byte", new byte[0], "EMPTY"),
                arguments("one byte", new byte[] {(byte) 0xFF}, "UNKNOWN_TYPE"),
                arguments("text", "not a picture".getBytes(StandardCharsets.UTF_8), "UNKNOWN_TYPE"),
                arguments("random bytes", noise(5_000), "UNKNOWN_TYPE"),
                arguments("a PSD", "8BPS\0\1".getBytes(StandardCharsets.US_ASCII), "UNKNOWN_TYPE"),
                arguments(
                        "a TIFF of floating-point numbers",
                        commonsImaging("data/images/tiff/9/USGS_13_n38w077_dir5.tiff"),
                        "UNKNOWN_TYPE"),
                arguments("too many bytes", joined(jpeg, new byte[33 * 1024 * 1024]), "TOO_MANY_BYTES"),
                arguments("one pixel", file(scene(1, 1), "png"), "TOO_SMALL"),
                arguments("31 pixels", file(scene(31, 64), "png"), "TOO_SMALL"),
                arguments("a line", file(scene(32, 129), "png"), "ASPECT_RATIO"),
                arguments("a PNG bomb", pngOfSize(60_000, 60_000), "PIXEL_BOMB"),
                arguments("a GIF bomb", gifOfSize(65_535, 65_535), "PIXEL_BOMB"),
                arguments("a WebP bomb", webpOfSize(16_383, 16_383), "PIXEL_BOMB"),
                arguments("a JPEG bomb", jpegOfSize(65_535, 65_535), "PIXEL_BOMB"),
                arguments("a JPEG cut in half", Arrays.copyOf(jpeg, jpeg.length / 2), "TRUNCATED"),
                arguments("a PNG cut in half", Arrays.copyOf(png, png.length / 2), "TRUNCATED"),
                arguments("a JPEG that lies about its size", jpegOfSize(128, 128), "CORRUPT"),
                arguments(
                        "a JPEG without tables",
                        commonsImaging("IMAGING-215/ArrayIndexOutOfBoundsException_DhtSegment_79.jpeg"),
                        "ASPECT_RATIO"),
                arguments("a PNG with a wrong checksum", commonsImaging("IMAGING-211/testfile_2.png"), "CORRUPT"),
                arguments(
                        "a BMP of impossible size",
                        commonsImaging("data/images/bmp/5/@broken/timeout-bd15dbfa26b4e88070de540c6603039e8a88626f"),
                        "TOO_SMALL"));
    }

    @ParameterizedTest(name = "EXIF orientation {0}")
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void every_exif_orientation_ends_in_a_triple_and_no_two_in_the_same_one(int orientation) {
        byte[] jpeg = file(scene(64, 64), "jpeg");
        PreferenceTriple upright = (PreferenceTriple) curator.feed(jpeg);

        PreferenceTriple turned =
                (PreferenceTriple) curator.feed(withSegment(jpeg, 0xE1, exifSegment(exif(orientation))));

        assertThat(turned.getReal().equals(upright.getReal())).isEqualTo(orientation == 1);
    }

    @ParameterizedTest(name = "{0} under the name {1}")
    @CsvSource({"jpeg, picture.png", "png, picture.jpg", "gif, picture", "bmp, ../../picture.tiff"})
    void a_wrong_name_changes_nothing(String format, String name) {
        byte[] original = file(scene(64, 64), format);

        assertThat(curator.feed(image(original).setSource(name).build())).isInstanceOf(PreferenceTriple.class);
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("inputs")
    void every_input_ends_in_a_triple_or_its_reason(String description, byte[] original, String expected) {
        SpecificRecord result =
                original.length > 300_000 ? curator.feed(byReference(original)) : curator.feed(original);

        assertThat(result instanceof ImageRejection rejection ? rejection.getReason() : ACCEPTED)
                .as("%s: %s", description, result instanceof ImageRejection rejection ? rejection.getEvidence() : "")
                .isEqualTo(expected);
    }

    private RealImage byReference(byte[] original) {
        return image(original)
                .setContent(null)
                .setBlob(curator.blobs.put(original))
                .build();
    }

    @Test
    void every_file_of_the_commons_imaging_test_jar_ends_in_a_triple_or_a_rejection_and_none_stops_the_stream() {
        Map<String, String> verdicts = new TreeMap<>();
        commonsImaging().forEach((name, original) -> {
            SpecificRecord result = curator.feed(byReference(original));
            if (result instanceof ImageRejection rejection) {
                assertThat(Arrays.stream(Reason.values()).map(Reason::name)).contains(rejection.getReason());
                assertThat(rejection.getEvidence()).isNotBlank();
                verdicts.put(name, rejection.getReason());
            } else {
                verdicts.put(name, ACCEPTED);
            }
        });

        assertThat(verdicts).isEqualTo(golden("commons-imaging.txt"));
    }

    /** Lines of file name, tab, verdict. */
    private static Map<String, String> golden(String name) {
        try (InputStream golden = CuratorTopologyTest.class.getResourceAsStream(name)) {
            Map<String, String> lines = new TreeMap<>();
            new String(golden.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.split("\t", -1))
                    .forEach(line -> lines.put(line[0], line[1]));
            return lines;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99})
    void photographs_cut_at_a_share_of_their_bytes_are_truncated_or_corrupt(int percent) {
        List<byte[]> photographs = new ArrayList<>(List.of(
                commonsImaging("data/images/jpg/1/Canon Powershot SD750 - 2007.12.26.n.IMG_3704.JPG"),
                commonsImaging("data/images/jpg/3/img_F028c_small.jpg"),
                commonsImaging("data/images/jpg/7/_DSC6099.jpg"),
                commonsImaging("data/images/webp/2/4.sm.webp"),
                commonsImaging("data/images/gif/single/2/test.gif")));
        for (byte[] photograph : photographs) {
            assertCutIsRefused(photograph, percent);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 20, 30, 40, 50, 60, 70, 80, 90})
    void more_photographs_cut_at_a_share_of_their_bytes_are_truncated_or_corrupt(int percent) {
        largePhotographs().values().forEach(photograph -> assertCutIsRefused(photograph, percent));
        if (percent > 70) { // before that, some photographs of 32 pixels have the same header bytes
            smallPhotographs(50).values().forEach(photograph -> assertCutIsRefused(photograph, percent));
        }
    }

    private void assertCutIsRefused(byte[] photograph, int percent) {
        byte[] cut = Arrays.copyOf(photograph, (int) ((long) photograph.length * percent / 100));

        ImageRejection rejection = (ImageRejection) curator.feed(byReference(cut));

        assertThat(rejection.getReason()).isIn("TRUNCATED", "CORRUPT");
        assertThat(rejection.getEvidence()).contains(String.valueOf(cut.length));
    }

    @Test
    void photographs_become_triples() {
        smallPhotographs(100).values().forEach(photograph -> assertThat(curator.feed(photograph))
                .isInstanceOf(PreferenceTriple.class));
        largePhotographs().values().forEach(photograph -> assertThat(curator.feed(byReference(photograph)))
                .isInstanceOf(PreferenceTriple.class));
    }

    @Test
    void the_same_bytes_again_are_a_duplicate_that_names_the_first_record() {
        byte[] original = file(scene(64, 64), "png");
        curator.feed(file(scene(65, 65), "png"));
        curator.feed(original);

        ImageRejection rejection = (ImageRejection)
                curator.feed(image(original).setSource("another/name").build());

        assertThat(rejection.getReason()).isEqualTo("DUPLICATE");
        assertThat(rejection.getEvidence()).isEqualTo("the same bytes came first as offset 1 of partition 0");
        assertThat(rejection.getFirst()).isEqualTo(new RecordPosition(0, 1L));
        assertThat(rejection.getRecord()).isEqualTo(new RecordPosition(0, 2L));
        assertThat(rejection.getSource()).isEqualTo("another/name");
        assertThat(rejection.getIngestTime()).isEqualTo(TopologyHarness.INGESTED);
        assertThat(rejection.getRejectedAt()).isEqualTo(TopologyHarness.NOW);
        assertThat(rejection.getGateVersion()).isEqualTo(curator.config.gateVersion());
    }

    @Test
    void a_rejected_picture_is_a_duplicate_too_when_it_comes_again() {
        byte[] small = file(scene(8, 8), "png");

        assertThat(reason(curator.feed(small))).isEqualTo("TOO_SMALL");
        assertThat(reason(curator.feed(small))).isEqualTo("DUPLICATE");
    }

    @Test
    void a_picture_whose_bytes_never_came_is_no_duplicate_when_they_do() {
        byte[] original = file(scene(64, 64), "png");
        RealImage early = image(original)
                .setContent(null)
                .setBlob(new BlobReference(ImageId.of(original).hex(), (long) original.length))
                .build();

        assertThat(reason(curator.feed(early))).isEqualTo("BLOB_MISSING");
        curator.blobs.put(original);
        assertThat(curator.feed(early)).isInstanceOf(PreferenceTriple.class);
    }

    @Test
    void a_blob_store_that_fails_stops_the_stream_and_rejects_nothing() {
        byte[] original = file(scene(64, 64), "png");
        RealImage image = byReference(original);
        curator.blobs.failure = new IOException("No space left on device");

        assertThatThrownBy(() -> curator.feed(image))
                .isInstanceOf(StreamsException.class)
                .hasRootCauseMessage("No space left on device");
        assertThat(curator.counts.rejected()).isEmpty();
    }

    static Stream<Arguments> contradictions() {
        byte[] original = file(scene(64, 64), "png");
        String id = ImageId.of(original).hex();
        String other = ImageId.of(new byte[] {1}).hex();
        return Stream.of(
                arguments(
                        "another key",
                        other,
                        image(original).build(),
                        "ID_MISMATCH",
                        "the key is \"" + other + "\", the image id is \"" + id
                                + "\"; both must be the SHA-256 of the picture's bytes"),
                arguments(
                        "upper-case digits",
                        id.toUpperCase(Locale.ROOT),
                        image(original).setImageId(id.toUpperCase(Locale.ROOT)).build(),
                        "ID_MISMATCH",
                        "the key is \"" + id.toUpperCase(Locale.ROOT) + "\""),
                arguments(
                        "the id of other bytes",
                        other,
                        image(original).setImageId(other).build(),
                        "ID_MISMATCH",
                        "the bytes have the SHA-256 " + id + ", the id is " + other),
                arguments(
                        "the blob of another image",
                        id,
                        image(original)
                                .setContent(null)
                                .setBlob(new BlobReference(other, 5L))
                                .build(),
                        "ID_MISMATCH",
                        "the blob is \"" + other + "\", the image id is " + id),
                arguments(
                        "a blob that is not there",
                        id,
                        image(original)
                                .setContent(null)
                                .setBlob(new BlobReference(id, 5L))
                                .build(),
                        "BLOB_MISSING",
                        "the blob store does not hold blob " + id + " of 5 bytes"),
                arguments(
                        "a blob that says it is enormous",
                        id,
                        image(original)
                                .setContent(null)
                                .setBlob(new BlobReference(id, 1L << 50))
                                .build(),
                        "TOO_MANY_BYTES",
                        "the picture has 1125899906842624 bytes, at most 33554432 are allowed"),
                arguments(
                        "neither bytes nor a blob",
                        id,
                        image(original).setContent(null).build(),
                        "EMPTY",
                        "it has neither inline bytes nor a blob reference"),
                arguments(
                        "both bytes and a blob",
                        id,
                        image(original).setBlob(new BlobReference(id, 5L)).build(),
                        "UNREADABLE_RECORD",
                        "it has both inline bytes and a blob reference; exactly one is allowed"));
    }

    @ParameterizedTest(name = "{0}: {3}")
    @MethodSource("contradictions")
    void a_record_that_contradicts_itself_is_rejected(
            String description, String key, RealImage image, String reason, String evidence) {
        ImageRejection rejection =
                (ImageRejection) curator.feed(key.getBytes(StandardCharsets.UTF_8), curator.bytes(image));

        assertThat(rejection.getReason()).as(description).isEqualTo(reason);
        assertThat(rejection.getEvidence()).startsWith(evidence);
        assertThat(rejection.getImageId()).isEqualTo(key);
        assertThat(rejection.getSource()).isEqualTo("test/picture");
    }

    static Stream<Arguments> unreadable() {
        byte[] key = "some key".getBytes(StandardCharsets.UTF_8);
        return Stream.of(
                arguments("no key", null, new byte[10], "the record has no key", ""),
                arguments("no value", key, null, "the record has no value", "some key"),
                arguments("an empty value", key, new byte[0], "the value of 0 bytes is no RealImage: ", "some key"),
                arguments(
                        "text",
                        key,
                        "hello".getBytes(StandardCharsets.UTF_8),
                        "the value of 5 bytes is no RealImage: ",
                        "some key"),
                arguments(
                        "an unknown schema",
                        key,
                        new byte[] {0, 0, 0, 9, 9, 1, 2, 3},
                        "the value of 8 bytes is no RealImage: ",
                        "some key"),
                arguments(
                        "a key that is no text",
                        new byte[] {(byte) 0xC3, 0x28},
                        new byte[10],
                        "the value of 10 bytes is no RealImage",
                        "\uFFFD("));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unreadable")
    void a_record_that_nobody_can_read_is_rejected(
            String description, byte[] key, byte[] value, String evidence, String id) {
        ImageRejection rejection = (ImageRejection) curator.feed(key, value);

        assertThat(rejection.getReason()).as(description).isEqualTo("UNREADABLE_RECORD");
        assertThat(rejection.getEvidence()).startsWith(evidence);
        assertThat(rejection.getImageId()).isEqualTo(id);
        assertThat(rejection.getSource()).isEmpty();
        assertThat(rejection.getIngestTime()).isNull();
    }

    @Test
    void a_record_cut_anywhere_is_unreadable_or_no_longer_the_picture() {
        byte[] value = curator.bytes(image(file(scene(40, 40), "jpeg")).build());
        for (int length = 5; length < value.length; length += 13) {
            ImageRejection rejection =
                    (ImageRejection) curator.feed("k".getBytes(StandardCharsets.UTF_8), Arrays.copyOf(value, length));
            assertThat(rejection.getReason()).isEqualTo("UNREADABLE_RECORD");
        }
    }

    @Test
    void a_record_of_another_type_is_unreadable() {
        ImageRejection stray = (ImageRejection) curator.feed(new byte[0]);
        byte[] value = Topics.IMAGE_REJECTIONS
                .valueSerializer(curator.config.cluster().registry())
                .serialize(Topics.IMAGE_REJECTIONS.name(), stray);

        ImageRejection rejection = (ImageRejection) curator.feed("k".getBytes(StandardCharsets.UTF_8), value);

        assertThat(rejection.getReason()).isEqualTo("UNREADABLE_RECORD");
    }

    @Test
    void a_length_that_asks_for_all_memory_is_unreadable() {
        byte[] value = curator.bytes(image(new byte[] {1}).build());
        byte[] hostile = Arrays.copyOf(value, 10);
        // the length of the first string as zigzag varint of 2^31 - 1
        System.arraycopy(new byte[] {(byte) 0xFE, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x0F}, 0, hostile, 5, 5);

        ImageRejection rejection = (ImageRejection) curator.feed("k".getBytes(StandardCharsets.UTF_8), hostile);

        assertThat(rejection.getReason()).isEqualTo("UNREADABLE_RECORD");
    }

    @Test
    void a_record_in_a_partition_its_key_does_not_belong_to_is_rejected(@TempDir Path other) {
        byte[] original = Stream.iterate(32, width -> width + 1)
                .map(width -> file(scene(width, 40), "png"))
                .filter(file -> KeyPartitioner.partition(ImageId.of(file).hex(), 3) == 2)
                .findFirst()
                .orElseThrow();
        try (TopologyHarness three = new TopologyHarness(other, Map.of("image.partitions", "3"))) {
            ImageRejection rejection = (ImageRejection) three.feed(original);

            assertThat(rejection.getReason()).isEqualTo("WRONG_PARTITION");
            assertThat(rejection.getEvidence())
                    .isEqualTo("the record lies in partition 0, its key belongs to 2 of 3 (murmur2 of the key's UTF-8"
                            + " bytes)");
        }
    }

    @Test
    void a_registry_that_cannot_be_asked_stops_the_stream_and_rejects_nothing(@TempDir Path other) throws Exception {
        int port;
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = taken.getLocalPort();
        }
        CuratorConfig unreachable = CuratorConfig.from(Map.of(
                "bootstrap.servers",
                "localhost:1",
                "schema.registry.url",
                "http://127.0.0.1:" + port,
                "blob.store.uri",
                other.toUri().toString()));
        RecordReader<RealImage> reader =
                new RecordReader<>(Topics.REAL_IMAGES, unreachable.cluster().registry());

        assertThatThrownBy(() -> reader.read(new byte[] {0, 0, 0, 0, 1, 2}))
                .isInstanceOf(StreamsException.class)
                .hasMessageStartingWith("the schema registry cannot be asked: ");
    }

    @Test
    void a_registry_that_lost_its_schemas_stops_the_stream_and_rejects_nothing(@TempDir Path other) {
        RecordReader<RealImage> reader = new RecordReader<>(
                Topics.REAL_IMAGES, Map.of("schema.registry.url", "mock://lost-" + other.getFileName()));

        assertThatThrownBy(() -> reader.read(new byte[] {0, 0, 0, 0, 1, 2}))
                .isInstanceOf(StreamsException.class)
                .hasMessageStartingWith("the schema registry cannot be asked: ");
    }

    static Stream<String> captions() {
        return Stream.of(
                "",
                " ",
                "a".repeat(10_000),
                "línea 1\nlínea 2\t\0 end",
                "\"quotes\", 'single', \\back\\",
                "日本語 🦊 e\u0301 \u202Ertl",
                "\uFFFD replaced");
    }

    @ParameterizedTest
    @MethodSource("captions")
    void a_caption_comes_out_as_it_went_in(String caption) {
        PreferenceTriple triple = (PreferenceTriple) curator.feed(
                image(file(scene(64, 64), "png")).setCaption(caption).build());

        assertThat(triple.getCaption()).isEqualTo(caption);
    }

    @Test
    void a_caption_larger_than_a_record_is_rejected_and_does_not_stop_the_stream() {
        RealImage image = image(file(scene(64, 64), "png"))
                .setCaption("x".repeat(4_150_000))
                .build();

        ImageRejection rejection = (ImageRejection) curator.feed(image);

        assertThat(rejection.getReason()).isEqualTo("TRIPLE_TOO_LARGE");
        assertThat(rejection.getEvidence()).endsWith("bytes, a triple holds at most 4128768");
    }

    @Test
    void keys_and_sources_without_end_are_shortened_in_a_rejection() {
        byte[] key = "k".repeat(500_000).getBytes(StandardCharsets.UTF_8);
        RealImage image = image(new byte[] {1, 2, 3})
                .setSource("s".repeat(3_000_000))
                .setImageId("i".repeat(100_000))
                .build();

        ImageRejection rejection = (ImageRejection) curator.feed(key, curator.bytes(image));

        assertThat(rejection.getImageId()).isEqualTo("k".repeat(256) + "…");
        assertThat(rejection.getSource()).isEqualTo("s".repeat(4096) + "…");
        assertThat(rejection.getEvidence()).hasSizeLessThan(600);
    }

    @Test
    void headers_of_the_source_do_not_travel_on() {
        byte[] original = file(scene(64, 64), "png");
        RealImage image = image(original).build();
        RecordHeaders headers = new RecordHeaders();
        headers.add("trace", new byte[2_000_000]);

        curator.input.pipeInput(
                new TestRecord<>(image.getImageId().getBytes(StandardCharsets.UTF_8), curator.bytes(image), headers));

        assertThat(curator.onlyResult()).isInstanceOf(PreferenceTriple.class);
    }

    @Test
    void the_same_input_makes_the_same_triple_in_another_process(@TempDir Path other) {
        byte[] original = file(scene(90, 70), "jpeg");
        SpecificRecord here = curator.feed(original);

        try (TopologyHarness there = new TopologyHarness(other, Map.of())) {
            assertThat(there.feed(original)).isEqualTo(here);
        }
        try (TopologyHarness seeded = new TopologyHarness(other.resolve("b"), Map.of("curation.seed", "1"))) {
            PreferenceTriple triple = (PreferenceTriple) seeded.feed(original);
            assertThat(triple.getReal()).isEqualTo(((PreferenceTriple) here).getReal());
            assertThat(triple.getSeed()).isNotEqualTo(((PreferenceTriple) here).getSeed());
            assertThat(triple.getCuratorVersion()).isNotEqualTo(((PreferenceTriple) here).getCuratorVersion());
        }
    }

    @Test
    void verdicts_are_counted_by_reason() {
        curator.feed(file(scene(64, 64), "png"));
        curator.feed(file(scene(64, 64), "png"));
        curator.feed(file(scene(8, 8), "png"));
        curator.feed(new byte[0]);

        assertThat(curator.counts.accepted()).isEqualTo(1);
        assertThat(curator.counts.rejected())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of(Reason.DUPLICATE, 1L, Reason.TOO_SMALL, 1L, Reason.EMPTY, 1L));
    }

    private static String reason(SpecificRecord result) {
        return ((ImageRejection) result).getReason();
    }

    private static BufferedImage decoded(ByteBuffer png) throws IOException {
        byte[] bytes = new byte[png.remaining()];
        png.duplicate().get(bytes);
        return ImageIO.read(new ByteArrayInputStream(bytes));
    }

    private static double rms(BufferedImage a, BufferedImage b) {
        double squares = 0;
        for (int y = 0; y < a.getHeight(); y++) {
            for (int x = 0; x < a.getWidth(); x++) {
                for (int shift = 0; shift <= 16; shift += 8) {
                    int d = (a.getRGB(x, y) >> shift & 0xFF) - (b.getRGB(x, y) >> shift & 0xFF);
                    squares += (double) d * d;
                }
            }
        }
        return Math.sqrt(squares / (3.0 * a.getWidth() * a.getHeight()));
    }

    private static byte[] giantMetadata(byte[] jpeg) {
        byte[] file = jpeg;
        for (int i = 0; i < 40; i++) {
            file = withSegment(file, i % 2 == 0 ? 0xED : 0xFE, new byte[65_000]);
        }
        return file;
    }

    /** One colour but for 32 pixels of another on the picture's 1024. */
    private static RgbImage mostly(int colour) {
        RgbImage image = flat(32, 32, colour);
        for (int i = image.index(0, 16); i < image.index(0, 17); i++) {
            image.rgb()[i] = (byte) 128;
        }
        return image;
    }

    private static RgbImage gradient() {
        RgbImage image = flat(32, 32, 0);
        for (int y = 0; y < 32; y++) {
            for (int x = 0; x < 32; x++) {
                Arrays.fill(image.rgb(), image.index(x, y), image.index(x, y) + 3, (byte) (50 + 2 * x + 2 * y));
            }
        }
        return image;
    }

    private static byte[] withIcc(byte[] jpeg, byte[] profile) {
        byte[] name = "ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII);
        return withSegment(jpeg, 0xE2, joined(name, new byte[] {1, 1}, profile));
    }

    private static byte[] sRgbProfile() {
        return ICC_Profile.getInstance(ColorSpace.CS_sRGB).getData();
    }

    private static byte[] noise(int length) {
        byte[] noise = new byte[length];
        new Random(5).nextBytes(noise);
        return noise;
    }

    private static byte[] pngOfSize(int width, int height) {
        byte[] small = file(scene(64, 64), "png");
        byte[] header = Arrays.copyOfRange(small, 16, 29);
        ByteBuffer.wrap(header).putInt(0, width).putInt(4, height);
        return joined(
                Arrays.copyOf(small, 8),
                TestPictures.chunk("IHDR", header),
                Arrays.copyOfRange(small, 33, small.length));
    }

    private static byte[] gifOfSize(int width, int height) {
        byte[] gif = file(scene(8, 8), "gif");
        int image = 13 + 3 * (2 << (gif[10] & 7));
        while (gif[image] != 0x2C) {
            image++;
        }
        ByteBuffer.wrap(gif)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(6, (short) width)
                .putShort(8, (short) height)
                .putShort(image + 5, (short) width)
                .putShort(image + 7, (short) height);
        return gif;
    }

    private static byte[] webpOfSize(int width, int height) {
        byte[] webp = commonsImaging("data/images/webp/2/1.sm.webp").clone();
        ByteBuffer.wrap(webp)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(26, (short) width)
                .putShort(28, (short) height);
        return webp;
    }

    private static byte[] jpegOfSize(int width, int height) {
        byte[] jpeg = file(scene(64, 64), "jpeg").clone();
        for (int i = 0; i < jpeg.length; i++) {
            if (jpeg[i] == (byte) 0xFF && jpeg[i + 1] == (byte) 0xC0) {
                ByteBuffer.wrap(jpeg).putShort(i + 5, (short) height).putShort(i + 7, (short) width);
                return jpeg;
            }
        }
        throw new IllegalStateException("no frame header");
    }
}
