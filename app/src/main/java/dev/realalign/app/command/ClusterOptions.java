package dev.realalign.app.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Which cluster a command talks to. */
@Command
final class ClusterOptions {
    @Mixin
    private ConfigOptions config;

    /** The cluster, ready to be used. */
    ReachedCluster reach() {
        return new ReachedCluster(config.given(), () -> {});
    }
}
