package dev.realalign.app.feed;

import java.io.IOException;

/**
 * Something that is read when it is needed and may turn out to be unreadable then.
 *
 * @param <T> what reading gives
 */
@FunctionalInterface
public interface Opening<T> {
    /**
     * Reads it now.
     *
     * @throws IOException when it cannot be read; the message names the cause
     */
    T open() throws IOException;
}
