package dev.realalign.curator;

import dev.realalign.curator.gate.Reason;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;
import java.util.List;
import java.util.OptionalLong;

/** What a record of real-images ends in. */
sealed interface Outcome {

    /** Key of the record to write. */
    String key();

    /** Gates in shadow mode that would have rejected the picture. */
    List<Reason> shadow();

    /**
     * A triple.
     *
     * @param key image id
     * @param triple record for preference-triples
     * @param shadow see {@link Outcome#shadow}
     * @param generatedHash perceptual hash of a generated negative
     */
    record Accepted(String key, PreferenceTriple triple, List<Reason> shadow, OptionalLong generatedHash)
            implements Outcome {}

    /**
     * A rejection.
     *
     * @param key image id, or the record's key as it came
     * @param rejection record for image-rejections
     * @param reason its reason
     * @param shadow see {@link Outcome#shadow}
     */
    record Rejected(String key, ImageRejection rejection, Reason reason, List<Reason> shadow) implements Outcome {}
}
