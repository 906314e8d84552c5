/**
 * A preference triple on its way from a record to pixels: checked, digested, decoded. Knows no Kafka and no tensors.
 */
@NullMarked
package dev.realalign.trainer.triple;

import org.jspecify.annotations.NullMarked;
