package dev.realalign.subscriber;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a subscriber's folder remembers between runs.
 *
 * @param model the line the folder belongs to
 * @param delivered highest sequence delivered, by what was followed ({@link Follow#key})
 * @param current the version {@code current} points to, null before the first
 */
record Progress(String model, Map<String, Long> delivered, @Nullable Current current) {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /**
     * The version that is served.
     *
     * @param version version number
     * @param digest digest of its manifest
     * @param followed what was followed to it ({@link Follow#key})
     * @param sequence its place in what was followed
     * @param announcedAt when it was announced, in milliseconds since 1970
     * @param switchedAt when {@code current} came to point to it, in milliseconds since 1970
     */
    record Current(long version, String digest, String followed, long sequence, long announcedAt, long switchedAt) {}

    Progress {
        delivered = new TreeMap<>(delivered);
    }

    static Progress none(String model) {
        return new Progress(model, Map.of(), null);
    }

    /**
     * The sequence beyond which announcements count, so that nothing older arrives by accident.
     *
     * @param intact whether the current version is on disk as it was received
     */
    long floor(Follow follow, boolean intact) {
        boolean serves = current != null && current.followed().equals(follow.key());
        boolean finished = highest(follow) == delivered.getOrDefault(follow.key(), 0L);
        return serves && intact && finished
                ? highest(follow)
                : Math.max(0, highest(follow) - 1); // the newest once more
    }

    /** The highest sequence that this folder was taken to; 0 before the first. */
    long highest(Follow follow) {
        long highest = delivered.getOrDefault(follow.key(), 0L);
        return current != null && current.followed().equals(follow.key())
                ? Math.max(highest, current.sequence())
                : highest;
    }

    Progress switchedTo(Target target, Follow follow, Instant now) {
        return new Progress(
                model,
                delivered,
                new Current(
                        target.version(),
                        target.digest(),
                        follow.key(),
                        target.sequence(),
                        target.announcedAt().toEpochMilli(),
                        now.toEpochMilli()));
    }

    /** When {@code current} came to point where it does. */
    Optional<Instant> switchedAt() {
        return Optional.ofNullable(current).map(known -> Instant.ofEpochMilli(known.switchedAt()));
    }

    Progress deliveredUpTo(Follow follow, long sequence) {
        Map<String, Long> highest = new TreeMap<>(delivered);
        highest.merge(follow.key(), sequence, Math::max);
        return new Progress(model, highest, current);
    }

    byte[] toBytes() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("progress must be writable", e);
        }
    }

    static Progress read(Path file) throws IOException {
        try {
            return JSON.readValue(Files.readAllBytes(file), Progress.class);
        } catch (JsonProcessingException e) {
            throw new SubscriptionException(
                    file + " cannot be understood (" + e.getOriginalMessage()
                            + "); delete it to start over: the newest version is fetched again",
                    e);
        }
    }
}
