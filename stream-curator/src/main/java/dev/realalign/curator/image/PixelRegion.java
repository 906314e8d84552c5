package dev.realalign.curator.image;

/**
 * A rectangle of pixels, origin at the upper left of the picture.
 *
 * @param x left edge
 * @param y upper edge
 * @param width width in pixels
 * @param height height in pixels
 */
public record PixelRegion(int x, int y, int width, int height) {

    /** Whether the pixel lies inside. */
    public boolean contains(int px, int py) {
        return px >= x && px < x + width && py >= y && py < y + height;
    }
}
