package dev.realalign.publisher;

import java.time.Duration;

/**
 * What stays in the checkpoint store, and for how long.
 *
 * @param versions which versions stay
 * @param grace how long a retired version's folder stays, for those who saw it announced and are fetching it
 * @param candidates how many of the most recently decided candidates stay
 * @param rewindable of how many of the newest versions the candidate stays, so that training can be taken back to them
 */
public record Retention(RetentionPolicy versions, Duration grace, int candidates, int rewindable) {}
