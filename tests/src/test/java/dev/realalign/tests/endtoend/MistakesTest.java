package dev.realalign.tests.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user's mistakes: one sentence each, all at once, the right exit code, no stack trace. */
class MistakesTest {
    @TempDir
    Path folder;

    private Path images;

    @BeforeEach
    void pictures() throws IOException {
        images = folder.resolve("images");
        Pictures.tiles(images, 3);
    }

    @Test
    void everythingWrongWithADemoIsSaidAtOnce() {
        Realalign.Ended demo = Realalign.run(
                "demo",
                "--images",
                folder.resolve("no-images").toString(),
                "--model",
                folder.resolve("no-model").toString(),
                "--until-checkpoints",
                "0",
                "--report",
                folder.resolve("no/folder/report.json").toString(),
                "--rate=-1");
        assertThat(demo.exitCode()).isEqualTo(2);
        assertThat(demo.complaints())
                .hasSize(5)
                .anyMatch(line -> line.contains("There is no model folder at " + folder.resolve("no-model")))
                .anyMatch(
                        line -> line.contains("There is no folder, archive or list at " + folder.resolve("no-images")))
                .anyMatch(line -> line.contains("--until-checkpoints is 0"))
                .anyMatch(line -> line.contains("The report cannot be written to"))
                .anyMatch(line -> line.contains("--rate is -1.0"));
        requireNoStackTrace(demo);
    }

    @Test
    void aDataFolderInTheWayOfAFileIsOneSentence() throws IOException {
        Path file = Files.writeString(folder.resolve("data"), "a file");
        Realalign.Ended demo = demo("--data", file.toString());
        assertThat(demo.exitCode()).isEqualTo(1);
        assertThat(demo.complaints())
                .hasSize(1)
                .first()
                .asString()
                .contains(file.toString())
                .contains("is a file");
        requireNoStackTrace(demo);
    }

    @Test
    void aPortInUseIsOneSentence() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            Realalign.Ended demo = demo(
                    "--data",
                    folder.resolve("data").toString(),
                    "--broker-port",
                    Integer.toString(taken.getLocalPort()));
            assertThat(demo.exitCode()).isEqualTo(1);
            assertThat(demo.complaints())
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains("port " + taken.getLocalPort())
                    .contains("is in use");
            requireNoStackTrace(demo);
        }
    }

    @Test
    void aModelWithAMissingFileAndAWrongClassNamesBoth() throws IOException {
        Path bundled = Path.of(System.getProperty("realalign.home"), "models", "tiny-photo");
        Path model = folder.resolve("model");
        try (Stream<Path> files = Files.walk(bundled)) {
            for (Path file : files.sorted().toList()) {
                Path copy = model.resolve(bundled.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else if (!file.endsWith("model.safetensors")) {
                    Files.copy(file, copy);
                }
            }
        }
        Path unet = model.resolve("unet/config.json");
        Files.writeString(unet, Files.readString(unet).replace("UNet2DConditionModel", "UNet2DModel"));
        Realalign.Ended demo = demo("--data", folder.resolve("data").toString(), "--model", model.toString());
        assertThat(demo.exitCode()).isEqualTo(2);
        assertThat(demo.err())
                .contains("model.safetensors")
                .contains("UNet2DModel")
                .contains("--model");
        requireNoStackTrace(demo);
    }

    @Test
    void everyRoleNamesAnUnreachableBroker() {
        for (String role : new String[] {"curate", "train", "publish"}) {
            Realalign.Ended ended = Realalign.run(
                    role,
                    "-D",
                    "bootstrap.servers=127.0.0.1:1",
                    "-D",
                    "schema.registry.url=http://127.0.0.1:1",
                    "-D",
                    "cluster.timeout.ms=1000",
                    "-D",
                    "blob.store.uri=" + folder.toUri(),
                    "-D",
                    "checkpoint.store.uri=" + folder.toUri(),
                    "-D",
                    "model.name=nobody",
                    "-D",
                    "publisher.unsigned.allowed=true",
                    "-D",
                    "trainer.base.model=" + Path.of(System.getProperty("realalign.home"), "models", "tiny-photo"));
            assertThat(ended.exitCode()).as(role + ": " + ended.err()).isEqualTo(1);
            assertThat(ended.complaints())
                    .as(role)
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains("no broker answers at 127.0.0.1:1");
            requireNoStackTrace(ended);
        }
    }

    private Realalign.Ended demo(String... more) {
        String[] args = Stream.concat(Stream.of("demo", "--headless", "--images", images.toString()), Stream.of(more))
                .toArray(String[]::new);
        return Realalign.run(args);
    }

    private static void requireNoStackTrace(Realalign.Ended ended) {
        assertThat(ended.err()).doesNotContain("\tat ").doesNotContain("Exception");
    }
}
