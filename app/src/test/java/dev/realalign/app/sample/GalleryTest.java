package dev.realalign.app.sample;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.realalign.dashboard.web.SampleFolder;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GalleryTest {
    @TempDir
    Path folder;

    private Gallery gallery(int steps) {
        return new Gallery(
                folder, List.of("a photo of a dog", "Ein Hund, / \"quer\"!", ""), List.of(0L, 7L), steps, 2.5);
    }

    /** Six pictures, each of one colour. */
    private static List<BufferedImage> pictures(int blue) {
        List<BufferedImage> pictures = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            BufferedImage picture = new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB);
            for (int pixel = 0; pixel < 16; pixel++) {
                picture.setRGB(pixel % 4, pixel / 4, i << 16 | blue);
            }
            pictures.add(picture);
        }
        return pictures;
    }

    private List<String> files(String name) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve(name))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void everyPictureLiesUnderItsVersionPromptAndSeed() throws IOException {
        Path sheet = gallery(25).keep(4, "abc", pictures(1));
        assertThat(sheet).isEqualTo(folder.resolve("00000004.png")).isRegularFile();
        assertThat(files("00000004"))
                .containsExactly(
                        "0-a-photo-of-a-dog-0.png",
                        "0-a-photo-of-a-dog-7.png",
                        "1-ein-hund-quer-0.png",
                        "1-ein-hund-quer-7.png",
                        "2-0.png",
                        "2-7.png",
                        "index.json");
        assertThat(folder.resolve("00000004/index.json"))
                .hasContent("{\"version\":4,\"digest\":\"abc\",\"steps\":25,\"guidance\":2.5,\"samples\":["
                        + "{\"prompt\":\"a photo of a dog\",\"seed\":0,\"file\":\"0-a-photo-of-a-dog-0.png\"},"
                        + "{\"prompt\":\"Ein Hund, / \\\"quer\\\"!\",\"seed\":0,\"file\":\"1-ein-hund-quer-0.png\"},"
                        + "{\"prompt\":\"\",\"seed\":0,\"file\":\"2-0.png\"},"
                        + "{\"prompt\":\"a photo of a dog\",\"seed\":7,\"file\":\"0-a-photo-of-a-dog-7.png\"},"
                        + "{\"prompt\":\"Ein Hund, / \\\"quer\\\"!\",\"seed\":7,\"file\":\"1-ein-hund-quer-7.png\"},"
                        + "{\"prompt\":\"\",\"seed\":7,\"file\":\"2-7.png\"}]}");
        // the fifth picture is the second prompt's with the second seed
        assertThat(ImageIO.read(folder.resolve("00000004/1-ein-hund-quer-7.png").toFile())
                                .getRGB(0, 0)
                        & 0xFFFFFF)
                .isEqualTo(4 << 16 | 1);
        assertThat(gallery(25).request().prompts().get(4)).startsWith("Ein Hund");
        assertThat(gallery(25).request().seeds()).containsExactly(0L, 0L, 0L, 7L, 7L, 7L);
    }

    @Test
    void theDashboardFindsEveryPicture() throws IOException {
        gallery(25).keep(Gallery.BASE, "model", pictures(1));
        gallery(25).keep(12, "abc", pictures(2));
        SampleFolder read = new SampleFolder(Optional.of(folder));
        JsonNode sheets = new ObjectMapper().readTree(read.index());
        assertThat(sheets.findValuesAsText("version")).containsExactly("12", "0");
        for (JsonNode sheet : sheets) {
            List<String> prompts = new ArrayList<>();
            List<Long> seeds = new ArrayList<>();
            for (JsonNode sample : sheet.get("samples")) {
                prompts.add(sample.get("prompt").asText());
                seeds.add(sample.get("seed").asLong());
                String version = sheet.get("folder").asText();
                String file = sample.get("file").asText();
                assertThat(read.picture(version, file))
                        .contains(Files.readAllBytes(folder.resolve(version).resolve(file)));
            }
            assertThat(prompts).isEqualTo(gallery(25).request().prompts());
            assertThat(seeds).isEqualTo(gallery(25).request().seeds());
        }
    }

    @Test
    void aPromptOfAnyLengthHasAFileThatTheDashboardServes() throws IOException {
        Gallery gallery = new Gallery(folder, List.of("word ".repeat(2_000)), List.of(Long.MIN_VALUE), 25, 2.5);
        gallery.keep(1, "abc", pictures(1).subList(0, 1));
        SampleFolder read = new SampleFolder(Optional.of(folder));
        JsonNode sample =
                new ObjectMapper().readTree(read.index()).get(0).get("samples").get(0);
        assertThat(read.picture("00000001", sample.get("file").asText())).isPresent();
        assertThat(sample.get("seed").asLong()).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void aVersionIsHeldOnlyAsItWasDrawn() throws IOException {
        assertThat(gallery(25).holds(1, "abc")).isFalse();
        gallery(25).keep(1, "abc", pictures(1));
        assertThat(gallery(25).holds(1, "abc")).isTrue();
        assertThat(gallery(25).holds(1, "other weights")).isFalse();
        assertThat(gallery(10).holds(1, "abc")).isFalse();
        assertThat(gallery(25).holds(2, "abc")).isFalse();
    }

    @Test
    void picturesDrawnOtherwiseAreReplaced() throws IOException {
        gallery(25).keep(1, "abc", pictures(1));
        Files.createDirectories(folder.resolve("00000001.tmp")); // what a killed process leaves
        Files.writeString(folder.resolve("00000001.tmp/half.png"), "half");
        gallery(10).keep(1, "abc", pictures(2));
        assertThat(ImageIO.read(folder.resolve("00000001/2-0.png").toFile()).getRGB(0, 0) & 0xFF)
                .isEqualTo(2);
        assertThat(files("00000001")).hasSize(7);
        assertThat(folder.resolve("00000001.tmp")).doesNotExist();
    }
}
