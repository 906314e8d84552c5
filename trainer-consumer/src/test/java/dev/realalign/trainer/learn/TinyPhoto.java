package dev.realalign.trainer.learn;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.realalign.diffusion.lora.AdapterConfig;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.diffusion.optim.AdamW;
import dev.realalign.trainer.stage.ObjectiveChoice;
import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import dev.realalign.trainer.stage.RateSchedule;
import dev.realalign.trainer.stage.Stage;
import dev.realalign.trainer.stage.StagePlan;
import dev.realalign.trainer.triple.TrainingPair;
import dev.realalign.trainer.triple.Triples;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** The bundled pixel-space model and settings that move it quickly. */
public final class TinyPhoto {
    private TinyPhoto() {}

    public static DiffusionModel load() {
        return load(LoadOptions.DEFAULT);
    }

    static DiffusionModel load(LoadOptions options) {
        Path folder = Path.of(System.getProperty("realalign.home", "."), "models", "tiny-photo");
        assumeTrue(Files.isDirectory(folder), "no model at " + folder);
        return DiffusionModel.load(folder, options);
    }

    public static LearnerSettings settings(ObjectiveChoice objective) {
        return settings(objective, 3e-3);
    }

    public static LearnerSettings settings(Kind kind) {
        return settings(ObjectiveChoice.of(kind, 2000));
    }

    public static LearnerSettings settings(ObjectiveChoice objective, double learningRate) {
        return settings(objective, learningRate, 16);
    }

    static LearnerSettings settings(ObjectiveChoice objective, double learningRate, int captionCache) {
        return settings(
                StagePlan.of(Stage.endless(objective, RateSchedule.constant(learningRate, 0))), 0, captionCache);
    }

    static LearnerSettings settings(
            StagePlan stages, int microPairs, int captionCache) { // no caption cache, no cache at all
        return new LearnerSettings(
                42,
                new LoraConfig(2, 4),
                stages,
                new SamplerSettings(4, 2),
                AdamW.Config.DEFAULT,
                1.0,
                0,
                microPairs,
                0.2,
                0.5,
                0.9,
                2,
                2,
                captionCache,
                captionCache == 0 ? 0 : 1 << 20,
                EngineSettings.DEFAULT);
    }

    /** The same settings on another engine. */
    static LearnerSettings on(EngineSettings engine, LearnerSettings settings) {
        return with(settings.adapter(), settings.normCap(), settings.microPairs(), engine, settings);
    }

    /** The same settings for another adapter. */
    static LearnerSettings with(AdapterConfig adapter, LearnerSettings settings) {
        return with(adapter, settings.normCap(), settings.microPairs(), settings.engine(), settings);
    }

    /** The same settings with a bound on the adapter's norm. */
    static LearnerSettings normCap(double cap, LearnerSettings settings) {
        return with(settings.adapter(), cap, settings.microPairs(), settings.engine(), settings);
    }

    /** The same settings with so many pairs in the network at once. */
    static LearnerSettings microPairs(int pairs, LearnerSettings settings) {
        return with(settings.adapter(), settings.normCap(), pairs, settings.engine(), settings);
    }

    private static LearnerSettings with(
            AdapterConfig adapter, double normCap, int microPairs, EngineSettings engine, LearnerSettings settings) {
        return new LearnerSettings(
                settings.runSeed(),
                adapter,
                settings.stages(),
                settings.sampler(),
                settings.optimizer(),
                settings.clipNorm(),
                normCap,
                microPairs,
                settings.captionDropout(),
                settings.flip(),
                settings.averageDecay(),
                settings.averageEvery(),
                settings.heldOutTimesteps(),
                settings.captionCache(),
                settings.posteriorCacheBytes(),
                engine);
    }

    public static List<TrainingPair> pairs(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> Triples.pair(i, 32)).toList();
    }
}
