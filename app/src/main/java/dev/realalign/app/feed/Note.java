package dev.realalign.app.feed;

/**
 * What accompanies a picture.
 *
 * @param caption its caption, empty for none
 * @param facts what else is known about it
 */
public record Note(String caption, ImageFacts facts) {
    /** Neither caption nor facts. */
    public static final Note NONE = new Note("", ImageFacts.UNKNOWN);

    /** This note, with the other's caption and facts where this one has none. */
    public Note orElse(Note other) {
        return new Note(caption.isEmpty() ? other.caption : caption, facts.orElse(other.facts));
    }
}
