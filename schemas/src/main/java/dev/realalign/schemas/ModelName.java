package dev.realalign.schemas;

import java.util.regex.Pattern;

/** Names of model lines: they stand in record keys, folder names, group ids and file names. */
public final class ModelName {
    private static final Pattern FORM = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    private ModelName() {}

    /** Whether the text can name a model line. */
    public static boolean isValid(String name) {
        return FORM.matcher(name).matches();
    }

    /**
     * The name itself, when it can name a model line.
     *
     * @throws IllegalArgumentException with the rule
     */
    public static String require(String name) {
        if (!isValid(name)) {
            throw new IllegalArgumentException("a model name has 1 to 64 letters, digits, dots, hyphens or underscores"
                    + " and starts with a letter or digit, not \"" + name + "\"");
        }
        return name;
    }
}
