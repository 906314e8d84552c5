package dev.realalign.curator;

import dev.realalign.schemas.RecordPosition;
import java.util.Optional;

/** Where each image came first. */
interface FirstSeen {

    /**
     * Looks an image up, and remembers this record as its first where there is none.
     *
     * @return the first record, when it is another one
     */
    Optional<RecordPosition> before(String imageId, RecordPosition position);
}
