package dev.realalign.app.command;

import dev.realalign.app.feed.FeedConfig;
import dev.realalign.app.feed.HttpDoorConfig;
import dev.realalign.app.metrics.MetricsConfig;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.dashboard.DashboardConfig;
import dev.realalign.generator.GeneratorConfig;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ConfigReference;
import dev.realalign.runtime.ConfigReference.Section;
import dev.realalign.runtime.ModelConfig;
import dev.realalign.runtime.StoreConfig;
import dev.realalign.trainer.TrainerConfig;
import java.util.List;

/** Every configuration key of the command, role by role: the content of docs/configuration.md. */
final class ConfigurationPage {
    private ConfigurationPage() {}

    static ConfigReference reference() {
        return new ConfigReference(List.of(
                new Section("Cluster", "Read by every role.", ClusterConfig.DEFINITION),
                new Section("Metrics", "Read by every process that runs on.", MetricsConfig.DEFINITION),
                new Section("Blob store", "Read by the feeder, the curator and the generator.", StoreConfig.BLOBS),
                new Section("Checkpoint store", "Read by the trainer and the publisher.", StoreConfig.CHECKPOINTS),
                new Section(
                        "Model line",
                        "Read by the trainer, the publisher, the generator and the dashboard.",
                        ModelConfig.DEFINITION),
                new Section("Feeder", "Read by `realalign feed`.", FeedConfig.DEFINITION),
                new Section("HTTP door", "Read by `realalign feed --http`.", HttpDoorConfig.DEFINITION),
                new Section("Curator", "Read by `realalign curate`.", CuratorConfig.DEFINITION),
                new Section("Negative generator", "Read by `realalign negatives`.", GeneratorConfig.DEFINITION),
                new Section("Trainer", "Read by `realalign train`.", TrainerConfig.DEFINITION),
                new Section("Publisher", "Read by `realalign publish`.", PublisherConfig.DEFINITION),
                new Section("Dashboard", "Read by `realalign dashboard` and the demo.", DashboardConfig.DEFINITION)));
    }
}
