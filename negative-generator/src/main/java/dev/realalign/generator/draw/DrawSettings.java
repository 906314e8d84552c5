package dev.realalign.generator.draw;

import dev.realalign.generator.mask.MaskRules;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * How negatives are drawn.
 *
 * @param resolution width and height in pixels; 0 for what the model was trained at
 * @param batch pictures drawn together at most
 * @param sampler which sampler
 * @param steps sampling steps of a whole run
 * @param guidance scale of classifier-free guidance
 * @param sdeditStrength share of the steps that {@link GeneratedKind#SDEDIT} runs
 * @param inpaintingStrength share of the steps that {@link GeneratedKind#SALIENCY_INPAINTING} runs
 * @param u2net converted weights of U2-Net or U2-NetP; null for the spectral residual
 * @param maskMargin pixels by which masks grow; empty for none with U2-Net, whose maps cover whole things, and a sixteenth of
 *     the picture with the spectral residual, whose maps mark only where a thing is most striking
 * @param maskMinShare least share of a picture that its mask covers
 * @param maskMaxShare largest share of a picture that its mask covers
 */
public record DrawSettings(
        int resolution,
        int batch,
        SamplerChoice sampler,
        int steps,
        double guidance,
        double sdeditStrength,
        double inpaintingStrength,
        @Nullable Path u2net,
        OptionalInt maskMargin,
        double maskMinShare,
        double maskMaxShare) {
    private static final int MARGINS_PER_SIDE = 16;

    /** How saliency becomes a mask, in pictures of this side. */
    MaskRules masks(int side) {
        int margin = maskMargin.orElse(u2net == null ? side / MARGINS_PER_SIDE : 0);
        return new MaskRules(margin, maskMinShare, maskMaxShare);
    }
}
