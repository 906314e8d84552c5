package dev.realalign.generator.answer;

import org.jspecify.annotations.Nullable;

/**
 * The model that draws.
 *
 * @param name model line, or the base model where no version of a line is in use
 * @param version version of the line; null for the bare base model
 * @param digest SHA-256 of the version's manifest, lower-case hex; null for the bare base model
 */
public record ServedModel(String name, @Nullable Long version, @Nullable String digest) {}
