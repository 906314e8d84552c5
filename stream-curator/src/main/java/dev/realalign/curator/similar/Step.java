package dev.realalign.curator.similar;

/** What the owner of a band is told. The names are part of the records. */
public enum Step {
    /** Compare a picture and hold a place for it. */
    ASK,
    /** The picture was accepted: its place is taken. */
    CONFIRM,
    /** The picture was not accepted: its place is free. */
    RELEASE,
    /** A generated negative was accepted, far from its own source. */
    OWN_OUTPUT
}
