package dev.realalign.curator.image;

/**
 * Why a file of a known type is no complete picture.
 *
 * @param kind how it is damaged
 * @param evidence what was found and where, in words
 */
public record Damage(Kind kind, String evidence) {

    /** Whether the file breaks off, contradicts its own format, or is of a variant that nothing here decodes. */
    public enum Kind {
        /** The file ends before its picture does. */
        TRUNCATED,
        /** The bytes are there but are not a valid picture. */
        CORRUPT,
        /** A valid file perhaps, but of a variant of its type that no decoder here reads. */
        UNSUPPORTED
    }

    static Damage truncated(String evidence) {
        return new Damage(Kind.TRUNCATED, evidence);
    }

    static Damage corrupt(String evidence) {
        return new Damage(Kind.CORRUPT, evidence);
    }

    static Damage unsupported(String evidence) {
        return new Damage(Kind.UNSUPPORTED, evidence);
    }
}
