/**
 * Brings pictures into the stream: from folders, archives, lists and the bundled camera photographs to acknowledged records of real-images.
 * It reads and counts, and leaves every judgement on a picture to the curator's gates.
 */
@NullMarked
package dev.realalign.app.feed;

import org.jspecify.annotations.NullMarked;
