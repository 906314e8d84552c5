package dev.realalign.diffusion.pipeline;

import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;

/**
 * What is to be drawn: one picture per prompt.
 *
 * @param prompts one per picture
 * @param negativePrompts what guidance leads away from; one per picture
 * @param seeds one per picture; a picture is a function of its own prompts and seed, whatever it is drawn together with
 *     (up to rounding)
 * @param height in pixels; 0 for the size the model was trained at
 * @param width in pixels; 0 for the size the model was trained at
 * @param steps sampling steps of a whole run
 * @param guidance scale of classifier-free guidance; 1 or less uses the prompt alone
 * @param batch pictures drawn together at most; bounds the memory in use
 * @param progress told after each step
 */
public record SamplingRequest(
        List<String> prompts,
        List<String> negativePrompts,
        List<Long> seeds,
        int height,
        int width,
        int steps,
        double guidance,
        int batch,
        Progress progress) {

    /** Told how far a request has come. */
    public interface Progress {
        /** @param done network evaluations so far, of {@code total} for the whole request */
        void step(int done, int total);
    }

    public SamplingRequest {
        prompts = List.copyOf(prompts);
        negativePrompts = List.copyOf(negativePrompts);
        seeds = List.copyOf(seeds);
    }

    /** The model's own size, 25 steps, guidance 7.5, no negative prompts, seeds 0, 1, ..., up to 8 pictures at once. */
    public static SamplingRequest of(List<String> prompts) {
        return new SamplingRequest(
                prompts,
                Collections.nCopies(prompts.size(), ""),
                LongStream.range(0, prompts.size()).boxed().toList(),
                0,
                0,
                25,
                7.5,
                8,
                (done, total) -> {});
    }

    public SamplingRequest withNegativePrompts(List<String> negative) {
        return new SamplingRequest(prompts, negative, seeds, height, width, steps, guidance, batch, progress);
    }

    public SamplingRequest withSeeds(List<Long> ofPictures) {
        return new SamplingRequest(
                prompts, negativePrompts, ofPictures, height, width, steps, guidance, batch, progress);
    }

    /** The seeds {@code first}, {@code first + 1}, ... */
    public SamplingRequest withSeedsFrom(long first) {
        return withSeeds(LongStream.range(first, first + prompts.size()).boxed().toList());
    }

    public SamplingRequest withSize(int pixelsHigh, int pixelsWide) {
        return new SamplingRequest(
                prompts, negativePrompts, seeds, pixelsHigh, pixelsWide, steps, guidance, batch, progress);
    }

    public SamplingRequest withSteps(int count) {
        return new SamplingRequest(prompts, negativePrompts, seeds, height, width, count, guidance, batch, progress);
    }

    public SamplingRequest withGuidance(double scale) {
        return new SamplingRequest(prompts, negativePrompts, seeds, height, width, steps, scale, batch, progress);
    }

    public SamplingRequest withBatch(int most) {
        return new SamplingRequest(prompts, negativePrompts, seeds, height, width, steps, guidance, most, progress);
    }

    public SamplingRequest withProgress(Progress told) {
        return new SamplingRequest(prompts, negativePrompts, seeds, height, width, steps, guidance, batch, told);
    }

    /** The pictures {@code from} (inclusive) to {@code to} (exclusive) alone. */
    SamplingRequest part(int from, int to, Progress told) {
        return new SamplingRequest(
                prompts.subList(from, to),
                negativePrompts.subList(from, to),
                seeds.subList(from, to),
                height,
                width,
                steps,
                guidance,
                batch,
                told);
    }
}
