package dev.realalign.curator;

import dev.realalign.schemas.RecordPosition;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A record of real-images as the broker handed it out.
 *
 * @param position where it stands
 * @param key its key, if it has one
 * @param value its value, if it has one
 */
record ReceivedRecord(RecordPosition position, byte @Nullable [] key, byte @Nullable [] value) {
    private static final int LONGEST_KEY_SHOWN = 256;

    /** The key as text, cut where it is no id anyway; empty without a key. */
    String keyText() {
        if (key == null) {
            return "";
        }
        int shown = Math.min(key.length, LONGEST_KEY_SHOWN);
        return new String(key, 0, shown, StandardCharsets.UTF_8) + (shown < key.length ? "…" : "");
    }
}
