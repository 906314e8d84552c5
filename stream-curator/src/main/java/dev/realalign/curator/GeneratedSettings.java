package dev.realalign.curator;

import java.time.Duration;
import java.util.List;

/**
 * What is asked of the generators, besides the kinds in the mix and the gates that are not off.
 *
 * @param deadline how long an image waits for an answer
 * @param scores scores wanted, by name
 */
public record GeneratedSettings(Duration deadline, List<String> scores) {}
