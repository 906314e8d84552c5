package dev.realalign.dashboard.web;

import java.time.Duration;
import java.util.Optional;

/** What the server asks for besides events. */
public interface PageSource {
    /**
     * History as JSON.
     *
     * @param reach how far back
     */
    String history(Duration reach);

    /** A picture of one of the newest triples, PNG. */
    Optional<byte[]> triplePicture(String key, String name);

    /** A small picture of a rejected image, PNG. */
    Optional<byte[]> rejectedPicture(int partition, long offset);
}
