package dev.realalign.generator.draw;

import java.awt.image.BufferedImage;

/**
 * What a negative is wanted of.
 *
 * @param caption caption of the real picture, empty for none
 * @param seed seed of everything random about the negative
 * @param picture the real picture at training resolution
 */
public record Subject(String caption, long seed, BufferedImage picture) {}
