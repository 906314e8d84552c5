package dev.realalign.trainer.plan;

/**
 * A triple by its address, as a plan lists it.
 *
 * @param imageId image id
 * @param digest digest of the triple's contents, see {@link dev.realalign.trainer.triple.TrainingPair#digest}
 * @param partition partition of preference-triples
 * @param offset offset within the partition
 */
public record Member(String imageId, String digest, int partition, long offset) {}
