package dev.realalign.evaluation;

import java.awt.image.BufferedImage;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A real picture with its worse counterparts, all at the model's resolution.
 *
 * @param id SHA-256 of the original bytes, lower-case hex; part of the address of every random draw
 * @param caption what it shows, empty for nothing known
 * @param real the picture
 * @param negatives its counterparts by kind; a kind may be missing
 */
public record EvaluationImage(
        String id, String caption, BufferedImage real, SortedMap<String, BufferedImage> negatives) {

    /** Copies the map. */
    public EvaluationImage {
        negatives = Collections.unmodifiableSortedMap(new TreeMap<>(negatives));
    }
}
