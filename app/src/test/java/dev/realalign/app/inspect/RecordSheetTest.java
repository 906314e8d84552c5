package dev.realalign.app.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PairGap;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.ShadowRejection;
import dev.realalign.schemas.TrustedRecords;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordSheetTest {
    @BeforeAll
    static void trustRecords() {
        TrustedRecords.allow();
    }

    @Test
    void aTripleShowsBothPicturesItsMaskAndWhereTheyDiffer() throws IOException {
        PreferenceTriple triple =
                triple("a house").setMask(ByteBuffer.wrap(png(0xFFFFFF))).build();

        BufferedImage sheet =
                RecordSheet.of(TripleRows.HEADINGS, List.of(TripleRows.of(triple), TripleRows.of(triple)));

        assertThat(sheet.getWidth()).isEqualTo(8 + 4 * 168 + 520 + 8);
        assertThat(sheet.getHeight()).isEqualTo(15 + 16 + 2 * 168);
        for (int top : new int[] {31, 199}) {
            assertThat(colour(sheet, 8 + 80, top + 80)).isEqualTo(0x102030);
            assertThat(colour(sheet, 176 + 80, top + 80)).isEqualTo(0xFFFFFF);
            assertThat(colour(sheet, 344 + 80, top + 80)).isEqualTo(0x182028);
            assertThat(colour(sheet, 512 + 80, top + 80)).isEqualTo(0x200020);
        }
    }

    @Test
    void aTripleWithoutMaskLeavesItsCellEmptyAndSoDoBytesThatAreNoPicture() throws IOException {
        PreferenceTriple triple =
                triple("").setNegative(ByteBuffer.wrap(new byte[] {1, 2, 3})).build();

        assertThat(TripleRows.of(triple).pictures().stream().map(Optional::isPresent))
                .containsExactly(true, false, false, false);
        assertThat(colour(RecordSheet.of(TripleRows.HEADINGS, List.of(TripleRows.of(triple))), 256, 111))
                .isEqualTo(0xEEEEEE);
    }

    @Test
    void whatIsKnownAboutATripleIsWritten() throws IOException {
        assertThat(TripleRows.lines(triple("a house").build()))
                .containsExactly(
                        "SALIENCY_INPAINT 0.75 by tiny-photo version 12",
                        "caption: a house",
                        "PICKSCORE 0.0312, above 0.02; rank 0.8800, least 0.8500 of 100",
                        "scores: PICKSCORE_NEGATIVE 21.30, PICKSCORE_REAL 22.11",
                        "RMS difference 5.7, instead of a generated one: DEADLINE",
                        "shadow NOT_COLOURFUL: grey",
                        "0123456789ab, test/house.png");
    }

    @Test
    void whatIsKnownAboutARejectionIsWritten() {
        ImageRejection rejection = ImageRejection.newBuilder()
                .setImageId("id")
                .setReason("BLURRED")
                .setEvidence("too little")
                .setRecord(new RecordPosition(2, 77L))
                .setSource("test/fog.png")
                .setGateVersion("3-a")
                .setRejectedAt(Instant.EPOCH)
                .setMeasures(Map.of("SHARPNESS", 1.23456, "BYTES", 100.0))
                .build();

        assertThat(RejectionRows.lines(rejection))
                .containsExactly(
                        "BLURRED",
                        "too little",
                        "BYTES 100.0, SHARPNESS 1.235",
                        "partition 2, offset 77, test/fog.png");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "<script>alert(1)</script> <html><b>bold",
                "\u202Eright to left \u0000\u0007\n\r\t ends",
                "\uD83D\uDE00 \uD800 lone, \uFFFE none",
                "a\u0301\u0301\u0301\u0301\u0301\u0301 \u0627\u0644\u0639 \u6F22\u5B57"
            })
    void aHostileCaptionIsTextThatIsDrawnAndCut(String caption) throws IOException {
        String endless = caption + "w".repeat(10_000);

        BufferedImage sheet = RecordSheet.of(
                TripleRows.HEADINGS,
                List.of(
                        TripleRows.of(triple(caption).build()),
                        TripleRows.of(triple(endless).build()),
                        TripleRows.of(triple((caption + " word").repeat(2_000)).build())));

        assertThat(sheet.getHeight()).isEqualTo(15 + 16 + 3 * 168);
        for (int y = 0; y < sheet.getHeight(); y++) {
            assertThat(colour(sheet, sheet.getWidth() - 4, y))
                    .as("the right margin")
                    .isEqualTo(0xFFFFFF);
        }
        assertThat(RecordSheet.readable(endless)
                        .codePointCount(0, RecordSheet.readable(endless).length()))
                .isLessThanOrEqualTo(RecordSheet.LONGEST);
        assertThat(RecordSheet.readable(caption)
                        .codePoints()
                        .noneMatch(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT))
                .isTrue();
    }

    private static PreferenceTriple.Builder triple(String caption) throws IOException {
        return PreferenceTriple.newBuilder()
                .setImageId("0123456789abcdef")
                .setCaption(caption)
                .setReal(ByteBuffer.wrap(png(0x102030)))
                .setNegative(ByteBuffer.wrap(png(0x182028)))
                .setWidth(32)
                .setHeight(32)
                .setKind("SALIENCY_INPAINT")
                .setStrength(0.75)
                .setSeed(1L)
                .setRmsDifference(5.66)
                .setRecord(new RecordPosition(0, 1L))
                .setSource("test/house.png")
                .setCuratorVersion("2-a")
                .setGeneratorVersion(12L)
                .setGeneratorModel("tiny-photo")
                .setFallback("DEADLINE")
                .setIngestTime(Instant.EPOCH)
                .setAcceptedAt(Instant.EPOCH)
                .setShadow(List.of(new ShadowRejection("NOT_COLOURFUL", "grey")))
                .setScores(Map.of("PICKSCORE_REAL", 22.11, "PICKSCORE_NEGATIVE", 21.3))
                .setGap(PairGap.newBuilder()
                        .setMeasure("PICKSCORE")
                        .setValue(0.03117)
                        .setLeast(0.02)
                        .setRankedBy("PICKSCORE_REAL")
                        .setRank(0.88)
                        .setRankLeast(0.85)
                        .setWindow(100)
                        .setRule("above 0.02")
                        .build());
    }

    private static int colour(BufferedImage image, int x, int y) {
        return image.getRGB(x, y) & 0xFFFFFF;
    }

    private static byte[] png(int colour) throws IOException {
        BufferedImage image = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 32 * 32; i++) {
            image.setRGB(i % 32, i / 32, colour);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }
}
