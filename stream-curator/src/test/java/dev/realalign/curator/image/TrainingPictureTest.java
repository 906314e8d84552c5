package dev.realalign.curator.image;

import static dev.realalign.curator.TestPictures.buffered;
import static dev.realalign.curator.TestPictures.chunk;
import static dev.realalign.curator.TestPictures.commonsImaging;
import static dev.realalign.curator.TestPictures.exif;
import static dev.realalign.curator.TestPictures.exifSegment;
import static dev.realalign.curator.TestPictures.file;
import static dev.realalign.curator.TestPictures.flat;
import static dev.realalign.curator.TestPictures.joined;
import static dev.realalign.curator.TestPictures.scene;
import static dev.realalign.curator.TestPictures.withChunk;
import static dev.realalign.curator.TestPictures.withSegment;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import java.awt.Color;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferUShort;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.zip.Deflater;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;

class TrainingPictureTest {
    private static final int WHITE = 0xFFFFFF;
    private static final String AMBULANCE = "Oregon Scientific DS6639 - DSC_0307 - small";

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "tiff"})
    void a_lossless_file_of_the_right_size_keeps_every_pixel(String format) throws Exception {
        assertThat(picture(file(scene(32, 32), format), 32)).isEqualTo(scene(32, 32));
    }

    @Test
    void the_shorter_side_becomes_the_resolution_and_the_centre_is_cut_out() throws Exception {
        RgbImage wide = Lanczos.resize(scene(120, 60), 64, 32);

        RgbImage square = picture(file(scene(120, 60), "png"), 32);

        assertThat(square.width()).isEqualTo(32);
        assertThat(square.height()).isEqualTo(32);
        for (int y = 0; y < 32; y++) {
            assertThat(Arrays.copyOfRange(square.rgb(), square.index(0, y), square.index(0, y) + 96))
                    .isEqualTo(Arrays.copyOfRange(wide.rgb(), wide.index(16, y), wide.index(16, y) + 96));
        }
    }

    @Test
    void a_small_picture_is_enlarged() throws Exception {
        assertThat(picture(file(scene(1, 1), "png"), 32)).isEqualTo(flat(32, 32, colour(scene(1, 1), 0, 0)));
    }

    @ParameterizedTest
    @EnumSource(Orientation.class)
    void a_turned_jpeg_gives_the_upright_picture(Orientation orientation) throws Exception {
        // the stored picture is the one that the orientation turns into the scene
        RgbImage stored = inverse(orientation).apply(scene(280, 240));
        byte[] jpeg = withSegment(file(stored, "jpeg"), 0xE1, exifSegment(exif(orientation.exifValue())));

        RgbImage upright = picture(jpeg, 48);

        assertThat(upright.rmsDifference(picture(file(scene(280, 240), "png"), 48)))
                .as("differs from the upright picture by JPEG loss alone")
                .isLessThan(4);
        for (Orientation other : Orientation.values()) {
            if (other != orientation) {
                byte[] wrong = withSegment(file(stored, "jpeg"), 0xE1, exifSegment(exif(other.exifValue())));
                assertThat(upright.rmsDifference(picture(wrong, 48))).isGreaterThan(25);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Orientation.class)
    void a_turned_png_gives_the_upright_picture_exactly(Orientation orientation) throws Exception {
        RgbImage stored = inverse(orientation).apply(scene(33, 32));

        assertThat(picture(withChunk(file(stored, "png"), "eXIf", exif(orientation.exifValue())), 32))
                .isEqualTo(picture(file(scene(33, 32), "png"), 32));
    }

    /** Where it is certain what a JPEG's components are it is decoded into rows of red, green and blue. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "as written, false, true",
        "as written, true, true",
        "without JFIF, false, true",
        "without JFIF, true, false",
        "with an Adobe segment, false, false",
        "components of other numbers, false, false"
    })
    void a_jpeg_has_the_pixels_that_its_reader_finds_in_a_layout_of_its_own_choice(
            String variant, boolean chromaAsLarge, boolean certain) throws Exception {
        byte[] jfif = jpeg(scene(64, 64), chromaAsLarge);
        byte[] jpeg =
                switch (variant) {
                    case "without JFIF" -> withoutJfif(jfif);
                    case "with an Adobe segment" -> withSegment(
                            jfif,
                            0xEE,
                            joined("Adobe".getBytes(StandardCharsets.US_ASCII), new byte[] {0, 100, 0, 0, 0, 0, 1}));
                    case "components of other numbers" -> withComponentsNumbered(jfif, 11);
                    default -> jfif;
                };
        ImageReader reader = ImageIO.getImageReadersByFormatName("JPEG").next();
        reader.setInput(ImageIO.createImageInputStream(new ByteArrayInputStream(jpeg)));
        RgbRows rows = PixelRows.of(reader.read(0), WHITE);
        byte[] expected = new byte[64 * 64 * 3];
        for (int y = 0; y < 64; y++) {
            byte[] row = new byte[64 * 3];
            rows.read(y, row);
            System.arraycopy(row, 0, expected, y * row.length, row.length);
        }

        assertThat(container(jpeg).ycc()).isEqualTo(certain);
        assertThat(picture(jpeg, 64)).isEqualTo(new RgbImage(64, 64, expected));
    }

    private static byte[] jpeg(RgbImage image, boolean chromaAsLarge) throws IOException {
        BufferedImage pixels = buffered(image, BufferedImage.TYPE_3BYTE_BGR);
        ImageWriter writer = ImageIO.getImageWritersByFormatName("JPEG").next();
        IIOMetadata metadata = writer.getDefaultImageMetadata(new ImageTypeSpecifier(pixels), null);
        if (chromaAsLarge) {
            IIOMetadataNode root = (IIOMetadataNode) metadata.getAsTree("javax_imageio_jpeg_image_1.0");
            Element luma = (Element) root.getElementsByTagName("componentSpec").item(0);
            luma.setAttribute("HsamplingFactor", "1");
            luma.setAttribute("VsamplingFactor", "1");
            metadata.setFromTree("javax_imageio_jpeg_image_1.0", root);
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ImageOutputStream output = ImageIO.createImageOutputStream(file)) {
            writer.setOutput(output);
            writer.write(metadata, new IIOImage(pixels, null, metadata), null);
        }
        return file.toByteArray();
    }

    /** It is the first segment. */
    private static byte[] withoutJfif(byte[] jpeg) {
        int length = ByteBuffer.wrap(jpeg).getShort(4);
        return joined(Arrays.copyOf(jpeg, 2), Arrays.copyOfRange(jpeg, 4 + length, jpeg.length));
    }

    /** Numbers them in the frame header, where nine bytes come first, and in the scan header, where four do. */
    private static byte[] withComponentsNumbered(byte[] jpeg, int first) {
        byte[] numbered = jpeg.clone();
        int frame = indexOf(jpeg, 0xC0);
        int scan = indexOf(jpeg, 0xDA);
        for (int component = 0; component < 3; component++) {
            numbered[frame + 10 + 3 * component] = (byte) (first + component);
            numbered[scan + 5 + 2 * component] = (byte) (first + component);
        }
        return numbered;
    }

    private static int indexOf(byte[] jpeg, int marker) {
        int at = 0;
        while (jpeg[at] != (byte) 0xFF || jpeg[at + 1] != (byte) marker) {
            at++;
        }
        return at;
    }

    @Test
    void a_cmyk_jpeg_becomes_rgb() throws Exception {
        RgbImage picture = picture(commonsImaging("IMAGING-136/1402522741337.jpg"), 128);

        // a dark signature on white paper
        assertThat(picture.rgb()[0] & 0xFF).isGreaterThan(250);
        assertThat(meanLevel(picture)).isBetween(190.0, 250.0);
    }

    @Test
    void the_same_photograph_in_every_type_gives_nearly_the_same_picture() throws Exception {
        RgbImage reference = picture(commonsImaging("data/images/png/1/" + AMBULANCE + ".png"), 128);

        assertThat(distance(reference, "bmp/1/" + AMBULANCE + ".bmp")).isLessThan(1);
        assertThat(distance(reference, "tiff/1/" + AMBULANCE + ".tif")).isLessThan(1);
        assertThat(distance(reference, "tiff/5/" + AMBULANCE + " - LZW - tiled.tif"))
                .isLessThan(1);
        assertThat(distance(reference, "webp/1/" + AMBULANCE + " lossless.webp"))
                .isLessThan(1);
        assertThat(distance(reference, "jpg/1/" + AMBULANCE + ".jpg")).isLessThan(8);
        assertThat(distance(reference, "webp/1/" + AMBULANCE + " lossy.webp")).isLessThan(8);
        assertThat(distance(reference, "gif/single/1/" + AMBULANCE + ".gif")).isLessThan(12);
        assertThat(distance(reference, "tiff/7/" + AMBULANCE + " - CMYK.tiff"))
                .as("without a profile CMYK is only roughly what it was")
                .isLessThan(25);
    }

    private static double distance(RgbImage reference, String name) throws DamagedImageException {
        return reference.rmsDifference(picture(commonsImaging("data/images/" + name), reference.width()));
    }

    @Test
    void samples_of_16_bits_are_rounded_to_8() throws Exception {
        int[] levels = {0, 128, 129, 257, 32768, 65406, 65407, 65535};
        short[] samples = new short[8 * 8 * 3];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = (short) levels[i / 3 % 8];
        }
        ColorModel model = new ComponentColorModel(
                ColorSpace.getInstance(ColorSpace.CS_sRGB), false, false, Transparency.OPAQUE, DataBuffer.TYPE_USHORT);
        WritableRaster raster = Raster.createInterleavedRaster(
                new DataBufferUShort(samples, samples.length), 8, 8, 24, 3, new int[] {0, 1, 2}, null);

        RgbImage picture = picture(file(new BufferedImage(model, raster, false, null), "png"), 8);

        assertThat(reds(picture)).containsExactly(0, 0, 1, 1, 128, 254, 255, 255);
    }

    @Test
    void grey_is_taken_as_it_is_stored_and_not_brightened() throws Exception {
        BufferedImage grey = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY);
        for (int x = 0; x < 8; x++) {
            for (int y = 0; y < 8; y++) {
                grey.getRaster().setSample(x, y, 0, x * 30);
            }
        }

        for (String format : new String[] {"png", "tiff", "bmp"}) {
            RgbImage picture = picture(file(grey, format), 8);
            assertThat(reds(picture)).as(format).containsExactly(0, 30, 60, 90, 120, 150, 180, 210);
            assertThat(colour(picture, 3, 0)).as(format).isEqualTo(0x5A5A5A);
        }
    }

    @Test
    void two_colours_of_one_bit_are_black_and_white() throws Exception {
        BufferedImage binary = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_BINARY);
        binary.setRGB(3, 0, 0xFFFFFF);

        assertThat(reds(picture(file(binary, "png"), 8))).containsExactly(0, 0, 0, 255, 0, 0, 0, 0);
    }

    @Test
    void a_palette_is_looked_up() throws Exception {
        byte[] levels = {0, (byte) 200, 50, (byte) 255};
        BufferedImage indexed = new BufferedImage(
                8, 8, BufferedImage.TYPE_BYTE_INDEXED, new IndexColorModel(2, 4, levels, levels, levels));
        for (int x = 0; x < 8; x++) {
            indexed.getRaster().setSample(x, 0, 0, x % 4);
        }

        assertThat(reds(picture(file(indexed, "png"), 8))).containsExactly(0, 200, 50, 255, 0, 200, 50, 255);
        assertThat(reds(picture(file(indexed, "gif"), 8))).containsExactly(0, 200, 50, 255, 0, 200, 50, 255);
    }

    @ParameterizedTest(name = "red at opacity {0} over #{1} is #{2}")
    @CsvSource({
        "255, FFFFFF, FF0000",
        "0, FFFFFF, FFFFFF",
        "0, 102030, 102030",
        "128, FFFFFF, FF7F7F",
        "64, 000000, 400000"
    })
    void transparent_pixels_lie_over_the_background(int opacity, String background, String expected) throws Exception {
        BufferedImage glass = new BufferedImage(8, 8, BufferedImage.TYPE_INT_ARGB);
        for (int x = 0; x < 8; x++) {
            for (int y = 0; y < 8; y++) {
                glass.setRGB(x, y, opacity << 24 | 0xFF0000);
            }
        }

        RgbImage picture = new TrainingPicture(8, Integer.parseInt(background, 16)).of(container(file(glass, "png")));

        assertThat(colour(picture, 4, 4)).isEqualTo(Integer.parseInt(expected, 16));
    }

    @ParameterizedTest
    @ValueSource(strings = {"trns-gray.png", "trns-rgb.png", "trns-palette8.png"})
    void a_single_transparent_colour_lies_over_the_background(String name) throws Exception {
        byte[] file = commonsImaging("data/images/png/5/" + name);

        RgbImage onWhite = new TrainingPicture(16, WHITE).of(container(file));
        RgbImage onBlue = new TrainingPicture(16, 0x0000FF).of(container(file));

        assertThat(colour(onWhite, 0, 0)).isEqualTo(0xFFFFFF);
        assertThat(colour(onBlue, 0, 0)).isEqualTo(0x0000FF);
    }

    @Test
    void a_transparent_webp_lies_over_the_background() throws Exception {
        byte[] file = commonsImaging("images/webp/alpha/alpha.webp");

        RgbImage onWhite = new TrainingPicture(64, WHITE).of(container(file));
        RgbImage onBlue = new TrainingPicture(64, 0x0000FF).of(container(file));

        assertThat(colour(onWhite, 0, 32)).isEqualTo(0xFFFFFF);
        assertThat(colour(onBlue, 0, 32)).isEqualTo(0x0000FF);
        assertThat(colour(onBlue, 40, 32)).as("an opaque pixel").isEqualTo(colour(onWhite, 40, 32));
    }

    @Test
    void the_first_frame_of_an_animation_counts() throws Exception {
        RgbImage frame = picture(commonsImaging("data/images/gif/animated/1/animated.gif"), 100);

        assertThat(frame.rgb()).hasSize(100 * 100 * 3);
        assertThat(spread(frame)).isGreaterThan(20);
        assertThat(picture(commonsImaging("images/webp/animation/example.webp"), 480)
                        .rgb())
                .hasSize(480 * 480 * 3);
    }

    /** Linear light, the JDK's own profile: level 128 of 255 is 188 in sRGB. */
    private static final byte[] LINEAR =
            ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();

    @Test
    void a_profile_in_a_png_is_applied() throws Exception {
        byte[] png = withChunk(
                file(flat(8, 8, 0x808080), "png"),
                "iCCP",
                joined("linear\0\0".getBytes(StandardCharsets.US_ASCII), deflated(LINEAR)));

        assertThat(colour(picture(png, 8), 0, 0)).isEqualTo(0xBCBCBC);
    }

    @Test
    void a_profile_in_a_jpeg_is_applied_once() throws Exception {
        assertThat(colour(picture(withProfile(file(flat(16, 16, 0x808080), "jpeg"), LINEAR), 16), 0, 0))
                .isEqualTo(0xBCBCBC);
    }

    @Test
    void a_grey_profile_is_applied_to_a_grey_jpeg() throws Exception {
        BufferedImage grey = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 256; i++) {
            grey.getRaster().setSample(i % 16, i / 16, 0, 128);
        }
        byte[] linearGrey = ICC_Profile.getInstance(ColorSpace.CS_GRAY).getData();

        assertThat(colour(picture(withProfile(file(grey, "jpeg"), linearGrey), 16), 0, 0))
                .isEqualTo(0xBCBCBC);
    }

    @Test
    void a_profile_of_sRGB_changes_nothing() throws Exception {
        byte[] srgb = ICC_Profile.getInstance(ColorSpace.CS_sRGB).getData();
        RgbImage plain = picture(file(scene(64, 64), "jpeg"), 64);

        assertThat(picture(withProfile(file(scene(64, 64), "jpeg"), srgb), 64).rmsDifference(plain))
                .isLessThan(0.7);
    }

    @Test
    void a_broken_profile_leaves_the_colours_as_they_are() throws Exception {
        byte[] jpeg = file(scene(64, 64), "jpeg");
        byte[] broken = LINEAR.clone();
        Arrays.fill(broken, 128, broken.length, (byte) 0x5A);

        assertThat(picture(withProfile(jpeg, broken), 64)).isEqualTo(picture(jpeg, 64));
        assertThat(picture(withProfile(jpeg, new byte[300]), 64)).isEqualTo(picture(jpeg, 64));
    }

    @Test
    void the_same_file_gives_the_same_picture_whatever_came_before() throws Exception {
        TrainingPicture used = new TrainingPicture(64, WHITE);
        byte[] linear = withProfile(file(scene(64, 64), "jpeg"), LINEAR);
        for (int i = 0; i < 20; i++) {
            byte[] other = LINEAR.clone();
            other[100] = (byte) i; // a reserved byte: another profile that does the same
            used.of(container(withProfile(file(scene(64, 64), "jpeg"), other)));
        }

        assertThat(used.of(container(linear))).isEqualTo(picture(linear, 64));
    }

    @Test
    void damage_inside_the_scan_of_a_jpeg_is_corrupt() {
        byte[] jpeg = file(scene(256, 256), "jpeg").clone();
        Arrays.fill(jpeg, jpeg.length / 2, jpeg.length - 2, (byte) 0);

        Damage damage = decodingDamage(jpeg);

        assertThat(damage.kind()).isEqualTo(Damage.Kind.CORRUPT);
        assertThat(damage.evidence()).startsWith("the JPEG decoder warns: Corrupt JPEG data");
    }

    @Test
    void a_few_bytes_of_padding_behind_the_scan_are_no_damage() throws Exception {
        byte[] jpeg = file(scene(64, 64), "jpeg");
        byte[] end = {(byte) 0xFF, (byte) 0xD9};
        byte[] padded = joined(Arrays.copyOf(jpeg, jpeg.length - 2), new byte[8], end);
        byte[] lost = joined(Arrays.copyOf(jpeg, jpeg.length - 2), new byte[80], end);

        assertThat(picture(padded, 64)).isEqualTo(picture(jpeg, 64));
        assertThat(decodingDamage(lost).evidence())
                .matches("the JPEG decoder warns: Corrupt JPEG data: 7\\d extraneous bytes before marker 0xd9");
    }

    @Test
    void image_data_of_a_png_that_ends_early_is_corrupt() {
        byte[] png = file(scene(64, 64), "png");
        byte[] header = Arrays.copyOf(png, 33);
        byte[] oneRow = deflated(new byte[64 * 3 + 1]);
        byte[] end = chunk("IEND", new byte[0]);

        assertThat(decodingDamage(joined(header, chunk("IDAT", oneRow), end)).kind())
                .isEqualTo(Damage.Kind.CORRUPT);
    }

    @ParameterizedTest
    @CsvSource({
        "OutOfMemoryError, the BMP decoder ran out of memory on a picture of 8x8 pixels",
        "StackOverflowError, the BMP decoder ran out of stack on a picture of 8x8 pixels",
        "NegativeArraySizeException, the BMP decoder failed: java.lang.NegativeArraySizeException: -7",
        "IOException, the BMP decoder failed: java.io.IOException: gone",
    })
    void whatever_a_decoder_throws_is_damage_of_the_file(String failure, String evidence) {
        ImageReaderSpi failing = new FailingReaderSpi(failure);
        IIORegistry registry = IIORegistry.getDefaultInstance();
        ImageReaderSpi usual = first(registry, "BMP");
        registry.registerServiceProvider(failing);
        registry.setOrdering(ImageReaderSpi.class, failing, usual);
        try {
            assertThat(decodingDamage(file(scene(8, 8), "bmp"))).isEqualTo(Damage.corrupt(evidence));
        } finally {
            registry.deregisterServiceProvider(failing);
        }
    }

    private static ImageReaderSpi first(IIORegistry registry, String format) {
        for (Iterator<ImageReaderSpi> all = registry.getServiceProviders(ImageReaderSpi.class, true); all.hasNext(); ) {
            ImageReaderSpi spi = all.next();
            if (Arrays.asList(spi.getFormatNames()).contains(format)) {
                return spi;
            }
        }
        throw new IllegalStateException("no reader for " + format);
    }

    /** A reader of "BMP" that fails while reading pixels. */
    private static final class FailingReaderSpi extends ImageReaderSpi {
        private final String failure;

        FailingReaderSpi(String failure) {
            super(
                    "test",
                    "1",
                    new String[] {"BMP"},
                    null,
                    null,
                    FailingReader.class.getName(),
                    new Class<?>[] {ImageInputStream.class},
                    null,
                    false,
                    null,
                    null,
                    null,
                    null,
                    false,
                    null,
                    null,
                    null,
                    null);
            this.failure = failure;
        }

        @Override
        public boolean canDecodeInput(Object source) {
            return false;
        }

        @Override
        public ImageReader createReaderInstance(Object extension) {
            return new FailingReader(this);
        }

        @Override
        public String getDescription(Locale locale) {
            return "fails";
        }
    }

    private static final class FailingReader extends ImageReader {
        private final String failure;

        FailingReader(FailingReaderSpi spi) {
            super(spi);
            this.failure = spi.failure;
        }

        @Override
        public BufferedImage read(int index, ImageReadParam param) throws IOException {
            switch (failure) {
                case "OutOfMemoryError" -> throw new OutOfMemoryError("Java heap space");
                case "StackOverflowError" -> throw new StackOverflowError();
                case "NegativeArraySizeException" -> throw new NegativeArraySizeException("-7");
                default -> throw new IOException("gone");
            }
        }

        @Override
        public int getWidth(int index) {
            return 8;
        }

        @Override
        public int getHeight(int index) {
            return 8;
        }

        @Override
        public int getNumImages(boolean allowSearch) {
            return 1;
        }

        @Override
        public Iterator<ImageTypeSpecifier> getImageTypes(int index) {
            throw new UnsupportedOperationException();
        }

        @Override
        public IIOMetadata getStreamMetadata() {
            throw new UnsupportedOperationException();
        }

        @Override
        public IIOMetadata getImageMetadata(int index) {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void the_readers_of_webp_and_cmyk_are_on_the_class_path() {
        assertThat(new WebPImageReaderSpi().getDescription(Locale.ROOT)).contains("WebP");
        assertThat(first(IIORegistry.getDefaultInstance(), "JPEG")).isNotNull();
    }

    private static Orientation inverse(Orientation orientation) {
        return switch (orientation) {
            case RIGHT_TOP -> Orientation.LEFT_BOTTOM;
            case LEFT_BOTTOM -> Orientation.RIGHT_TOP;
            default -> orientation;
        };
    }

    private static byte[] withProfile(byte[] jpeg, byte[] profile) {
        return withSegment(
                jpeg, 0xE2, joined("ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII), new byte[] {1, 1}, profile));
    }

    private static RgbImage picture(byte[] file, int resolution) throws DamagedImageException {
        return new TrainingPicture(resolution, WHITE).of(container(file));
    }

    private static ImageContainer container(byte[] file) throws DamagedImageException {
        ImageContainer container =
                ImageContainer.read(file, ImageType.detect(file).orElseThrow());
        assertThat(container.damage()).isEmpty();
        return container;
    }

    private static Damage decodingDamage(byte[] file) {
        DamagedImageException thrown = catchThrowableOfType(DamagedImageException.class, () -> picture(file, 8));
        assertThat(thrown).as("a file the decoder refuses").isNotNull();
        return thrown.damage();
    }

    private static int colour(RgbImage image, int x, int y) {
        int at = image.index(x, y);
        return new Color(image.rgb()[at] & 0xFF, image.rgb()[at + 1] & 0xFF, image.rgb()[at + 2] & 0xFF).getRGB()
                & 0xFFFFFF;
    }

    private static int[] reds(RgbImage image) {
        int[] reds = new int[image.width()];
        for (int x = 0; x < reds.length; x++) {
            reds[x] = image.rgb()[image.index(x, 0)] & 0xFF;
        }
        return reds;
    }

    private static double meanLevel(RgbImage image) {
        long sum = 0;
        for (byte sample : image.rgb()) {
            sum += sample & 0xFF;
        }
        return (double) sum / image.rgb().length;
    }

    private static double spread(RgbImage image) {
        return image.rmsDifference(flat(image.width(), image.height(), (int) meanLevel(image) * 0x010101));
    }

    private static byte[] deflated(byte[] bytes) {
        Deflater deflater = new Deflater();
        deflater.setInput(bytes);
        deflater.finish();
        byte[] out = new byte[bytes.length + 100];
        int size = deflater.deflate(out);
        deflater.end();
        return Arrays.copyOf(out, size);
    }
}
