package dev.realalign.diffusion.bench;

import dev.realalign.diffusion.tensor.Device;

/**
 * How much work one step is.
 *
 * @param device where it is done
 * @param images samples in one batch; a pair is two, so the number is even
 * @param side height and width of the latents, a multiple of 8
 * @param samplingSteps passes of the network in which a sample is drawn
 */
public record Scale(Device device, int images, int side, int samplingSteps) {
    /** Tokens of a prompt, as CLIP's encoders give them. */
    public static final int TOKENS = 77;

    public Scale {
        if (images < 2 || images % 2 != 0 || side < 8 || side % 8 != 0 || samplingSteps < 1) {
            throw new IllegalArgumentException(
                    "a benchmark needs an even number of images, a side that is a multiple of 8 and at least one sampling step, not "
                            + images + ", " + side + " and " + samplingSteps);
        }
    }

    /** 8 images of 32 x 32 latents, 10 sampling steps. */
    public static Scale standard(Device device) {
        return new Scale(device, 8, 32, 10);
    }
}
