package dev.realalign.curator;

import org.apache.avro.specific.SpecificRecord;

/**
 * A recorded verdict and what it became under other settings.
 *
 * @param before {@link #ACCEPTED} or the reason it was rejected for
 * @param after {@link #ACCEPTED}, {@link #UNDECIDED} or the reason it is rejected for now
 * @param record the triple when it is accepted now, else the rejection; the old one when nothing recorded can decide
 */
public record Rejudged(String before, String after, SpecificRecord record) {
    /** In place of a reason: a triple. */
    public static final String ACCEPTED = "accepted";
    /**
     * In place of a reason: the gate that said no would no longer do so, and nobody measured what the gates behind it look
     * at. Only the picture can tell.
     */
    public static final String UNDECIDED = "undecided";
}
