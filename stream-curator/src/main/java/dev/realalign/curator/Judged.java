package dev.realalign.curator;

/** What is known about a record of real-images after its own gates. */
sealed interface Judged {

    /**
     * The verdict has fallen.
     *
     * @param outcome what the record ends in
     */
    record Ended(Outcome outcome) implements Judged {}

    /**
     * The image is good by itself.
     *
     * @param image what is known about it
     */
    record Passed(PassedImage image) implements Judged {}
}
