package dev.realalign.trainer.plan;

import dev.realalign.trainer.triple.SkipReason;

/**
 * A record that was consumed without being trained.
 *
 * @param partition partition of preference-triples
 * @param offset offset within the partition
 * @param imageId key of the record
 * @param reason why
 * @param explanation what was found and what was expected
 */
public record Skipped(int partition, long offset, String imageId, SkipReason reason, String explanation) {}
