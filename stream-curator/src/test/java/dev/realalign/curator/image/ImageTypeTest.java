package dev.realalign.curator.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageTypeTest {

    @ParameterizedTest(name = "{0} starts {1}")
    @CsvSource({
        "JPEG, ffd8ffe0",
        "JPEG, ffd8ffdb",
        "PNG, 89504e470d0a1a0a",
        "PNG, 89504e470a1a0a00", // damaged in transfer: still meant as PNG, and named so in the rejection
        "GIF, 474946383761",
        "GIF, 474946383961",
        "WEBP, 524946460000000057454250",
        "TIFF, 49492a00",
        "TIFF, 4d4d002a",
        "BMP, 424d00000000000000000000000028000000",
        "BMP, 424d0000000000000000000000000c000000",
        "BMP, 424d0000000000000000000000007c000000",
    })
    void the_first_bytes_decide(ImageType expected, String hex) {
        assertThat(ImageType.detect(HexFormat.of().parseHex(hex))).contains(expected);
    }

    @ParameterizedTest(name = "{1} is no picture we read: {0}")
    @CsvSource({
        "'looks like an ISO media file (HEIF, AVIF or video, brand \"heic\")', 00000018667479706865696300000000",
        "looks like BigTIFF, 49492b00",
        "looks like a Photoshop document, 38425053",
        "looks like JPEG XL, ff0a",
        "looks like JPEG 2000, ff4fff51",
        "looks like PDF, 255044462d",
        "looks like a zip archive, 504b0304",
        "'looks like HTML, SVG or XML text', 3c737667",
        "starts with the bytes 00 01 02, 000102",
        "starts with the bytes 42 4d 21, 424d21",
        "starts with the bytes 52 49 46 46 00 00 00 00 57 41 56 45, 524946460000000057415645666d7420",
    })
    void other_files_are_described(String description, String hex) {
        byte[] file = HexFormat.of().parseHex(hex);

        assertThat(ImageType.detect(file)).isEqualTo(Optional.empty());
        assertThat(ImageType.describeUnknown(file)).isEqualTo(description);
    }

    @Test
    void text_that_starts_like_a_bmp_is_none() {
        assertThat(ImageType.detect("BM25 ranks documents by terms".getBytes(StandardCharsets.US_ASCII)))
                .isEmpty();
    }

    @Test
    void a_file_of_a_single_byte_is_none() {
        assertThat(ImageType.detect(new byte[] {(byte) 0xFF})).isEmpty();
    }
}
