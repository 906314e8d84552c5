package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;

/** One way to make a part of a picture, or all of it, worse. */
interface Perturbation {

    /**
     * The pixels that take the place of a region.
     *
     * @param real the whole real picture; not to be changed
     * @param region the region to replace, inside the picture
     * @param strength in (0, 1]
     * @param random the only source of randomness
     * @return a picture of the region's size
     */
    RgbImage apply(RgbImage real, PixelRegion region, double strength, SplitMix64 random);
}
