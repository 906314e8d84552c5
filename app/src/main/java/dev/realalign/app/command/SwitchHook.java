package dev.realalign.app.command;

import dev.realalign.subscriber.ReceivedVersion;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A command of the user's that runs after each switch. What it prints goes to standard error. */
final class SwitchHook {
    private final String command;
    private final PrintWriter err;

    SwitchHook(String command, PrintWriter err) {
        this.command = command;
        this.err = err;
    }

    /** Names under which the command finds the version in its environment. */
    static Map<String, String> environment(ReceivedVersion version) {
        return Map.of(
                "REALALIGN_MODEL", version.model(),
                "REALALIGN_VERSION", Long.toString(version.version()),
                "REALALIGN_DIGEST", version.digest(),
                "REALALIGN_FOLDER", version.folder().toString());
    }

    /**
     * Runs the command and waits for its end.
     *
     * @throws IOException when it cannot be started or ends with another code than 0
     * @throws InterruptedException when told to stop; the command is ended too
     */
    void run(ReceivedVersion version) throws IOException, InterruptedException {
        boolean windows =
                System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");
        ProcessBuilder builder =
                new ProcessBuilder(windows ? List.of("cmd.exe", "/c", command) : List.of("/bin/sh", "-c", command));
        builder.environment().putAll(environment(version));
        Process process = builder.redirectErrorStream(true).start();
        process.getOutputStream().close();
        Thread output = new Thread(() -> print(process), "output-of-exec");
        output.setDaemon(true); // what the command leaves running may hold its output open
        output.start();
        try {
            int code = process.waitFor();
            output.join(500);
            if (code != 0) {
                throw new IOException("switched to version " + version.version() + ", but the command given with --exec"
                        + " ended with exit code " + code);
            }
        } catch (InterruptedException e) {
            process.descendants().forEach(ProcessHandle::destroy);
            process.destroy();
            throw e;
        }
    }

    private void print(Process process) {
        try (BufferedReader lines = process.inputReader(Charset.defaultCharset())) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                err.println(line);
                err.flush();
            }
        } catch (IOException e) {
            err.println("realalign: the output of --exec cannot be read: " + e.getMessage());
        }
    }
}
