package dev.realalign.generator.answer;

import dev.realalign.schemas.GeneratedNegative;

/**
 * A request and its answer.
 *
 * @param received the request
 * @param answer the answer
 */
public record Answered(Received received, GeneratedNegative answer) {}
