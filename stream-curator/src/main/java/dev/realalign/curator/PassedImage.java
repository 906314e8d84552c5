package dev.realalign.curator;

import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.RecordPosition;

/**
 * An image that passed every gate that needs nothing but the image.
 *
 * @param image the record's facts
 * @param position its record of real-images
 * @param findings what the gates found so far
 * @param real the training picture
 * @param png the training picture as PNG
 * @param hash its perceptual hash
 */
record PassedImage(RealImage image, RecordPosition position, Findings findings, RgbImage real, byte[] png, long hash) {

    /** Memory that its pixels take, in bytes. */
    long bytes() {
        return (long) real.rgb().length + png.length;
    }
}
