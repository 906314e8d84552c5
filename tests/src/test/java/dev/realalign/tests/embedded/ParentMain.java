package dev.realalign.tests.embedded;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Collectors;

/** A process that starts an embedded cluster, prints the process numbers of its children and waits to be killed. */
final class ParentMain {
    private ParentMain() {}

    public static void main(String[] arguments) throws InterruptedException {
        EmbeddedCluster cluster = EmbeddedCluster.start(EmbeddedOptions.in(Path.of(arguments[0])));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        out.println("CHILDREN "
                + cluster.processes().stream().map(p -> Long.toString(p.pid())).collect(Collectors.joining(" "))
                + " " + cluster.bootstrapServers() + " " + cluster.registryUrl());
        Thread.sleep(Duration.ofMinutes(5).toMillis());
    }
}
