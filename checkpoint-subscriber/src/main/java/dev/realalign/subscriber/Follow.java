package dev.realalign.subscriber;

import dev.realalign.schemas.Sha256;

/** What a subscriber follows within a model line. */
public sealed interface Follow {
    /** Name under which progress is remembered, so that a folder may change what it follows and lose nothing. */
    String key();

    /**
     * The version an alias points to, wherever it moves: also back, when a version is rolled back.
     *
     * @param name {@code latest}, {@code canary} or {@code champion}
     * @param everyMove false: when several moves are waiting only the newest counts; true: each is fetched in turn
     */
    record Alias(String name, boolean everyMove) implements Follow {
        @Override
        public String key() {
            return "alias " + name;
        }
    }

    /**
     * One version and no other.
     *
     * @param number version number, from 1
     */
    record Version(long number) implements Follow {
        /** Refuses numbers below 1. */
        public Version {
            if (number < 1) {
                throw new IllegalArgumentException("versions are numbered from 1, not " + number);
            }
        }

        @Override
        public String key() {
            return "version " + number;
        }
    }

    /**
     * The version whose manifest has this SHA-256 and no other, whatever its number.
     *
     * @param sha256 64 lower-case hexadecimal digits
     */
    record Digest(String sha256) implements Follow {
        /** Refuses what is no digest. */
        public Digest {
            Sha256.requireHex("digest", sha256);
        }

        @Override
        public String key() {
            return "digest " + sha256;
        }
    }

    /** Every version in the order of the numbers, none left out. */
    record AllVersions() implements Follow {
        @Override
        public String key() {
            return "all versions";
        }
    }
}
