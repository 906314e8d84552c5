package dev.realalign.evaluation.features;

import java.awt.image.BufferedImage;

/**
 * A photograph of which it is known what it shows.
 *
 * @param imageId SHA-256 of the original bytes, lower-case hex
 * @param label what it shows
 * @param picture {@value PhotoClassifier#SIDE} pixels high and wide
 */
public record LabelledPhoto(String imageId, String label, BufferedImage picture) {}
