package dev.realalign.dashboard.model;

/** Texts of strangers, made short enough to be shown; what they hold stays what it is, since the page shows text as text. */
final class Texts {
    private Texts() {}

    /**
     * At most so many characters, the last an ellipsis where something is missing; a surrogate pair is never cut in two.
     */
    static String shortened(String text, int limit) {
        if (text.length() <= limit) {
            return text;
        }
        int end = limit - 1;
        if (Character.isHighSurrogate(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end) + "…";
    }
}
