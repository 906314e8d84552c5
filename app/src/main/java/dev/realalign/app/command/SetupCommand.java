package dev.realalign.app.command;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.schemas.Topics;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code realalign setup}: topics and schemas, made once by somebody who may. */
@Command(
        name = "setup",
        description = "Creates the topics that are missing, checks those that are there, and registers the schemas.",
        sortOptions = false,
        footer = {
            "",
            "Every role does the same for its own topics at its start. On a cluster where roles may not create topics, somebody",
            "who may runs this first; docs/security.md lists the rights.",
            "",
            "Example:",
            "  realalign setup --config admin.properties"
        })
final class SetupCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions config;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        ClusterSetup.prepare(ClusterConfig.from(config.given()), Topics.all());
        spec.commandLine()
                .getOut()
                .println("Topics and schemas are ready: " + Topics.all().size() + " topics.");
        spec.commandLine().getOut().flush();
        return ExitCode.OK;
    }
}
