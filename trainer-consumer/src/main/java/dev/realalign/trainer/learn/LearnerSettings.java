package dev.realalign.trainer.learn;

import dev.realalign.diffusion.lora.AdapterConfig;
import dev.realalign.diffusion.optim.AdamW;
import dev.realalign.trainer.stage.StagePlan;

/**
 * How an adapter is trained.
 *
 * @param runSeed seed every random draw derives from
 * @param adapter kind and targets of the adapter, and rank and alpha where it is a LoRA
 * @param stages what is minimised, one stage after another
 * @param sampler how objectives that sample do it
 * @param optimizer AdamW's settings
 * @param clipNorm largest 2-norm of all gradients together
 * @param normCap largest 2-norm of the adapter's matrices together that are zero before training; 0 for none
 * @param microPairs pairs in the network at once; 0 for the whole batch
 * @param captionDropout share of pairs that train without their caption
 * @param flip share of pairs that are mirrored, both images together
 * @param averageDecay decay of the moving average of the adapter
 * @param averageEvery steps from one update of the average to the next
 * @param heldOutTimesteps timesteps at which each held-out pair is measured
 * @param captionCache captions whose encodings are kept
 * @param posteriorCacheBytes memory for what the autoencoder made of images, in bytes
 * @param engine where and in what precision the network trains
 */
public record LearnerSettings(
        long runSeed,
        AdapterConfig adapter,
        StagePlan stages,
        SamplerSettings sampler,
        AdamW.Config optimizer,
        double clipNorm,
        double normCap,
        int microPairs,
        double captionDropout,
        double flip,
        double averageDecay,
        int averageEvery,
        int heldOutTimesteps,
        int captionCache,
        long posteriorCacheBytes,
        EngineSettings engine) {

    /**
     * Decay of the average at its n-th update, from 1. The first updates forget faster, min(decay, (1 + n) / (10 + n)), so
     * that the average does not hang on the untrained adapter for dozens of updates; published by TensorFlow's
     * ExponentialMovingAverage and used by diffusers.
     */
    double averageDecay(long n) {
        return Math.min(averageDecay, (1.0 + n) / (10.0 + n));
    }
}
