package dev.realalign.app.evaluate;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the user asked of an evaluation.
 *
 * @param model folder of the model
 * @param adapters adapter files or version folders; each is compared with the plain model
 * @param images folder, archive or list of real pictures
 * @param caption caption of pictures that have none
 * @param count pictures to use at most
 * @param seed seed of the choice of pictures, of noise, timesteps and of drawn pictures
 * @param bands parts of the noise schedule
 * @param draws whether pictures are drawn, for distances
 * @param steps sampling steps
 * @param guidance scale of classifier-free guidance
 * @param batch noised or drawn pictures at once
 * @param features folder of the features' weights; null for random ones
 */
public record EvaluationSettings(
        Path model,
        List<Path> adapters,
        Path images,
        String caption,
        int count,
        long seed,
        int bands,
        boolean draws,
        int steps,
        double guidance,
        int batch,
        @Nullable Path features) {}
