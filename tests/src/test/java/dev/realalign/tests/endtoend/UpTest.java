package dev.realalign.tests.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.realalign.schemas.CheckpointLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A house that stays open: others feed it while it runs, and it ends when it is asked to. */
class UpTest {
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(2);

    @TempDir
    Path folder;

    @Test
    void itStaysUpWithoutPicturesTakesThemFromOtherCommandsAndEndsInGoodOrder() throws Exception {
        Path data = folder.resolve("data");
        Path tiles = folder.resolve("tiles");
        Pictures.tiles(tiles, 60);
        try (RoleProcess up = RoleProcess.start(
                folder.resolve("logs"),
                "up",
                "--headless",
                "--model",
                Path.of(System.getProperty("realalign.home"), "models", "tiny-photo")
                        .toString(),
                "--data",
                data.toString(),
                "-D",
                "trainer.batch.pairs=4",
                "-D",
                "trainer.candidate.every.steps=4",
                "-D",
                "trainer.held.out.max=4")) {
            await().atMost(LONGEST_WAIT).until(() -> !up.isAlive() || up.out().contains("running; Ctrl-C ends it"));

            Realalign.Ended fed = Realalign.run("feed", tiles.toString(), "--data", data.toString());
            assertThat(fed.exitCode()).as(fed.err()).isZero();

            Path first = data.resolve("received/tiny-photo/versions/00000001").resolve(CheckpointLayout.MANIFEST);
            await().atMost(LONGEST_WAIT).until(() -> !up.isAlive() || Files.exists(first));
            assertThat(up.isAlive()).as(up::printed).isTrue();

            up.terminate();
            assertThat(up.exitCode(LONGEST_WAIT)).as(up::printed).isZero();
            assertThat(up.out()).contains("stopped; the next start on this folder goes on from here");
        }
    }

    @Test
    void itAsksForAModelOfTheUsersOwn() {
        Realalign.Ended ended = Realalign.run("up", "--data", folder.toString());

        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.complaints())
                .containsExactly(
                        "realalign: Name your base model with --model; realalign demo runs on the bundled one.");
    }
}
