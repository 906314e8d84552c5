package dev.realalign.tests.endtoend;

import dev.realalign.app.command.RealAlignCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;

/** The command, run in this JVM. */
public final class Realalign {
    private Realalign() {}

    /**
     * How a run ended.
     *
     * @param exitCode exit code
     * @param out standard output
     * @param err standard error, logs apart
     */
    public record Ended(int exitCode, String out, String err) {
        /** The complaints, each one line that begins with the command's name. */
        public List<String> complaints() {
            return err.lines().filter(line -> line.startsWith("realalign: ")).toList();
        }
    }

    /** Runs it to its end. */
    public static Ended run(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command = RealAlignCommand.commandLine();
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        int exitCode = command.execute(args);
        return new Ended(exitCode, out.toString(), err.toString());
    }
}
