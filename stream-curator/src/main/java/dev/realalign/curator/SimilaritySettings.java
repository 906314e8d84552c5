package dev.realalign.curator;

import java.nio.file.Path;
import java.util.List;

/**
 * When pictures look alike.
 *
 * @param greatestDistance distance of two perceptual hashes within which they do, in bits
 * @param heldOut files and folders of pictures that must never be learned from
 */
public record SimilaritySettings(int greatestDistance, List<Path> heldOut) {}
