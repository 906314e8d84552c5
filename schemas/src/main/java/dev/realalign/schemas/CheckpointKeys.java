package dev.realalign.schemas;

import java.util.Locale;

/** Keys of the checkpoint topics: {@code model/00000042} and {@code model/latest}. */
public final class CheckpointKeys {
    /** Alias that follows every published version. */
    public static final String LATEST = "latest";

    private CheckpointKeys() {}

    /** Key of a version in {@code checkpoints}. */
    public static String version(String model, long version) {
        return ModelName.require(model) + "/" + versionDigits(version);
    }

    /** Key of an alias in {@code checkpoint-aliases}. */
    public static String alias(String model, String alias) {
        return ModelName.require(model) + "/" + ModelName.require(alias);
    }

    /** A version with eight digits, as it stands in keys and folder names. */
    public static String versionDigits(long version) {
        if (version < 1 || version > 99_999_999) {
            throw new IllegalArgumentException("a version is a number from 1 to 99999999, not " + version);
        }
        return String.format(Locale.ROOT, "%08d", version);
    }
}
