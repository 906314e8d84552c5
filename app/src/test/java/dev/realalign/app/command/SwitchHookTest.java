package dev.realalign.app.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.VersionManifest;
import dev.realalign.subscriber.ReceivedVersion;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SwitchHookTest {
    private static final String DIGEST = Sha256.hex(new byte[0]);
    private static final Path GOLDEN =
            Path.of(System.getProperty("realalign.home", "."), "schemas/src/test/resources/signing/00000001");

    @TempDir
    Path folder;

    private final StringWriter err = new StringWriter();
    private ReceivedVersion version;

    @BeforeEach
    void version() throws IOException {
        VersionManifest manifest =
                VersionManifest.parse(Files.readAllBytes(GOLDEN.resolve("manifest.json")), "manifest.json");
        version = new ReceivedVersion("example", 1, DIGEST, 7, folder, Instant.EPOCH, manifest);
    }

    @Test
    void theCommandFindsTheVersionInItsEnvironmentAndItsOutputGoesToStandardError() throws Exception {
        hook("echo $REALALIGN_MODEL $REALALIGN_VERSION; echo $REALALIGN_DIGEST >&2; echo $REALALIGN_FOLDER")
                .run(version);

        assertThat(err.toString().lines()).containsExactly("example 1", DIGEST, folder.toString());
    }

    @Test
    void aCommandThatFailsIsNamedWithItsExitCodeAndTheSwitchThatStands() {
        assertThatThrownBy(() -> hook("echo broken; exit 7").run(version))
                .isInstanceOf(IOException.class)
                .hasMessage("switched to version 1, but the command given with --exec ended with exit code 7");
        assertThat(err.toString().lines()).containsExactly("broken");
    }

    @Test
    void aCommandThatLeavesSomethingRunningIsNotWaitedForLonger() throws Exception {
        long begun = System.nanoTime();
        hook("sleep 30 & echo started").run(version);

        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(20));
    }

    @Test
    void aCommandInTheMiddleIsEndedWithTheSubscriber() throws Exception {
        Path started = folder.resolve("started");
        Path ended = folder.resolve("ended");
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            try {
                hook("touch " + started + "; sleep 30; touch " + ended).run(version);
            } catch (IOException | InterruptedException e) {
                thrown.set(e);
            }
        });
        thread.start();
        while (!Files.exists(started)) {
            Thread.sleep(5);
        }
        thread.interrupt();
        thread.join();

        assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
        assertThat(ended).doesNotExist();
    }

    private SwitchHook hook(String command) {
        return new SwitchHook(command, new PrintWriter(err));
    }
}
