/**
 * The arithmetic of an evaluation: distances between sets of feature vectors, and intervals by resampling. Pure functions
 * of numbers and a seed.
 */
@NullMarked
package dev.realalign.evaluation.statistics;

import org.jspecify.annotations.NullMarked;
