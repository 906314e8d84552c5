package dev.realalign.publisher;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What a candidate is measured on once more before it becomes a version, and what it may show.
 *
 * @param images folder, archive or list of real pictures that never went into the stream
 * @param baseModel folder of the base model
 * @param count pictures to use at most
 * @param bands parts of the noise schedule, in each of which a picture is measured once
 * @param increaseLimit largest relative increase of the error over the plain model's, by the lower end of its interval
 * @param timeout longest time for one candidate
 */
public record SecondOpinionSettings(
        Path images, Path baseModel, int count, int bands, double increaseLimit, Duration timeout) {}
