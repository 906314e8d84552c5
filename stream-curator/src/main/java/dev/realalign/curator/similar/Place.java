package dev.realalign.curator.similar;

import dev.realalign.schemas.RecordPosition;

/**
 * A picture's place in a band.
 *
 * @param hash its perceptual hash
 * @param record its record of real-images; of a generated negative, its real image's
 * @param imageId its image id; of a generated negative, its real image's
 * @param state what is known about it
 * @param sequence when its owner was asked: smaller is earlier
 */
public record Place(long hash, RecordPosition record, String imageId, State state, long sequence) {

    /** What is known about a picture. */
    public enum State {
        /** No verdict yet. */
        HELD,
        /** It is a triple. */
        TAKEN,
        /** It is a negative of ours. */
        OWN_OUTPUT
    }
}
