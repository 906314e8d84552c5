package dev.realalign.app.feed;

import java.io.InputStream;

/**
 * One picture of a source, not yet read.
 *
 * @param name where it came from, such as {@code holiday/beach.jpg} inside the source {@code photos.zip}: {@code photos.zip/holiday/beach.jpg}
 * @param content its bytes; each call opens them anew
 * @param note its caption and what else is known about it
 */
public record SourceImage(String name, Opening<InputStream> content, Opening<Note> note) {}
