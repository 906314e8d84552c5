package dev.realalign.schemas;

import java.util.List;
import java.util.Locale;

/** Keys of the checkpoint topics: {@code model/00000042} and {@code model/latest}. */
public final class CheckpointKeys {
    /** Alias that follows every published version. */
    public static final String LATEST = "latest";

    /** Aliases there are: {@link #LATEST} moves by itself, the others when somebody promotes a version. */
    public static final List<String> ALIASES = List.of(LATEST, "canary", "champion");
    /** Action of a {@code PublishingDecision} on a candidate. */
    public static final String PUBLISH = "publish";
    /** Action of a {@code PublishingDecision} on a version that nobody needs any more: its folder is deleted. */
    public static final String RETIRE = "retire";
    /** Moves an alias other than {@link #LATEST} forward. */
    public static final String PROMOTE = "promote";
    /** Moves an alias back and holds it there. */
    public static final String ROLLBACK = "rollback";
    /** Lets go of a held alias. */
    public static final String RELEASE = "release";
    /** Holds an alias at a version. */
    public static final String PIN = "pin";
    /** What people can ask of the publisher. */
    public static final List<String> ACTIONS = List.of(PROMOTE, ROLLBACK, RELEASE, PIN);

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
