package dev.realalign.curator.similar;

import dev.realalign.schemas.SimilarityQuestion;
import java.util.List;

/** What the owner of a band remembers: places, and questions that wait for the verdict on an earlier picture. */
public interface BandIndex {

    /**
     * Places with the same value in a band and a hash within a distance.
     *
     * @param greatest distance in bits
     */
    List<Place> near(int band, long hash, int greatest);

    /** Writes a place of a record and hash, anew or over the one before. */
    void put(int band, Place place);

    /** Frees the place of a record and hash, if there is one. */
    void remove(int band, SimilarityQuestion question);

    /** Keeps a question that waits. */
    void park(Parked parked);

    /** Questions that wait in a band under the value of a hash, earliest first. */
    List<Parked> parked(int band, long hash);

    /** Forgets a question that waits no longer. */
    void unpark(Parked parked);

    /**
     * A question that waits.
     *
     * @param question the question
     * @param sequence when it was asked
     */
    record Parked(SimilarityQuestion question, long sequence) {}
}
