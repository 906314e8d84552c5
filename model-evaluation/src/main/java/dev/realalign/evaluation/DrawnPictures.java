package dev.realalign.evaluation;

import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.pipeline.DiffusionPipeline;
import dev.realalign.diffusion.pipeline.RequestException;
import dev.realalign.diffusion.pipeline.SamplingRequest;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.evaluation.features.PhotoClassifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Draws pictures and keeps only their features. A picture is a function of its caption and its place in the list, so
 * every model draws the same ones.
 *
 * @param model the network, which stays the caller's
 * @param classifier what the features are; stays the caller's
 * @param firstSeed seed of the first picture; the next ones count on
 * @param steps sampling steps
 * @param guidance scale of classifier-free guidance
 * @param batch pictures drawn at once
 */
public record DrawnPictures(
        DiffusionModel model, PhotoClassifier classifier, long firstSeed, int steps, double guidance, int batch) {

    /**
     * Features of what a model draws for captions.
     *
     * @param adapter what the network wears; null for nothing
     * @param progress told how many are drawn
     * @throws RequestException listing everything the model cannot do about the request
     */
    public double[][] features(@Nullable Adapter adapter, List<String> captions, IntConsumer progress) {
        List<double[]> rows = new ArrayList<>();
        model.denoiser().use(adapter);
        try {
            DiffusionPipeline pipeline = new DiffusionPipeline(model);
            for (int from = 0; from < captions.size(); from += batch) {
                List<String> part = captions.subList(from, Math.min(from + batch, captions.size()));
                SamplingRequest request = SamplingRequest.of(part)
                        .withSeedsFrom(firstSeed + from)
                        .withSteps(steps)
                        .withGuidance(guidance)
                        .withBatch(batch);
                try (Tensor pictures = pipeline.textToImage(request)) {
                    rows.addAll(Arrays.asList(classifier.features(pictures)));
                }
                progress.accept(rows.size());
            }
        } finally {
            model.denoiser().use(null);
        }
        return rows.toArray(double[][]::new);
    }
}
