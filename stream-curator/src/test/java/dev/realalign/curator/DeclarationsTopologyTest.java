package dev.realalign.curator;

import static dev.realalign.curator.TestPictures.exifSegment;
import static dev.realalign.curator.TestPictures.file;
import static dev.realalign.curator.TestPictures.joined;
import static dev.realalign.curator.TestPictures.scene;
import static dev.realalign.curator.TestPictures.withChunk;
import static dev.realalign.curator.TestPictures.withSegment;
import static dev.realalign.curator.TopologyHarness.image;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.gate.RunningMean;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.ShadowRejection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What files and records say about themselves, the modes of gates, and what a verdict carries of it. */
class DeclarationsTopologyTest {
    private static final String ACCEPTED = "a triple";
    private static final String PARAMETERS =
            "a castle\nNegative prompt: fog\nSteps: 20, Sampler: Euler a, CFG scale: 7";
    private static final String IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/";

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

    static Stream<Arguments> files() throws Exception {
        byte[] jpeg = file(scene(64, 64), "jpeg");
        byte[] png = file(scene(64, 64), "png");
        byte[] gif = file(scene(64, 64), "gif");
        byte[] made = xmp("<rdf:Description Iptc4xmpExt:DigitalSourceType=\"" + IPTC + "trainedAlgorithmicMedia\"/>");
        byte[] asElement = xmp("<rdf:Description><Iptc4xmpExt:DigitalSourceType rdf:resource=\"" + IPTC
                + "compositeWithTrainedAlgorithmicMedia\"/></rdf:Description>");
        byte[] photographed = xmp("<rdf:Description Iptc4xmpExt:DigitalSourceType=\"" + IPTC + "digitalCapture\"/>");
        byte[] told = xmp("<rdf:Description><dc:title xmlns:dc=\"d\">" + IPTC
                + "trainedAlgorithmicMedia</dc:title></rdf:Description>");
        byte[] noMining = xmp(
                "<rdf:Description plus:DataMining=\"http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-GENAIMLTRAINING\"/>");
        byte[] mining = xmp("<rdf:Description plus:DataMining=\"http://ns.useplus.org/ldf/vocab/DMI-ALLOWED\"/>");
        byte[] generated = c2pa("c2pa.actions" + IPTC + "trainedAlgorithmicMedia\u00FF");
        byte[] camera = c2pa("c2pa.actions" + IPTC + "digitalCapture\u00FF");
        String says = "its XMP says IPTC DigitalSourceType ";
        return Stream.of(
                arguments("XMP in a JPEG", xmpSegment(jpeg, made), synthetic(says + "trainedAlgorithmicMedia")),
                arguments(
                        "XMP in a JPEG, as a resource",
                        xmpSegment(jpeg, asElement),
                        synthetic(says + "compositeWithTrainedAlgorithmicMedia")),
                arguments(
                        "XMP in a PNG",
                        withChunk(png, "iTXt", joined(latin("XML:com.adobe.xmp\0\0\0\0\0"), made)),
                        synthetic(says + "trainedAlgorithmicMedia")),
                arguments(
                        "XMP in a GIF",
                        withGifExtension(gif, joined(latin("\u000BXMP DataXMP"), made, gifMagicTrailer())),
                        synthetic(says + "trainedAlgorithmicMedia")),
                arguments("XMP of a camera", xmpSegment(jpeg, photographed), ACCEPTED),
                arguments("the words in a title", xmpSegment(jpeg, told), ACCEPTED),
                arguments("XMP that is not well-formed", xmpSegment(jpeg, latin("<x:xmpmeta <<<")), ACCEPTED),
                arguments("XMP with a billion laughs", xmpSegment(jpeg, billionLaughs()), ACCEPTED),
                arguments("XMP in a comment", withSegment(jpeg, 0xFE, made), ACCEPTED),
                arguments("XMP behind the end", joined(jpeg, xmpSegment(jpeg, made)), ACCEPTED),
                arguments(
                        "XMP that forbids training",
                        xmpSegment(jpeg, noMining),
                        "OPT_OUT: its XMP says PLUS DataMining DMI-PROHIBITED-GENAIMLTRAINING"),
                arguments("XMP that allows training", xmpSegment(jpeg, mining), ACCEPTED),
                arguments(
                        "content credentials of a generator in a JPEG",
                        withSegment(jpeg, 0xEB, joined(latin("JP\0\1\0\0\0\1"), generated)),
                        synthetic("its content credentials (C2PA) say digitalSourceType trainedAlgorithmicMedia")),
                arguments(
                        "content credentials of a generator in a PNG",
                        withChunk(png, "caBX", generated),
                        synthetic("its content credentials (C2PA) say digitalSourceType trainedAlgorithmicMedia")),
                arguments(
                        "content credentials of a camera",
                        withSegment(jpeg, 0xEB, joined(latin("JP\0\1\0\0\0\1"), camera)),
                        ACCEPTED + " CONTENT_CREDENTIALS"),
                arguments(
                        "bytes of content credentials without their boxes",
                        withSegment(
                                jpeg, 0xEB, latin("JP\0\1\0\0\0\1 jumb jumd c2pa " + IPTC + "trainedAlgorithmicMedia")),
                        ACCEPTED),
                arguments(
                        "parameters in a PNG",
                        withChunk(png, "tEXt", latin("parameters\0" + PARAMETERS)),
                        synthetic("its PNG text parameters holds those of a generator")),
                arguments(
                        "packed parameters in a PNG",
                        withChunk(png, "zTXt", joined(latin("parameters\0\0"), deflated(PARAMETERS))),
                        synthetic("its PNG text parameters holds those of a generator")),
                arguments(
                        "parameters in a PNG's comment",
                        withChunk(png, "tEXt", latin("Comment\0" + PARAMETERS)),
                        ACCEPTED),
                arguments("parameters of something else", withChunk(png, "tEXt", latin("parameters\0f/2.8")), ACCEPTED),
                arguments(
                        "parameters under a wrong checksum",
                        wrongChecksum(withChunk(png, "tEXt", latin("parameters\0" + PARAMETERS))),
                        ACCEPTED),
                arguments(
                        "a graph of ComfyUI",
                        withChunk(png, "tEXt", latin("prompt\0{\"3\": {\"class_type\": \"KSampler\"}}")),
                        synthetic("its PNG text prompt holds a graph of ComfyUI")),
                arguments(
                        "InvokeAI's metadata",
                        withChunk(png, "iTXt", latin("invokeai_metadata\0\0\0\0\0{}")),
                        synthetic("it has InvokeAI's PNG text invokeai_metadata")),
                arguments(
                        "a generator's signature",
                        withChunk(png, "tEXt", latin("Software\0NovelAI")),
                        synthetic("its PNG text Software says NovelAI")),
                arguments("an editor's signature", withChunk(png, "tEXt", latin("Software\0GIMP 2.10")), ACCEPTED),
                arguments(
                        "parameters in EXIF",
                        withSegment(jpeg, 0xE1, exifSegment(exifComment("UNICODE\0", PARAMETERS))),
                        synthetic("its EXIF UserComment holds the parameters of a generator")),
                arguments(
                        "a photographer's words in EXIF",
                        withSegment(jpeg, 0xE1, exifSegment(exifComment("UNICODE\0", "Steps: up the tower"))),
                        ACCEPTED),
                arguments(
                        "a text that inflates without end",
                        withChunk(png, "zTXt", joined(latin("parameters\0\0"), deflated("a".repeat(50_000_000)))),
                        ACCEPTED));
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("files")
    void a_file_is_believed_where_its_format_has_a_place_for_what_it_says(
            String description, byte[] original, String expected) {
        assertThat(verdict(curator.feed(original))).isEqualTo(expected);
    }

    @ParameterizedTest(name = "allowed {0}, denied {1}, licence {2}: {3}")
    @CsvSource({
        "'', '', , a triple",
        "'', '', CC-BY-4.0, a triple",
        "'CC-BY-*,CC0', '', cc-by-4.0, a triple",
        "'CC-BY-*,CC0', '', CC0, a triple",
        "'CC-BY-*,CC0', '', CC0-ish, 'LICENCE: the licence is \"CC0-ish\", allowed are CC-BY-*, CC0'",
        "'CC-BY-*,CC0', '', , 'LICENCE: no licence is known, allowed are CC-BY-*, CC0'",
        "'CC-BY-*,CC0', '', '  ', 'LICENCE: no licence is known, allowed are CC-BY-*, CC0'",
        "'CC-*', 'CC-BY-NC*', CC-BY-NC-4.0, 'LICENCE: the licence is \"CC-BY-NC-4.0\", denied are CC-BY-NC*'",
        "'', 'CC-BY-NC*', , a triple",
    })
    void a_licence_is_judged_by_the_policy(
            String allowed, String denied, String licence, String expected, @TempDir Path other) {
        try (TopologyHarness strict = new TopologyHarness(
                other, Map.of("curation.gate.licences.allowed", allowed, "curation.gate.licences.denied", denied))) {
            RealImage image = picture(64).setLicence(licence).build();

            assertThat(verdict(strict.feed(image))).isEqualTo(expected);
        }
    }

    @Test
    void an_opt_out_is_respected_before_the_bytes_are_fetched_and_leaves_no_trace() {
        RealImage.Builder image = picture(64);
        RealImage forbidden = RealImage.newBuilder(image)
                .setContent(null)
                .setBlob(new BlobReference(image.getImageId(), 100L))
                .setOptOut(List.of(" ", "tdm-reservation=1"))
                .build();

        assertThat(verdict(curator.feed(forbidden)))
                .isEqualTo("OPT_OUT: the record carries the opt-out \"tdm-reservation=1\"");
        assertThat(verdict(curator.feed(image.build())))
                .as("the same picture without it is no duplicate")
                .isEqualTo(ACCEPTED);
    }

    @Test
    void what_is_known_about_a_picture_travels_into_its_triple() {
        PreferenceTriple triple = (PreferenceTriple) curator.feed(picture(64)
                .setLicence("CC0")
                .setRightsHolder("Ada")
                .setCaptionSource("alt-text")
                .setTrustTier("own")
                .build());

        assertThat(triple.getLicence()).isEqualTo("CC0");
        assertThat(triple.getRightsHolder()).isEqualTo("Ada");
        assertThat(triple.getCaptionSource()).isEqualTo("alt-text");
        assertThat(triple.getTrustTier()).isEqualTo("own");
        assertThat(triple.getOptOut()).isEmpty();
        assertThat(triple.getShadow()).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "on, 'TOO_SMALL: 16x16 pixels: the shorter side must have at least 32 pixels'",
        "shadow, a triple TOO_SMALL",
        "off, a triple",
    })
    void a_gate_rejects_or_notes_or_is_silent_by_its_mode(String mode, String expected, @TempDir Path other) {
        try (TopologyHarness switched =
                new TopologyHarness(other, Map.of("curation.gate.modes", "TOO_SMALL:" + mode + ",OPT_OUT:shadow"))) {
            SpecificRecord result = switched.feed(picture(16).build());

            assertThat(verdict(result)).isEqualTo(expected);
            assertThat(switched.counts.shadowed())
                    .isEqualTo(mode.equals("shadow") ? Map.of(Reason.TOO_SMALL, 1L) : Map.of());
            if (mode.equals("shadow")) {
                assertThat(((PreferenceTriple) result).getShadow())
                        .containsExactly(new ShadowRejection(
                                "TOO_SMALL", "16x16 pixels: the shorter side must have at least 32 pixels"));
            }
        }
    }

    @Test
    void a_rejection_carries_what_gates_in_shadow_mode_had_found_before(@TempDir Path other) {
        try (TopologyHarness switched = new TopologyHarness(
                other, Map.of("curation.gate.modes", "OPT_OUT:shadow,LICENCE:shadow,DUPLICATE:shadow"))) {
            RealImage.Builder image = picture(16).setOptOut(List.of("noai")).setTrustTier("crawled");
            ImageRejection rejection = (ImageRejection) switched.feed(image.build());
            ImageRejection again = (ImageRejection) switched.feed(image.build());

            assertThat(rejection.getReason()).isEqualTo("TOO_SMALL");
            assertThat(rejection.getTrustTier()).isEqualTo("crawled");
            assertThat(rejection.getShadow())
                    .extracting(ShadowRejection::getReason)
                    .containsExactly("OPT_OUT");
            assertThat(again.getReason()).isEqualTo("TOO_SMALL");
            assertThat(again.getShadow())
                    .extracting(ShadowRejection::getReason)
                    .containsExactly("OPT_OUT", "DUPLICATE");
        }
    }

    @Test
    void a_picture_must_be_more_colourful_than_the_running_mean_of_those_before_it(@TempDir Path other) {
        Map<String, String> settings = Map.of(
                "curation.gate.modes",
                "NOT_COLOURFUL:on",
                "curation.gate.colourfulness.start.levels",
                "40",
                "curation.gate.colourfulness.half.life.images",
                "1");
        try (TopologyHarness strict = new TopologyHarness(other, settings)) {
            PreferenceTriple colourful =
                    (PreferenceTriple) strict.feed(picture(64).build());
            double value = colourful.getColourfulness().getValue();
            ImageRejection pale = (ImageRejection) strict.feed(picture(65).build());

            assertThat(value).isGreaterThan(40);
            assertThat(colourful.getColourfulness().getMean()).isEqualTo(40);
            assertThat(colourful.getColourfulness().getImages()).isZero();
            assertThat(colourful.getColourfulness().getRule())
                    .isEqualTo(
                            "above the running mean of its partition, which begins at 40.0 and halves the weight of a"
                                    + " picture every 1.0 pictures");
            assertThat(pale.getReason())
                    .as("a mean of %s with half of %s", 40, value)
                    .isEqualTo("NOT_COLOURFUL");
            assertThat(pale.getColourfulness().getMean())
                    .isEqualTo(new RunningMean(40, 0).with(value, 1).mean());
            assertThat(pale.getColourfulness().getMean()).isEqualTo((40 + value) / 2);
            assertThat(pale.getColourfulness().getImages()).isEqualTo(1);
            assertThat(pale.getEvidence()).contains("the running mean of 1 pictures is");
        }
    }

    /** The scene; the odd ones without much colour. */
    private static RealImage.Builder picture(int side) {
        byte[] rgb = scene(side, side).rgb();
        if (side % 2 == 1) {
            for (int i = 0; i < rgb.length; i += 3) {
                rgb[i] = rgb[i + 1];
                rgb[i + 2] = rgb[i + 1];
            }
        }
        return image(file(new RgbImage(side, side, rgb), "png"));
    }

    /** Reason and evidence, or a triple with the gates in shadow mode that would have rejected it, but for the one of colour. */
    private static String verdict(SpecificRecord result) {
        if (result instanceof ImageRejection rejection) {
            return rejection.getReason() + ": " + rejection.getEvidence();
        }
        StringBuilder words = new StringBuilder(ACCEPTED);
        ((PreferenceTriple) result)
                .getShadow().stream()
                        .map(ShadowRejection::getReason)
                        .filter(reason -> !reason.equals("NOT_COLOURFUL"))
                        .forEach(reason -> words.append(' ').append(reason));
        return words.toString();
    }

    private static String synthetic(String evidence) {
        return "DECLARED_SYNTHETIC: " + evidence;
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] xmp(String descriptions) {
        return latin("<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
                + "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
                + " xmlns:Iptc4xmpExt='http://iptc.org/std/Iptc4xmpExt/2008-02/'"
                + " xmlns:plus='http://ns.useplus.org/ldf/xmp/1.0/'>" + descriptions
                + "</rdf:RDF></x:xmpmeta>   <?xpacket end='w'?>");
    }

    private static byte[] billionLaughs() {
        return latin(
                "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]><x>&b;</x>");
    }

    private static byte[] xmpSegment(byte[] jpeg, byte[] xmp) {
        return withSegment(jpeg, 0xE1, joined(latin("http://ns.adobe.com/xap/1.0/\0"), xmp));
    }

    private static byte[] c2pa(String content) {
        byte[] label = latin("c2pa\0");
        byte[] text = latin(content);
        int description = 8 + 16 + 1 + label.length;
        return ByteBuffer.allocate(8 + description + text.length)
                .putInt(8 + description + text.length)
                .put(latin("jumb"))
                .putInt(description)
                .put(latin("jumdc2pa"))
                .put(new byte[12])
                .put((byte) 3)
                .put(label)
                .put(text)
                .array();
    }

    private static byte[] withGifExtension(byte[] gif, byte[] application) {
        int behindTable = 13 + 3 * (2 << (gif[10] & 7));
        return joined(
                Arrays.copyOf(gif, behindTable),
                new byte[] {0x21, (byte) 0xFF},
                application,
                Arrays.copyOfRange(gif, behindTable, gif.length));
    }

    /** 1, then 255 down to 0, then 0: wherever a block-wise reader lands, the next lengths lead it to the end. */
    private static byte[] gifMagicTrailer() {
        byte[] trailer = new byte[258];
        trailer[0] = 1;
        for (int i = 0; i < 256; i++) {
            trailer[1 + i] = (byte) (255 - i);
        }
        return trailer;
    }

    private static byte[] deflated(String text) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(packed)) {
            deflater.write(latin(text));
        }
        return packed.toByteArray();
    }

    private static byte[] wrongChecksum(byte[] png) {
        int checksum = 8 + 25 + 8 + latin("parameters\0" + PARAMETERS).length;
        byte[] damaged = png.clone();
        damaged[checksum] ^= 1;
        return damaged;
    }

    /** EXIF data (little-endian) with a UserComment in its EXIF directory. */
    private static byte[] exifComment(String code, String comment) {
        byte[] text = comment.getBytes(StandardCharsets.UTF_16LE);
        ByteBuffer exif = ByteBuffer.allocate(44 + 8 + text.length).order(ByteOrder.LITTLE_ENDIAN);
        exif.put(latin("II")).putShort((short) 42).putInt(8);
        exif.putShort((short) 1)
                .putShort((short) 0x8769)
                .putShort((short) 4)
                .putInt(1)
                .putInt(26)
                .putInt(0);
        exif.putShort((short) 1)
                .putShort((short) 0x9286)
                .putShort((short) 7)
                .putInt(8 + text.length)
                .putInt(44)
                .putInt(0);
        return exif.put(latin(code)).put(text).array();
    }
}
