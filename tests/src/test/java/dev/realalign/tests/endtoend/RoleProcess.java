package dev.realalign.tests.endtoend;

import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The command in a process of its own, which can be killed. */
public final class RoleProcess implements AutoCloseable {
    private final Process process;
    private final Path out;
    private final Path err;

    private RoleProcess(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /** Starts it with the class path and flags of this JVM's build, as the launcher does. */
    public static RoleProcess start(Path logs, String... args) throws IOException {
        Files.createDirectories(logs);
        Path out = Files.createTempFile(logs, "out", ".txt");
        Path err = Files.createTempFile(logs, "err", ".txt");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                // these processes live for a minute at most: what the second compiler makes is used too late
                "-XX:TieredStopAtLevel=1",
                "-Djava.awt.headless=true",
                "-DOPT_OUT_TRACKING=true",
                "-Dai.djl.offline=true",
                "-Dai.djl.default_engine=PyTorch",
                "-Dai.djl.pytorch.num_threads=2",
                "-Drealalign.home=" + System.getProperty("realalign.home"),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.realalign.app.Main"));
        command.addAll(List.of(args));
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        return new RoleProcess(process, out, err);
    }

    /** Waits for the end; a process that does not end in time is a failure of the test. */
    public int exitCode(Duration within) throws Exception {
        if (!process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS)) {
            String printed = out() + err();
            process.destroyForcibly();
            fail("the process did not end within %s:%n%s", within, printed);
        }
        return process.exitValue();
    }

    /** Ends it as a power cut would. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Asks it to end, as Ctrl-C does; a process of a background job would ignore that very signal. */
    public void terminate() {
        process.destroy();
    }

    /** Sends a signal by its name, such as STOP. */
    public void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    /** Everything it has printed so far. */
    public String printed() {
        try {
            return out() + err();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    public String out() throws IOException {
        return Files.readString(out);
    }

    public String err() throws IOException {
        return Files.readString(err);
    }

    static JsonNode json(Path file) throws IOException {
        return new JsonMapper().readTree(Files.readAllBytes(file));
    }

    @Override
    public void close() throws InterruptedException {
        kill();
    }
}
