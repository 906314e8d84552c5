package dev.realalign.curator.gate;

/**
 * Why a record of real-images became no triple, in the order in which the reasons are looked for. The names are part of
 * the records.
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
    /** The record refers to bytes that the blob store does not hold. */
    BLOB_MISSING,
    /** The same bytes came before; the rejection names the first record. */
    DUPLICATE,
    /** The file is none of the types that can be read, by its first bytes, or a variant of one that cannot be. */
    UNKNOWN_TYPE,
    /** The picture has more pixels, or more scans to decode, than allowed. */
    PIXEL_BOMB,
    /** The picture's shorter side is too short. */
    TOO_SMALL,
    /** The picture is so long and narrow that a square cut would lose most of it. */
    ASPECT_RATIO,
    /** The file ends before its picture does. */
    TRUNCATED,
    /** The bytes are there but do not make a picture. */
    CORRUPT,
    /** No kind of negative differs enough from the picture. */
    NEGATIVE_TOO_CLOSE,
    /** The triple would be larger than a record may be: an enormous caption or source. */
    TRIPLE_TOO_LARGE
}
