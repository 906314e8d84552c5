package dev.realalign.generator.mask;

/**
 * A part of a picture.
 *
 * @param width in pixels
 * @param height in pixels
 * @param inside row by row from the top left, whether a pixel belongs to it
 */
public record Mask(int width, int height, boolean[] inside) {
    /** Refuses a number of pixels that is not that of the picture. */
    public Mask {
        if (inside.length != width * height) {
            throw new IllegalArgumentException(width + "x" + height + " pixels, not " + inside.length);
        }
    }

    /** Share of the picture's pixels that belong to it, 0 to 1. */
    public double share() {
        int count = 0;
        for (boolean in : inside) {
            count += in ? 1 : 0;
        }
        return (double) count / inside.length;
    }

    /**
     * Grown by a margin: a pixel belongs to the result when a pixel of this mask lies in the square of side {@code 2 px + 1}
     * around it.
     */
    public Mask dilated(int px) {
        if (px == 0) {
            return this;
        }
        return new Mask(width, height, grown(grown(inside, px, 1, width), px, width, height));
    }

    /** Grows along rows ({@code stride} 1, {@code length} width) or columns ({@code stride} width, {@code length} height). */
    private static boolean[] grown(boolean[] from, int px, int stride, int length) {
        boolean[] to = new boolean[from.length];
        for (int at = 0; at < from.length; at++) {
            if (!from[at]) {
                continue;
            }
            int place = at / stride % length;
            for (int step = Math.max(-px, -place); step <= Math.min(px, length - 1 - place); step++) {
                to[at + step * stride] = true;
            }
        }
        return to;
    }
}
