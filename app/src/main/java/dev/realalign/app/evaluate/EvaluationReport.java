package dev.realalign.app.evaluate;

import dev.realalign.evaluation.ErrorComparison;
import dev.realalign.evaluation.SetDistances.AdapterDistance;
import dev.realalign.evaluation.SetDistances.Distance;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an evaluation found; {@code evaluate --json} prints it with these names.
 *
 * @param model folder of the model
 * @param modelSha256 digest of its denoiser, as manifests name their base
 * @param images where the pictures came from
 * @param pictures pictures measured
 * @param passedOver why other pictures were not, in words; null if none was
 * @param seed seed of everything drawn
 * @param features what distances are taken of; null where none were taken
 * @param distances settings and distances of real and plain drawn pictures; null where none were taken
 * @param adapters each adapter against the plain model, in the order given
 */
public record EvaluationReport(
        String model,
        String modelSha256,
        String images,
        int pictures,
        @Nullable String passedOver,
        long seed,
        @Nullable String features,
        @Nullable BaseDistances distances,
        List<AdapterReport> adapters) {

    /**
     * Distances that no adapter is part of.
     *
     * @param pictures pictures in each set
     * @param steps sampling steps
     * @param guidance scale of classifier-free guidance
     * @param floor real pictures against other real pictures
     * @param base the plain model's pictures against real ones
     */
    public record BaseDistances(int pictures, int steps, double guidance, Distance floor, Distance base) {}

    /**
     * One adapter.
     *
     * @param file its file
     * @param sha256 digest of the file
     * @param errors denoising errors against the plain model's
     * @param distances of what it draws; null where none were taken
     */
    public record AdapterReport(
            String file, String sha256, ErrorComparison errors, @Nullable AdapterDistance distances) {}
}
