package dev.realalign.generator.answer;

import dev.realalign.schemas.NegativeRequest;

/**
 * A request and where it stands in {@code negative-requests}.
 *
 * @param partition partition of its record
 * @param offset offset of its record
 * @param request what is wanted
 */
public record Received(int partition, long offset, NegativeRequest request) {}
