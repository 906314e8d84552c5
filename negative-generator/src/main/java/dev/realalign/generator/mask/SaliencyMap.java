package dev.realalign.generator.mask;

/**
 * How much each pixel of a picture stands out.
 *
 * @param width in pixels
 * @param height in pixels
 * @param values row by row from the top left; 0.5 and more is what is painted anew
 */
public record SaliencyMap(int width, int height, float[] values) {
    /** Refuses a number of values that is not that of the pixels. */
    public SaliencyMap {
        if (values.length != width * height) {
            throw new IllegalArgumentException(
                    width + "x" + height + " pixels need as many values, not " + values.length);
        }
    }
}
