package dev.realalign.trainer.plan;

import dev.realalign.trainer.triple.TrainingPair;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Records that were consumed while no batch was open.
 *
 * @param skipped the records, in order
 * @param heldOut those of them that joined the held-out set, in order
 * @param nextOffsets next offset to read of every partition once they are listed
 */
public record PassedOver(List<Skipped> skipped, List<TrainingPair> heldOut, SortedMap<Integer, Long> nextOffsets) {
    public PassedOver {
        skipped = List.copyOf(skipped);
        heldOut = List.copyOf(heldOut);
        nextOffsets = Collections.unmodifiableSortedMap(new TreeMap<>(nextOffsets));
    }
}
