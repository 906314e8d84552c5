/**
 * Numbers that stand for what a picture shows, by a small classifier of photographs that this project trained itself, and
 * the training of that classifier.
 */
@NullMarked
package dev.realalign.evaluation.features;

import org.jspecify.annotations.NullMarked;
