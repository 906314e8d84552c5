package dev.realalign.app.command;

import dev.realalign.app.evaluate.CandidateEvaluation;
import dev.realalign.app.metrics.PublishingCounts;
import dev.realalign.app.metrics.RoleMeters;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.publisher.PublisherService;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code realalign publish}: the publisher of a model line alone. */
@Command(
        name = "publish",
        description = "Runs the publisher of one model line: verified candidates become numbered versions.",
        sortOptions = false,
        footer = {
            "",
            "docs/configuration.md lists the keys. A signal (Ctrl-C) ends it in good order.",
            "",
            "Example:",
            "  realalign publish --config cluster.properties -D model.name=portraits"
        })
final class PublishCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions config;

    @Override
    public Integer call() throws InterruptedException {
        Map<String, String> given = config.given();
        PublishingCounts counts = new PublishingCounts();
        return RoleRun.untilStopped(
                given,
                () -> new PublisherService(PublisherConfig.from(given), counts, CandidateEvaluation::open),
                (meters, publisher) -> RoleMeters.publisher(meters, counts));
    }
}
