/**
 * From the bytes of an image file to an upright sRGB picture at training resolution, and back to PNG. Knows no Kafka,
 * touches no disk and reads no clock: every method is a function of its arguments.
 */
@NullMarked
package dev.realalign.curator.image;

import org.jspecify.annotations.NullMarked;
