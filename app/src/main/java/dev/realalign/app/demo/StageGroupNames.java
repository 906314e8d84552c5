package dev.realalign.app.demo;

import dev.realalign.curator.CuratorConfig;
import dev.realalign.dashboard.model.Stage;
import dev.realalign.dashboard.model.StageGroups;
import dev.realalign.generator.GeneratorConfig;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.runtime.ModelConfig;
import dev.realalign.trainer.TrainerConfig;
import java.util.Map;

/** Under which groups the stages of a line are seen, by the names that the services give them. */
public final class StageGroupNames {
    private StageGroupNames() {}

    /** The groups of the line, the curator and the generators that a configuration names. */
    public static StageGroups of(Map<String, String> given) {
        String model = given.getOrDefault(ModelConfig.MODEL, "");
        String curator = given.getOrDefault(
                CuratorConfig.APPLICATION_ID,
                String.valueOf(CuratorConfig.DEFINITION.defaultValues().get(CuratorConfig.APPLICATION_ID)));
        String generators = given.getOrDefault(
                GeneratorConfig.GROUP,
                String.valueOf(GeneratorConfig.DEFINITION.defaultValues().get(GeneratorConfig.GROUP)));
        return new StageGroups(Map.of(
                Stage.CURATOR,
                curator,
                Stage.GENERATOR,
                generators,
                Stage.TRAINER,
                TrainerConfig.group(model),
                Stage.PUBLISHER,
                PublisherConfig.group(model)));
    }
}
