package dev.realalign.app.feed;

import dev.realalign.schemas.ImageId;
import java.util.HashMap;
import java.util.Map;

/**
 * Pictures that real-images holds already, with how often. A feed that was cut off and begins again passes over exactly these: a picture that occurs
 * twice in the source and once in the topic is still fed once more, as an unbroken feed would have done.
 */
public final class FedBefore {
    private final Map<String, Integer> remaining = new HashMap<>();
    private long records;

    /** Takes note of a record's key. */
    public void add(String key) {
        records++;
        remaining.merge(key, 1, Integer::sum);
    }

    /** Records noted. */
    public long records() {
        return records;
    }

    /** Whether this occurrence of the picture was fed before; each record answers yes once. */
    boolean consume(ImageId image) {
        Integer count = remaining.get(image.hex());
        if (count == null) {
            return false;
        }
        if (count == 1) {
            remaining.remove(image.hex());
        } else {
            remaining.put(image.hex(), count - 1);
        }
        return true;
    }
}
