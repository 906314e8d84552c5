package dev.realalign.generator.draw;

import dev.realalign.generator.mask.Mask;
import dev.realalign.generator.mask.MaskRules;
import java.awt.image.BufferedImage;
import org.jspecify.annotations.Nullable;

/** What came of a subject. */
public sealed interface Drawing {

    /**
     * A negative.
     *
     * @param picture of the subject's size
     * @param mask what was drawn anew; null where everything was
     */
    record Drawn(BufferedImage picture, @Nullable Mask mask) implements Drawing {}

    /**
     * Why there is none.
     *
     * @param flaw what is wrong with the picture's mask
     * @param evidence what was found and what the limit is, in words
     */
    record Undrawn(MaskRules.Flaw flaw, String evidence) implements Drawing {}
}
