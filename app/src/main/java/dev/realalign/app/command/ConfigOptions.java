package dev.realalign.app.command;

import dev.realalign.runtime.ConfigFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Configuration as every role takes it: a file, and single keys that win over it. */
@Command
final class ConfigOptions {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Configuration as key=value lines; docs/configuration.md lists the keys.")
    private @Nullable Path file;

    @Option(
            names = "-D",
            paramLabel = "KEY=VALUE",
            mapFallbackValue = "",
            description = "One configuration key; wins over --config. May be given often.")
    private final Map<String, String> single = new LinkedHashMap<>();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec mixee;

    /** The keys and values given, the single ones last; keys that nobody reads are named on standard error. */
    Map<String, String> given() {
        Map<String, String> given = new TreeMap<>();
        if (file != null) {
            given.putAll(ConfigFile.read(file));
        }
        given.putAll(single);
        ConfigurationPage.reference()
                .unknownKeys(given)
                .forEach(problem -> mixee.commandLine().getErr().println("realalign: " + problem + "."));
        return given;
    }
}
