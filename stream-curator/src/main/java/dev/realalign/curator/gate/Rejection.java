package dev.realalign.curator.gate;

/**
 * A verdict against a picture.
 *
 * @param reason why
 * @param evidence what was found and what the limit is, in words
 */
public record Rejection(Reason reason, String evidence) {}
