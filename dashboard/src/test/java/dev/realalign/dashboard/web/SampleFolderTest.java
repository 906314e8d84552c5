package dev.realalign.dashboard.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampleFolderTest {
    @TempDir
    Path root;

    private void sheet(String folder, String index) throws IOException {
        Files.createDirectories(root.resolve(folder));
        Files.writeString(root.resolve(folder).resolve("index.json"), index);
    }

    private SampleFolder samples() {
        return new SampleFolder(Optional.of(root));
    }

    @Test
    void sheetsAreListedNewestFirst() throws IOException {
        sheet("00000001", "{\"version\":1,\"samples\":[{\"prompt\":\"a cat\",\"seed\":7,\"file\":\"0-7.png\"}]}");
        sheet("00000004", "{\"version\":4,\"samples\":[]}");
        assertThat(samples().index())
                .isEqualTo(
                        "[{\"version\":4,\"folder\":\"00000004\",\"samples\":[]},{\"version\":1,\"folder\":\"00000001\","
                                + "\"samples\":[{\"prompt\":\"a cat\",\"seed\":7,\"file\":\"0-7.png\"}]}]");
    }

    @Test
    void whatIsNoSheetIsLeftOut() throws IOException {
        sheet("00000001", "not json");
        sheet("latest", "{\"version\":1,\"samples\":[]}");
        Files.writeString(root.resolve("before.png"), "x");
        assertThat(samples().index()).isEqualTo("[]");
    }

    @Test
    void withoutAFolderThereAreNone() {
        assertThat(new SampleFolder(Optional.empty()).index()).isEqualTo("[]");
        assertThat(new SampleFolder(Optional.of(root.resolve("later"))).index()).isEqualTo("[]");
    }

    @Test
    void noNameLeadsOutOfTheFolder() throws IOException {
        sheet("00000001", "{\"version\":1,\"samples\":[{\"prompt\":\"x\",\"seed\":1,\"file\":\"../../secret.png\"}]}");
        Files.writeString(root.resolve("secret.png"), "secret");
        assertThat(samples().index()).doesNotContain("secret");
        assertThat(samples().picture("00000001", "../secret.png")).isEmpty();
        assertThat(samples().picture("..", "secret.png")).isEmpty();
        assertThat(samples().picture("00000001", "index.json")).isEmpty();
    }

    @Test
    void aPictureIsItsFile() throws IOException {
        sheet("00000001", "{\"version\":1,\"samples\":[]}");
        Files.writeString(root.resolve("00000001").resolve("0-7.png"), "png");
        assertThat(samples().picture("00000001", "0-7.png"))
                .contains("png".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertThat(samples().picture("00000001", "1-7.png")).isEmpty();
    }
}
