package dev.realalign.curator;

import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.image.EncodedPicture;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.RecordPosition;

/**
 * An image that passed every gate that needs nothing but the image.
 *
 * @param image the record's facts
 * @param position its record of real-images
 * @param findings what the gates found so far
 * @param picture the training picture and its PNG
 * @param hash its perceptual hash
 */
record PassedImage(RealImage image, RecordPosition position, Findings findings, EncodedPicture picture, long hash) {

    /** The training picture. */
    RgbImage real() {
        return picture.image();
    }

    /** The training picture as PNG. */
    byte[] png() {
        return picture.file();
    }

    /** Memory that its pixels take, in bytes. */
    long bytes() {
        return (long) real().rgb().length + png().length;
    }
}
