package dev.realalign.app.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.app.flow.Staleness.Stale;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class StalenessTest {
    private final Staleness staleness = new Staleness();

    private static Instant at(long second) {
        return Instant.ofEpochSecond(second);
    }

    @Test
    void a_subscriber_is_as_stale_as_the_oldest_version_it_does_not_serve() {
        staleness.published("m", 1, at(100));
        staleness.published("m", 2, at(200));
        staleness.published("m", 3, at(300));
        staleness.published("n", 9, at(0));
        staleness.serves("a", "m", 1);
        staleness.serves("b", "m", 3);
        staleness.serves("c", "m", 0);
        staleness.serves("gone", "m", 1);
        staleness.gone("gone");

        assertThat(staleness.at(at(310)))
                .containsExactly(
                        new Stale("a", "m", Duration.ofSeconds(110)),
                        new Stale("b", "m", Duration.ZERO),
                        new Stale("c", "m", Duration.ofSeconds(210)));
    }
}
