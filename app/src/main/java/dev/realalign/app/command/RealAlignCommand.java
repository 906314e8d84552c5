package dev.realalign.app.command;

import dev.realalign.runtime.MissingRights;
import dev.realalign.runtime.UserErrorException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The command itself: every subcommand, and how each of them ends. */
@Command(
        name = "realalign",
        description = "Real images in, preference triples through Kafka Streams, aligned LoRA versions out.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = BuildVersion.class,
        sortOptions = false,
        subcommands = {
            DemoCommand.class,
            UpCommand.class,
            FeedCommand.class,
            CurateCommand.class,
            NegativesCommand.class,
            TrainCommand.class,
            PublishCommand.class,
            SubscribeCommand.class,
            KeysCommand.class,
            CheckpointsCommand.class,
            SetupCommand.class,
            LedgerCommand.class,
            ReplayCommand.class,
            InspectCommand.class,
            LagCommand.class,
            DashboardCommand.class,
            SampleCommand.class,
            MergeCommand.class,
            EvaluateCommand.class,
            ParityCommand.class,
            BenchCommand.class,
            CommandLine.HelpCommand.class,
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:success",
            "1:the work failed",
            "2:wrong usage or configuration; all problems are listed at once"
        },
        footer = {"", "Example:", "  realalign demo", "", "realalign COMMAND --help explains a command."})
public final class RealAlignCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    /** The command line, ready to execute. */
    public static CommandLine commandLine() {
        CommandLine commandLine = new CommandLine(new RealAlignCommand());
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setUsageHelpWidth(120);
        prepare(commandLine);
        commandLine.setExecutionStrategy(RealAlignCommand::run);
        commandLine.setExecutionExceptionHandler(RealAlignCommand::failed);
        commandLine.setParameterExceptionHandler(
                (e, args) -> refused(e.getCommandLine(), List.of(String.valueOf(e.getMessage()))));
        return commandLine;
    }

    /** Without a subcommand there is nothing to do but to say which there are. */
    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getErr());
        return CommandLine.ExitCode.USAGE;
    }

    /** Every command of the tree answers to --help and reports all its mistakes at once. */
    private static void prepare(CommandLine commandLine) {
        CommandSpec command = commandLine.getCommandSpec();
        command.parser().collectErrors(true);
        if (command.findOption("--help") == null) {
            command.addOption(OptionSpec.builder("-h", "--help")
                    .usageHelp(true)
                    .description("Show this help and end.")
                    .build());
        }
        commandLine.getSubcommands().values().forEach(RealAlignCommand::prepare);
    }

    private static int run(ParseResult parsed) {
        Integer help = CommandLine.executeHelpRequest(parsed);
        if (help != null) {
            return help;
        }
        List<String> problems = new ArrayList<>();
        CommandLine last = parsed.commandSpec().commandLine();
        for (ParseResult level = parsed; level != null; level = level.hasSubcommand() ? level.subcommand() : null) {
            level.errors().forEach(error -> problems.add(String.valueOf(error.getMessage())));
            last = level.commandSpec().commandLine();
        }
        return problems.isEmpty() ? new CommandLine.RunLast().execute(parsed) : refused(last, problems);
    }

    private static int refused(CommandLine command, List<String> problems) {
        problems.stream().distinct().forEach(problem -> complain(command.getErr(), problem));
        command.getErr().println("See " + command.getCommandSpec().qualifiedName() + " --help.");
        command.getErr().flush();
        return CommandLine.ExitCode.USAGE;
    }

    private static int failed(Exception e, CommandLine command, ParseResult parsed) {
        if (e instanceof UserErrorException mistake) {
            mistake.problems().forEach(problem -> complain(command.getErr(), problem));
            command.getErr().flush();
            return mistake.exitCode();
        }
        Optional<String> missing = MissingRights.sentence(e);
        if (missing.isPresent()) {
            complain(command.getErr(), missing.get());
            command.getErr().flush();
            return CommandLine.ExitCode.SOFTWARE;
        }
        LoggerFactory.getLogger(RealAlignCommand.class)
                .error("{} failed", command.getCommandSpec().qualifiedName(), e);
        complain(
                command.getErr(),
                "Unexpected failure (" + e + "). This is a defect of the program: please report it with the log.");
        command.getErr().flush();
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static void complain(PrintWriter err, String problem) {
        err.println("realalign: " + problem);
    }
}
