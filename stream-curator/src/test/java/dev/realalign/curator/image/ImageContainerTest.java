package dev.realalign.curator.image;

import static dev.realalign.curator.TestPictures.chunk;
import static dev.realalign.curator.TestPictures.commonsImaging;
import static dev.realalign.curator.TestPictures.exif;
import static dev.realalign.curator.TestPictures.exifSegment;
import static dev.realalign.curator.TestPictures.file;
import static dev.realalign.curator.TestPictures.joined;
import static dev.realalign.curator.TestPictures.scene;
import static dev.realalign.curator.TestPictures.withChunk;
import static dev.realalign.curator.TestPictures.withSegment;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageContainerTest {
    private static final RgbImage SCENE = scene(40, 30);
    private static final String WEBP = "data/images/webp/1/Oregon Scientific DS6639 - DSC_0307 - small lossy.webp";

    @ParameterizedTest
    @ValueSource(strings = {"jpeg", "png", "gif", "bmp", "tiff"})
    void the_size_is_read_without_decoding(String format) throws Exception {
        ImageContainer container = read(file(SCENE, format));

        assertThat(container.width()).isEqualTo(40);
        assertThat(container.height()).isEqualTo(30);
        assertThat(container.damage()).isEmpty();
    }

    @Test
    void the_size_of_a_webp_is_read_without_decoding() throws Exception {
        ImageContainer container = read(commonsImaging(WEBP));

        assertThat(container.width()).isEqualTo(300);
        assertThat(container.height()).isEqualTo(225);
        assertThat(container.damage()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"jpeg", "png", "gif", "bmp"})
    void a_file_cut_anywhere_is_truncated(String format) {
        byte[] whole = file(SCENE, format);
        for (int length = 18; length < whole.length; length++) {
            assertThat(damage(Arrays.copyOf(whole, length)).kind())
                    .as("%s cut to %d of %d bytes", format, length, whole.length)
                    .isEqualTo(Damage.Kind.TRUNCATED);
        }
    }

    @Test
    void a_webp_cut_anywhere_is_truncated() {
        byte[] whole = commonsImaging(WEBP);
        for (int length = 16; length < whole.length; length += 97) {
            assertThat(damage(Arrays.copyOf(whole, length)).kind()).isEqualTo(Damage.Kind.TRUNCATED);
        }
    }

    @Test
    void a_tiff_whose_strips_lie_behind_its_end_is_truncated() throws Exception {
        byte[] whole = commonsImaging("data/images/tiff/14/TestSampleRgb127x127.tiff");
        byte[] cut = Arrays.copyOf(whole, whole.length * 9 / 10);

        assertThat(damage(cut).kind()).isEqualTo(Damage.Kind.TRUNCATED);
        assertThat(damage(cut).evidence()).startsWith("the file ends after " + cut.length + " bytes");
    }

    @ParameterizedTest(name = "{0}: {2}")
    @CsvSource({
        "jpeg, 700, 'the file ends after 700 bytes without an end of image (EOI)'",
        "jpeg, 100, 'the file ends after 100 bytes without an end of image (EOI), before any picture data'",
        "png, 500, 'the file ends after 500 bytes, inside chunk IDAT of '",
        "gif, 500, 'the file ends after 500 bytes without a trailer block'",
        "bmp, 500, 'the file ends after 500 bytes, its pixels need 3654'",
        "tiff, 20, 'the file ends after 20 bytes, '",
    })
    void the_evidence_of_truncation_says_where(String format, int length, String evidence) {
        assertThat(damage(Arrays.copyOf(file(SCENE, format), length)).evidence())
                .startsWith(evidence);
    }

    @Test
    void what_follows_the_first_end_of_a_jpeg_is_not_its_picture() throws Exception {
        byte[] jpeg = file(SCENE, "jpeg");

        ImageContainer container = read(joined(jpeg, jpeg, new byte[] {1, 2, 3}));

        assertThat(container.damage()).isEmpty();
        assertThat(container.scans()).isEqualTo(1);
        assertThat(container.decodable()).isEqualTo(read(jpeg).decodable());
    }

    @Test
    void the_end_marker_of_a_thumbnail_inside_a_segment_is_not_the_end() {
        byte[] thumbnail = joined(exifSegment(exif(1)), file(scene(8, 8), "jpeg"));
        byte[] whole = withSegment(file(SCENE, "jpeg"), 0xE1, thumbnail);

        assertThat(damage(Arrays.copyOf(whole, whole.length - 2)).kind()).isEqualTo(Damage.Kind.TRUNCATED);
    }

    @Test
    void a_decoder_sees_no_metadata_of_a_jpeg() throws Exception {
        byte[] plain = file(SCENE, "jpeg");
        byte[] described = withSegment(
                withSegment(withSegment(plain, 0xFE, new byte[60_000]), 0xED, new byte[5_000]),
                0xE1,
                exifSegment(exif(6)));

        assertThat(read(described).decodable()).isEqualTo(read(plain).decodable());
        assertThat(read(described).exif()).isPresent();
    }

    @Test
    void a_decoder_sees_no_metadata_of_a_png() throws Exception {
        byte[] plain = file(SCENE, "png");
        byte[] described = withChunk(withChunk(plain, "iTXt", new byte[3_000_000]), "eXIf", exif(6));

        assertThat(read(described).decodable()).isEqualTo(read(plain).decodable());
        assertThat(read(described).exif()).contains(exif(6));
    }

    @Test
    void a_profile_that_inflates_without_end_is_ignored() throws Exception {
        byte[] bomb =
                withChunk(file(SCENE, "png"), "iCCP", joined(new byte[] {'x', 0, 0}, deflated(new byte[64 << 20])));

        assertThat(read(bomb).iccProfile()).isEmpty();
        assertThat(read(bomb).damage()).isEmpty();
    }

    @Test
    void a_profile_in_several_segments_is_put_together_in_order() throws Exception {
        byte[] second = joined("ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII), new byte[] {2, 2, 'c', 'd'});
        byte[] first = joined("ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII), new byte[] {1, 2, 'a', 'b'});

        byte[] jpeg = withSegment(withSegment(file(SCENE, "jpeg"), 0xE2, first), 0xE2, second);

        assertThat(read(jpeg).iccProfile()).contains("abcd".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void a_second_frame_header_is_corrupt() {
        byte[] frame = {8, 0, 30, 0, 40, 1, 1, 0x11, 0};
        byte[] jpeg = withSegment(withSegment(file(SCENE, "jpeg"), 0xC0, frame), 0xC0, frame);

        assertThat(damage(jpeg)).isEqualTo(Damage.corrupt("a second frame header at byte 15"));
    }

    @Test
    void scans_of_a_jpeg_are_counted() throws Exception {
        byte[] jpeg = file(SCENE, "jpeg");
        byte[] scan = {(byte) 0xFF, (byte) 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0x55, 0x55};
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        many.write(jpeg, 0, jpeg.length - 2);
        for (int i = 0; i < 500; i++) {
            many.writeBytes(scan);
        }
        many.write(jpeg, jpeg.length - 2, 2);

        assertThat(read(many.toByteArray()).scans()).isEqualTo(501);
    }

    @Test
    void arithmetic_coding_is_named_as_unsupported() {
        byte[] jpeg = file(SCENE, "jpeg").clone();
        int frame = indexOf(jpeg, new byte[] {(byte) 0xFF, (byte) 0xC0});
        jpeg[frame + 1] = (byte) 0xC9;

        assertThat(damage(jpeg))
                .isEqualTo(Damage.unsupported("a JPEG of process FF C9 with 8 bits a sample; baseline, extended,"
                        + " progressive (8 bits) and lossless can be read"));
    }

    @Test
    void a_flipped_bit_in_a_png_is_corrupt_by_its_checksum() {
        byte[] png = file(SCENE, "png").clone();
        int data = indexOf(png, "IDAT".getBytes(StandardCharsets.US_ASCII));
        png[data + 40] ^= 1;

        assertThat(damage(png))
                .isEqualTo(Damage.corrupt("the checksum of chunk IDAT at byte " + (data - 4) + " is wrong"));
    }

    @Test
    void a_png_sent_as_text_is_corrupt_by_its_signature() {
        byte[] png = file(SCENE, "png").clone();
        png[4] = '\n';

        assertThat(damage(png).evidence()).startsWith("the PNG signature is damaged, as by a transfer");
    }

    @Test
    void a_png_with_a_necessary_chunk_of_no_standard_is_refused() {
        assertThat(damage(withChunk(file(SCENE, "png"), "CgBI", new byte[4])).kind())
                .isEqualTo(Damage.Kind.UNSUPPORTED);
        assertThat(damage(withChunk(file(SCENE, "png"), "QUuX", new byte[4])))
                .isEqualTo(Damage.corrupt("chunk QUuX at byte 33 is marked as necessary but is in no PNG standard"));
    }

    @Test
    void a_png_that_starts_with_another_chunk_has_no_size() {
        byte[] png = joined(PngContainer.SIGNATURE, chunk("IDAT", new byte[9]), chunk("IEND", new byte[0]));

        assertThat(damage(png)).isEqualTo(Damage.corrupt("chunk IDAT at byte 8 is out of place"));
    }

    @Test
    void a_png_of_negative_size_is_corrupt() {
        byte[] header = ByteBuffer.allocate(13).putInt(-1).putInt(5).array();

        assertThat(damage(joined(PngContainer.SIGNATURE, chunk("IHDR", header))))
                .isEqualTo(Damage.corrupt("the IHDR chunk says -1x5 pixels"));
    }

    @Test
    void a_gif_with_a_block_of_no_kind_is_corrupt() {
        byte[] gif = file(SCENE, "gif");
        byte[] broken = Arrays.copyOf(gif, gif.length + 1);
        broken[gif.length - 1] = 0x11;

        assertThat(damage(broken)).isEqualTo(Damage.corrupt("no valid block at byte " + (gif.length - 1)));
    }

    @Test
    void a_bmp_that_runs_from_top_to_bottom_has_a_positive_height() throws Exception {
        byte[] bmp = file(SCENE, "bmp").clone();
        ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN).putInt(22, -30);

        assertThat(read(bmp).height()).isEqualTo(30);
    }

    @Test
    void a_bmp_that_wraps_a_jpeg_is_unsupported() {
        byte[] bmp = file(SCENE, "bmp").clone();
        ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN).putInt(30, 4);

        assertThat(damage(bmp)).isEqualTo(Damage.unsupported("it wraps a JPEG or PNG, a form meant for printers"));
    }

    @Test
    void a_tiff_of_floating_point_samples_is_unsupported() {
        assertThat(damage(commonsImaging("data/images/tiff/9/Sample64BitFloatingPointPix451x337.tiff")))
                .isEqualTo(Damage.unsupported("its samples are floating-point numbers"));
    }

    @Test
    void a_tiff_tile_as_large_as_a_bomb_is_corrupt() {
        // width, height, tile width, tile length as the only entries, little-endian
        ByteBuffer tiff = ByteBuffer.allocate(8 + 2 + 4 * 12 + 4).order(ByteOrder.LITTLE_ENDIAN);
        tiff.put(new byte[] {'I', 'I', 42, 0}).putInt(8).putShort((short) 4);
        for (int[] entry : new int[][] {{256, 40}, {257, 30}, {322, 60_000}, {323, 60_000}}) {
            tiff.putShort((short) entry[0]).putShort((short) 4).putInt(1).putInt(entry[1]);
        }

        assertThat(damage(tiff.array()))
                .isEqualTo(Damage.corrupt("a tile of 3600000000 pixels for a picture of 1200 pixels"));
    }

    private static ImageContainer read(byte[] file) throws DamagedImageException {
        return ImageContainer.read(file, ImageType.detect(file).orElseThrow());
    }

    /** Damage that the structure shows, before or behind the picture's size. */
    private static Damage damage(byte[] file) {
        DamagedImageException[] thrown = new DamagedImageException[1];
        ImageContainer[] container = new ImageContainer[1];
        thrown[0] = catchThrowableOfType(DamagedImageException.class, () -> container[0] = read(file));
        return thrown[0] != null ? thrown[0].damage() : container[0].damage().orElseThrow();
    }

    private static int indexOf(byte[] file, byte[] part) {
        for (int i = 0; i + part.length <= file.length; i++) {
            if (Arrays.equals(file, i, i + part.length, part, 0, part.length)) {
                return i;
            }
        }
        throw new IllegalArgumentException("not there");
    }

    private static byte[] deflated(byte[] bytes) {
        Deflater deflater = new Deflater();
        deflater.setInput(bytes);
        deflater.finish();
        byte[] out = new byte[1 << 20];
        int size = deflater.deflate(out);
        deflater.end();
        return Arrays.copyOf(out, size);
    }
}
