package dev.realalign.app.demo;

import java.util.OptionalInt;

/**
 * When a house closes; it always does when the user stops it.
 *
 * @param picturesAreUsedUp whether it closes once every picture it was given is used
 * @param versions versions, published and received, that end it
 */
public record Until(boolean picturesAreUsedUp, OptionalInt versions) {
    /** Until the user stops it, and not before: a rest after an alarm is shown, and others may feed it at any time. */
    public static final Until STOPPED = new Until(false, OptionalInt.empty());

    /** Until so many versions are received, where a number is given, or until the pictures are used up. */
    public static Until used(OptionalInt versions) {
        return new Until(true, versions);
    }
}
