package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.SubscriberStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which versions of a line stay, and why. Pure: no I/O, no clock. A version that nothing speaks for may be deleted.
 *
 * @param newest how many of the newest versions stay; 0 keeps every version
 * @param days for how many days back the last version of each day (UTC) stays
 * @param subscriberMemory how long after its last report a subscriber still counts as alive, unless it said goodbye
 */
public record RetentionPolicy(int newest, int days, Duration subscriberMemory) {
    /**
     * A version and what speaks for it.
     *
     * @param reasons why it stays; empty when it may go
     */
    public record Fate(CheckpointVersion version, List<String> reasons) {
        /** Whether it stays. */
        public boolean stays() {
            return !reasons.isEmpty();
        }
    }

    /**
     * Judges every version of one line.
     *
     * @param versions those that are announced, in any order
     * @param aliases where the line's aliases point
     * @param subscribers newest status of each subscriber of the line
     * @return in order of their numbers
     */
    public List<Fate> judge(
            List<CheckpointVersion> versions,
            List<CheckpointAlias> aliases,
            List<SubscriberStatus> subscribers,
            Instant now) {
        List<CheckpointVersion> newestFirst = versions.stream()
                .sorted(Comparator.comparing(CheckpointVersion::getVersion).reversed())
                .toList();
        List<Fate> fates = new ArrayList<>();
        Set<LocalDate> daysSeen = new HashSet<>();
        for (int i = 0; i < newestFirst.size(); i++) {
            CheckpointVersion version = newestFirst.get(i);
            List<String> reasons = new ArrayList<>();
            if (newest == 0) {
                reasons.add("every version is kept");
            } else if (i < newest) {
                reasons.add(newest == 1 ? "the newest" : "one of the newest " + newest);
            }
            LocalDate day = LocalDate.ofInstant(version.getPublishedAt(), ZoneOffset.UTC);
            boolean lastOfDay = daysSeen.add(day);
            if (lastOfDay
                    && day.isAfter(LocalDate.ofInstant(now, ZoneOffset.UTC).minusDays(days))) {
                reasons.add("the last of " + day);
            }
            for (CheckpointAlias alias : aliases) {
                if (alias.getVersion() == version.getVersion()) {
                    reasons.add(alias.getAlias() + " points to it");
                } else if (isParent(version, alias, versions)) {
                    reasons.add(
                            "parent of version " + alias.getVersion() + ", to which " + alias.getAlias() + " points");
                }
            }
            subscribers.stream()
                    .filter(subscriber -> isAlive(subscriber, now))
                    .filter(subscriber -> holds(subscriber, version))
                    .forEach(subscriber -> reasons.add("held by subscriber " + subscriber.getSubscriber()));
            fates.add(new Fate(version, List.copyOf(reasons)));
        }
        fates.sort(Comparator.comparing(fate -> fate.version().getVersion()));
        return fates;
    }

    /** So that an alias can be rolled back by one. */
    private static boolean isParent(
            CheckpointVersion version, CheckpointAlias alias, List<CheckpointVersion> versions) {
        return versions.stream()
                .filter(child -> child.getVersion() == alias.getVersion())
                .anyMatch(child -> child.getParent() != null && child.getParent() == version.getVersion());
    }

    private boolean isAlive(SubscriberStatus subscriber, Instant now) {
        return !subscriber.getStopped()
                && !subscriber.getReportedAt().plus(subscriberMemory).isBefore(now);
    }

    private static boolean holds(SubscriberStatus subscriber, CheckpointVersion version) {
        Long number = version.getVersion();
        return subscriber.getModel().equals(version.getModel())
                && (number.equals(subscriber.getVersion())
                        || number.equals(subscriber.getTargetVersion())
                        || subscriber.getFollows().equals("version " + number)
                        || subscriber.getFollows().equals("digest " + version.getDigest()));
    }
}
