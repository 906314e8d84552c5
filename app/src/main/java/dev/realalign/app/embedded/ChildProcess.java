package dev.realalign.app.embedded;

import dev.realalign.runtime.UserErrorException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A JVM that ends with this one: it watches its standard input, whose other end only this process holds. What it prints
 * goes to a log file.
 */
final class ChildProcess implements AutoCloseable {
    private static final long LOG_ROLL_BYTES = 16L * 1024 * 1024;
    private static final int TAIL_BYTES = 8 * 1024;
    private static final int TAIL_LINES = 8;
    private static final Duration END_WITHIN = Duration.ofSeconds(25);

    private final String name;
    private final Path log;
    private final long logStart;
    private final Process process;
    private final CompletableFuture<Void> ready;
    private final CompletableFuture<UserErrorException> died;
    private volatile boolean closing;

    private ChildProcess(String name, Path log, long logStart, Process process, CompletableFuture<Void> ready) {
        this.name = name;
        this.log = log;
        this.logStart = logStart;
        this.process = process;
        this.ready = ready;
        this.died = process.onExit()
                .thenCompose(ended -> closing
                        ? new CompletableFuture<>()
                        : CompletableFuture.completedFuture(death(ended.exitValue())));
    }

    /**
     * Starts a JVM.
     *
     * @param name what errors call it
     * @param classPath class path of the child
     * @param jvmArguments arguments of the JVM itself
     * @param main main class and its arguments
     * @param readyLine the line of standard output that says it is ready; empty for a child that says nothing there
     * @param log file for what it prints; appended to, and set aside when it has grown large
     * @param workingFolder folder it runs in
     */
    static ChildProcess start(
            String name,
            String classPath,
            List<String> jvmArguments,
            List<String> main,
            String readyLine,
            Path log,
            Path workingFolder) {
        try {
            long logStart = rollLog(log);
            ProcessBuilder builder = new ProcessBuilder();
            builder.command()
                    .add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            builder.command()
                    .addAll(List.of(
                            "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss512k", "-Djava.awt.headless=true"));
            builder.command().addAll(jvmArguments);
            builder.command().addAll(List.of("-cp", classPath));
            builder.command().addAll(main);
            builder.directory(workingFolder.toFile());
            builder.environment().keySet().removeIf(k -> k.startsWith("QUARKUS_") || k.startsWith("REGISTRY_"));
            // glibc reserves an arena a thread otherwise
            builder.environment().put("MALLOC_ARENA_MAX", "2");
            builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
            if (readyLine.isEmpty()) {
                builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
            }
            Process process = builder.start();
            return new ChildProcess(
                    name,
                    log,
                    logStart,
                    process,
                    readyLine.isEmpty() ? CompletableFuture.completedFuture(null) : printed(name, process, readyLine));
        } catch (IOException e) {
            throw UserErrorException.failure(name + " cannot be started: " + e.getMessage(), e);
        }
    }

    private static long rollLog(Path log) throws IOException {
        if (!Files.exists(log)) {
            return 0;
        }
        if (Files.size(log) < LOG_ROLL_BYTES) {
            return Files.size(log);
        }
        Files.move(log, log.resolveSibling(log.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
        return 0;
    }

    /** Completes when the child prints this line; what it prints on standard output besides is dropped. */
    private static CompletableFuture<Void> printed(String name, Process process, String line) {
        CompletableFuture<Void> seen = new CompletableFuture<>();
        Thread reader = new Thread(
                () -> {
                    try (BufferedReader out = new BufferedReader(
                            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                        for (String read = out.readLine(); read != null; read = out.readLine()) {
                            if (read.equals(line)) {
                                seen.complete(null);
                            }
                        }
                    } catch (IOException e) {
                        seen.completeExceptionally(e);
                    }
                },
                name + "-output");
        reader.setDaemon(true);
        reader.start();
        return seen;
    }

    /** Whether the child said that it is ready. */
    boolean isReady() {
        return ready.isDone();
    }

    /** Completes with the reason if the child ends before {@link #close}. */
    CompletableFuture<UserErrorException> died() {
        return died;
    }

    /** The operating system's handle. */
    ProcessHandle handle() {
        return process.toHandle();
    }

    /** An error about this child that ends with the last lines it printed since its start. */
    UserErrorException trouble(String what) {
        String tail = tail();
        return UserErrorException.failure(name + " " + what + "."
                + (tail.isEmpty() ? " It printed nothing." : " Its last words, from " + log + ":\n" + tail));
    }

    private UserErrorException death(int code) {
        String how = code > 128 ? "was killed by signal " + (code - 128) : "ended unasked with exit code " + code;
        return trouble(how);
    }

    /** The last lines of the log since the start of this child. */
    String tail() {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            long from = Math.max(logStart, file.length() - TAIL_BYTES);
            byte[] bytes = new byte[(int) Math.max(0, file.length() - from)];
            file.seek(from);
            file.readFully(bytes);
            List<String> lines = new String(bytes, StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("\tat "))
                    .toList();
            return lines.stream()
                    .skip(Math.max(0, lines.size() - TAIL_LINES))
                    .map(line -> "  " + line)
                    .collect(Collectors.joining("\n"));
        } catch (IOException e) {
            return "";
        }
    }

    /** Asks the child to end, without waiting. */
    void beginClose() {
        closing = true;
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            // the pipe is broken already: the child is gone or going
            process.destroy();
        }
    }

    /** Ends the child and waits for it; one that does not end in time is killed. */
    @Override
    public void close() {
        beginClose();
        try {
            if (!process.waitFor(END_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
