package dev.realalign.app;

import dev.realalign.app.command.RealAlignCommand;

/** Entry point of the {@code realalign} command. The one place that ends the process. */
public final class Main {
    private Main() {}

    /** Runs the command line and ends with its exit code: 0 success, 1 failure, 2 usage or configuration. */
    public static void main(String[] args) {
        int exitCode = RealAlignCommand.commandLine().execute(args);
        System.exit(exitCode);
    }
}
