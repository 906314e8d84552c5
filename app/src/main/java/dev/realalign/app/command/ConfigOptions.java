package dev.realalign.app.command;

import dev.realalign.runtime.ConfigFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Configuration as every role takes it: a file; environment variables, for containers, that win over it; and single keys that
 * win over both.
 */
@Command
final class ConfigOptions {
    /** What the name of an environment variable begins with that holds a key: REALALIGN_CONFIG_MODEL_NAME is model.name. */
    private static final String VARIABLE = "REALALIGN_CONFIG_";

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "Configuration as key=value lines; docs/configuration.md lists the keys. Environment variables"
                            + " such as " + VARIABLE + "MODEL_NAME=portraits (for model.name) win over it.")
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
        given.putAll(fromEnvironment(System.getenv()));
        given.putAll(single);
        ConfigurationPage.reference()
                .unknownKeys(given)
                .forEach(problem -> mixee.commandLine().getErr().println("realalign: " + problem + "."));
        return given;
    }

    /** Keys and values of variables whose names say so: lower case, with dots for underscores. */
    static Map<String, String> fromEnvironment(Map<String, String> environment) {
        Map<String, String> given = new TreeMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith(VARIABLE) && name.length() > VARIABLE.length()) {
                given.put(
                        name.substring(VARIABLE.length())
                                .toLowerCase(Locale.ROOT)
                                .replace('_', '.'),
                        value);
            }
        });
        return given;
    }
}
