package dev.realalign.subscriber;

/** Why a version is not what was announced, or is not trusted. */
public enum Refusal {
    /** It has no signature, and only signed versions are taken. */
    UNSIGNED,
    /** Its signature file is no signature bundle. */
    SIGNATURE_MALFORMED,
    /** It is signed with a key that is not in the trust file. */
    SIGNATURE_BY_UNKNOWN_KEY,
    /** The key named did not make the signature. */
    SIGNATURE_FORGED,
    /** The signature is genuine, but not about exactly these files. */
    SIGNATURE_OF_OTHER_FILES,
    /** Its manifest has another SHA-256 than the announcement says. */
    MANIFEST_DIFFERS,
    /** Its manifest cannot be understood. */
    MANIFEST_MALFORMED,
    /** Its manifest describes another version. */
    MANIFEST_OF_OTHER_VERSION,
    /** A file has another length than its manifest says. */
    FILE_SIZE,
    /** A file has another SHA-256 than its manifest says. */
    FILE_DIFFERS
}
