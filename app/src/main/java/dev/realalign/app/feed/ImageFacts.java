package dev.realalign.app.feed;

import dev.realalign.schemas.RealImage;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is known about a picture besides its caption. Every door takes the same facts under the same names.
 *
 * @param captionSource who or what wrote the caption, such as {@code photographer}, {@code alt-text} or a model's name
 * @param licence licence identifier, best an SPDX one
 * @param rightsHolder holder of the rights
 * @param optOut signals by which the holder forbids training, word for word; empty for none
 * @param trustTier how far the source is trusted, in the feeder's own words
 * @param eventTime when the picture was taken or published
 */
public record ImageFacts(
        Optional<String> captionSource,
        Optional<String> licence,
        Optional<String> rightsHolder,
        List<String> optOut,
        Optional<String> trustTier,
        Optional<Instant> eventTime) {

    /** Nothing is known. */
    public static final ImageFacts UNKNOWN = of(Map.of());

    /** Names of the facts: columns of a CSV, fields of JSON and of forms. */
    static final List<String> NAMES =
            List.of("caption_source", "licence", "rights_holder", "opt_out", "trust_tier", "event_time");

    private static final String AMERICAN_LICENCE = "license";

    public ImageFacts {
        optOut = List.copyOf(optOut);
    }

    /**
     * From texts by name; blank ones and other names count as absent. Opt-out signals are separated by semicolons, the
     * event time is ISO 8601 (a date, or a date and time with its offset).
     *
     * @throws IllegalArgumentException naming the fact that cannot be read
     */
    public static ImageFacts of(Map<String, String> texts) {
        return new ImageFacts(
                text(texts, "caption_source"),
                text(texts, "licence").or(() -> text(texts, AMERICAN_LICENCE)),
                text(texts, "rights_holder"),
                text(texts, "opt_out").stream()
                        .flatMap(signals -> Arrays.stream(signals.split(";")))
                        .map(String::strip)
                        .filter(signal -> !signal.isEmpty())
                        .toList(),
                text(texts, "trust_tier"),
                text(texts, "event_time").map(ImageFacts::time));
    }

    /** Whether a name is one of a fact. */
    static boolean isName(String name) {
        return NAMES.contains(name) || name.equals(AMERICAN_LICENCE);
    }

    private static Optional<String> text(Map<String, String> texts, String name) {
        return Optional.ofNullable(texts.get(name)).map(String::strip).filter(text -> !text.isEmpty());
    }

    private static Instant time(String text) {
        try {
            return text.contains("T")
                    ? OffsetDateTime.parse(text).toInstant()
                    : LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(
                    "event_time is \"" + text
                            + "\": write a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z",
                    e);
        }
    }

    /** These facts, and the others' where these are silent. */
    public ImageFacts orElse(ImageFacts others) {
        return new ImageFacts(
                captionSource.or(others::captionSource),
                licence.or(others::licence),
                rightsHolder.or(others::rightsHolder),
                optOut.isEmpty() ? others.optOut : optOut,
                trustTier.or(others::trustTier),
                eventTime.or(others::eventTime));
    }

    /** Writes them into a record. */
    void into(RealImage.Builder record) {
        record.setCaptionSource(captionSource.orElse(null))
                .setLicence(licence.orElse(null))
                .setRightsHolder(rightsHolder.orElse(null))
                .setOptOut(optOut)
                .setTrustTier(trustTier.orElse(null))
                .setEventTime(eventTime.orElse(null));
    }
}
