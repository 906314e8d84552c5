package dev.realalign.curator.pair;

import dev.realalign.curator.gate.Rejection;
import dev.realalign.curator.image.RgbImage;

/** What the gates make of a picture. */
public sealed interface Sight {

    /**
     * It passed every gate that needs nothing but the picture.
     *
     * @param real the training picture, the real half of a pair
     */
    record Passed(RgbImage real) implements Sight {}

    /**
     * It is not used.
     *
     * @param rejection why
     */
    record Rejected(Rejection rejection) implements Sight {}
}
