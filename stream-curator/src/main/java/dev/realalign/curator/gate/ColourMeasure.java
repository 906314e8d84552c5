package dev.realalign.curator.gate;

/**
 * How colourful a picture is, and what it was measured against.
 *
 * @param value Hasler and Suesstrunk's M3, in 8-bit levels
 * @param before the running mean before this picture
 */
public record ColourMeasure(double value, RunningMean before) {}
