package dev.realalign.curator;

import dev.realalign.curator.gate.Reason;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;

/** What a record of real-images ends in. */
sealed interface Outcome {

    /** Key of the record to write. */
    String key();

    /**
     * A triple.
     *
     * @param key image id
     * @param triple record for preference-triples
     */
    record Accepted(String key, PreferenceTriple triple) implements Outcome {}

    /**
     * A rejection.
     *
     * @param key image id, or the record's key as it came
     * @param rejection record for image-rejections
     * @param reason its reason
     */
    record Rejected(String key, ImageRejection rejection, Reason reason) implements Outcome {}
}
