package dev.realalign.trainer.learn;

import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.optim.AdamW;

/**
 * How an adapter is trained.
 *
 * @param runSeed seed every random draw derives from
 * @param lora rank, alpha and targets of the adapter
 * @param objective what is minimised and guarded
 * @param optimizer AdamW's settings
 * @param learningRate learning rate after warm-up
 * @param warmUpSteps steps over which the learning rate rises linearly; 0 for none
 * @param clipNorm largest 2-norm of all gradients together
 * @param captionDropout share of pairs that train without their caption
 * @param flip share of pairs that are mirrored, both images together
 * @param averageDecay decay of the moving average of the adapter
 * @param averageEvery steps from one update of the average to the next
 * @param heldOutTimesteps timesteps at which each held-out pair is measured
 * @param captionCache captions whose encodings are kept
 * @param posteriorCacheBytes memory for what the autoencoder made of images, in bytes
 */
public record LearnerSettings(
        long runSeed,
        LoraConfig lora,
        ObjectiveChoice objective,
        AdamW.Config optimizer,
        double learningRate,
        int warmUpSteps,
        double clipNorm,
        double captionDropout,
        double flip,
        double averageDecay,
        int averageEvery,
        int heldOutTimesteps,
        int captionCache,
        long posteriorCacheBytes) {

    /** Learning rate of a step, from 1: linear warm-up, then constant. */
    double learningRate(long step) {
        return step < warmUpSteps ? learningRate * step / warmUpSteps : learningRate;
    }

    /**
     * Decay of the average at its n-th update, from 1. The first updates forget faster, min(decay, (1 + n) / (10 + n)), so
     * that the average does not hang on the untrained adapter for dozens of updates; published by TensorFlow's
     * ExponentialMovingAverage and used by diffusers.
     */
    double averageDecay(long n) {
        return Math.min(averageDecay, (1.0 + n) / (10.0 + n));
    }
}
