package dev.realalign.schemas;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The triples a line may train again, as a candidate's file {@link CheckpointLayout#RESERVOIR} names them. Their contents
 * lie in {@link CheckpointLayout#replay}, under their digests.
 *
 * @param format form of this file, {@value #FORMAT}
 * @param offered triples that were offered to the reservoir in the life of the line, taken or not
 * @param slots the triples, by slot: draws count slots, so their order matters
 */
public record ReservoirState(int format, long offered, List<Slot> slots) {
    /** Form this release writes and reads. */
    public static final int FORMAT = 1;

    /**
     * A triple.
     *
     * @param imageId image id
     * @param triple digest of everything training depends on
     * @param partition partition of preference-triples it came from
     * @param offset offset within the partition
     * @param generatorVersion model version that made a generated negative; null for a perturbation
     */
    public record Slot(String imageId, String triple, int partition, long offset, @Nullable Long generatorVersion) {
        /** Refuses what names no triple. */
        public Slot {
            Sha256.requireHex("an image id", imageId);
            Sha256.requireHex("digest of the triple of " + imageId, triple);
            ManifestRules.atLeast("partition of " + imageId, partition, 0);
            ManifestRules.atLeast("offset of " + imageId, offset, 0);
        }
    }

    /** Refuses more triples than were offered and one record twice. */
    public ReservoirState {
        ManifestRules.format(format, FORMAT);
        ManifestRules.atLeast("offered", offered, slots.size());
        slots = List.copyOf(slots);
        Set<String> places = new HashSet<>();
        for (Slot slot : slots) {
            if (!places.add(slot.partition() + "/" + slot.offset())) {
                throw new IllegalArgumentException(
                        "slots hold offset " + slot.offset() + " of partition " + slot.partition() + " twice");
            }
        }
    }

    /** A state of today's form. */
    public static ReservoirState of(long offered, List<Slot> slots) {
        return new ReservoirState(FORMAT, offered, slots);
    }

    /** The bytes of the file. */
    public byte[] toBytes() {
        return CanonicalJson.write(this);
    }

    /**
     * Reads a file.
     *
     * @param what where the bytes come from, for errors
     * @throws InvalidManifestException naming the place and the rule
     */
    public static ReservoirState parse(byte[] bytes, String what) throws InvalidManifestException {
        return CanonicalJson.read(bytes, ReservoirState.class, what, FORMAT);
    }
}
