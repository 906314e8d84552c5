package dev.realalign.generator.draw;

import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/** Draws negatives, one batch at a time, in one thread. */
public interface Artist {
    /** Told now and then while a batch is drawn; what it throws ends the drawing. */
    interface Pulse {
        void beat();
    }

    /** Why this artist's network cannot draw a kind; empty when it can. */
    Optional<String> cannotDraw(GeneratedKind kind);

    /** Width and height of its pictures in pixels. */
    int resolution();

    /**
     * Draws.
     *
     * @param subjects pictures of the artist's resolution; any number, the artist bounds what it draws together
     * @return one drawing for each subject, in their order. The same subject gives the same picture whatever it is drawn
     *     together with, up to rounding; a batch of the same subjects gives the same bytes
     * @throws NetworkFailureException when the network fails
     */
    List<Drawing> draw(GeneratedKind kind, List<Subject> subjects, Pulse pulse);

    /** How a kind is drawn, for the record of an answer. */
    SortedMap<String, String> parameters(GeneratedKind kind);
}
