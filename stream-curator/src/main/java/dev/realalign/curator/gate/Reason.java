package dev.realalign.curator.gate;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Why a record of real-images became no triple, in the order in which the reasons are looked for. The names are part of
 * the records. A reason with a mode belongs to a gate that can be switched; the others stand where nothing could be made
 * of the record, or where memory has no other bound.
 */
public enum Reason {
    /** The record has no key or value, its value is no RealImage of any released schema, or it contradicts itself. */
    UNREADABLE_RECORD,
    /** The key, the record's own id and the SHA-256 of the bytes are not the same. */
    ID_MISMATCH,
    /** The record lies in a partition its key does not belong to, where a duplicate would not be found. */
    WRONG_PARTITION,
    /** The record has no bytes of a picture. */
    EMPTY,
    /** The file has more bytes than allowed. */
    TOO_MANY_BYTES,
    /** The holder of the rights forbids training, by a signal in the record or in the file. */
    OPT_OUT(GateMode.ON),
    /** The licence is denied, or not among the allowed ones. */
    LICENCE(GateMode.ON),
    /** The record refers to bytes that the blob store does not hold. */
    BLOB_MISSING,
    /** The same bytes came before; the rejection names the first record. */
    DUPLICATE(GateMode.ON),
    /** The file is none of the types that can be read, by its first bytes, or a variant of one that cannot be. */
    UNKNOWN_TYPE,
    /** The picture has more pixels, or takes more work to decode, than allowed. */
    PIXEL_BOMB,
    /** The picture's shorter side is too short. */
    TOO_SMALL(GateMode.ON),
    /** The picture is so long and narrow that a square cut would lose most of it. */
    ASPECT_RATIO(GateMode.ON),
    /** The file ends before its picture does. */
    TRUNCATED,
    /** The bytes are there but do not make a picture. */
    CORRUPT,
    /** The file declares that a generator made it. */
    DECLARED_SYNTHETIC(GateMode.ON),
    /** The file carries content credentials (C2PA) that do not say it was generated: cameras write them too. */
    CONTENT_CREDENTIALS(GateMode.SHADOW),
    /** The picture shows nothing: one tone almost everywhere. */
    FLAT(GateMode.ON),
    /** Almost all of the picture is black, or almost all of it is white. */
    BADLY_EXPOSED(GateMode.ON),
    /** The picture has no sharp detail anywhere. */
    BLURRED(GateMode.ON),
    /** The picture is not more colourful than the running mean. */
    NOT_COLOURFUL(GateMode.SHADOW),
    /** The picture looks like one that the model is measured on. */
    HELD_OUT_LEAK(GateMode.ON),
    /** The picture looks like a negative that our own generators made. */
    OWN_OUTPUT(GateMode.ON),
    /** The picture looks like one that was accepted before. */
    NEAR_DUPLICATE(GateMode.ON),
    /** A generator's network says that the picture is no photograph. */
    NOT_A_PHOTOGRAPH(GateMode.OFF),
    /** A generator's network finds the picture poor. */
    POOR_AESTHETICS(GateMode.OFF),
    /** A generator refuses the picture for a reason of its own, which the evidence begins with. */
    REFUSED_BY_GENERATOR,
    /** No kind of negative differs enough from the picture. */
    NEGATIVE_TOO_CLOSE,
    /** The triple would be larger than a record may be: an enormous caption or source. */
    TRIPLE_TOO_LARGE;

    private final @Nullable GateMode defaultMode;

    Reason() {
        this.defaultMode = null;
    }

    Reason(GateMode defaultMode) {
        this.defaultMode = defaultMode;
    }

    /** Whether its gate takes a network, and so a generator's answer. */
    public boolean isModelBacked() {
        return this == NOT_A_PHOTOGRAPH || this == POOR_AESTHETICS;
    }

    /** Mode of its gate unless configured; empty where the gate cannot be switched. */
    public Optional<GateMode> defaultMode() {
        return Optional.ofNullable(defaultMode);
    }
}
