package dev.realalign.generator.draw;

import java.util.Arrays;
import java.util.Optional;

/** Kinds of negatives that need a network, by the names requests give them. */
public enum GeneratedKind {
    /** Drawn from the caption alone. */
    TEXT_TO_IMAGE,
    /** The real picture, noised and drawn over (SDEdit, Meng et al. 2021, arXiv 2108.01073). */
    SDEDIT,
    /** The real picture with what stands out in it drawn anew; outside the mask every pixel is the real one's. */
    SALIENCY_INPAINTING;

    /** The kind of a name, if it is one. */
    public static Optional<GeneratedKind> of(String name) {
        return Arrays.stream(values()).filter(kind -> kind.name().equals(name)).findFirst();
    }
}
