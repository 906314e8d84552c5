package dev.realalign.app.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.app.flow.ImageToWeights.Hop;
import dev.realalign.app.flow.ImageToWeights.Position;
import dev.realalign.app.flow.ImageToWeights.Taken;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ImageToWeightsTest {
    private final ImageToWeights ways = new ImageToWeights(3);
    private final List<Taken> taken = new ArrayList<>();

    private static Instant at(long second) {
        return Instant.ofEpochSecond(second);
    }

    private static Taken took(Hop hop, long offset, long seconds) {
        return new Taken(hop, "m", new Position(0, offset), Duration.ofSeconds(seconds));
    }

    private void triple(long offset, long second) {
        taken.addAll(ways.triple(new Position(0, offset), at(second), at(second + 1), at(second + 3)));
    }

    private List<Taken> learned() {
        return taken.stream().filter(t -> t.model().equals("m")).toList();
    }

    @Test
    void each_hop_begins_where_the_one_before_ended_and_together_they_are_the_total() {
        triple(0, 100);
        ways.planned("m", 1, List.of(new Position(0, 0)));
        taken.addAll(ways.trained("m", 1, true, at(110)));
        taken.addAll(ways.published("m", 1, 1, at(125)));
        taken.addAll(ways.served("m", 1, at(127)));

        assertThat(taken)
                .containsExactly(
                        new Taken(Hop.ACCEPTED, "", new Position(0, 0), Duration.ofSeconds(1)),
                        new Taken(Hop.TRIPLE, "", new Position(0, 0), Duration.ofSeconds(2)),
                        took(Hop.TRAINED, 0, 7),
                        took(Hop.PUBLISHED, 0, 15),
                        took(Hop.SUBSCRIBER, 0, 2),
                        took(Hop.TOTAL, 0, 27));
    }

    @Test
    void a_picture_arrives_with_the_first_version_that_has_its_step_and_the_first_subscriber_that_has_it() {
        triple(0, 100);
        triple(1, 100);
        ways.planned("m", 1, List.of(new Position(0, 0)));
        ways.planned("m", 2, List.of(new Position(0, 1)));
        ways.trained("m", 1, true, at(110));
        ways.trained("m", 2, true, at(120));
        taken.addAll(ways.published("m", 1, 1, at(130)));
        taken.addAll(ways.published("m", 2, 2, at(140)));
        taken.addAll(ways.served("m", 2, at(141)));
        taken.addAll(ways.served("m", 2, at(150)));

        assertThat(learned())
                .containsExactly(
                        took(Hop.PUBLISHED, 0, 20),
                        took(Hop.PUBLISHED, 1, 20),
                        took(Hop.SUBSCRIBER, 0, 11),
                        took(Hop.TOTAL, 0, 41),
                        took(Hop.SUBSCRIBER, 1, 1),
                        took(Hop.TOTAL, 1, 41));
    }

    @Test
    void two_lines_learn_the_same_picture_each_in_its_own_time() {
        triple(0, 100);
        for (String model : List.of("m", "n")) {
            ways.planned(model, 1, List.of(new Position(0, 0)));
        }

        assertThat(ways.trained("m", 1, true, at(110))).containsExactly(took(Hop.TRAINED, 0, 7));
        assertThat(ways.trained("n", 1, true, at(120)))
                .containsExactly(new Taken(Hop.TRAINED, "n", new Position(0, 0), Duration.ofSeconds(17)));
    }

    @Test
    void a_step_that_changed_no_weights_teaches_nothing() {
        triple(0, 100);
        ways.planned("m", 1, List.of(new Position(0, 0)));

        assertThat(ways.trained("m", 1, false, at(110))).isEmpty();
        assertThat(ways.published("m", 1, 1, at(120))).isEmpty();
    }

    @Test
    void what_was_never_seen_is_left_out() {
        ways.planned("m", 1, List.of(new Position(2, 77)));

        assertThat(ways.trained("m", 1, true, at(110))).isEmpty();
        assertThat(ways.published("m", 1, 1, at(120))).isEmpty();
        assertThat(ways.served("m", 1, at(121))).isEmpty();
    }

    @Test
    void memory_is_bounded_and_the_oldest_are_forgotten() {
        for (int offset = 0; offset < 10; offset++) {
            triple(offset, 100);
        }
        ways.planned("m", 1, List.of(new Position(0, 6), new Position(0, 7), new Position(0, 9)));

        assertThat(ways.trained("m", 1, true, at(110)))
                .containsExactly(took(Hop.TRAINED, 7, 7), took(Hop.TRAINED, 9, 7));
    }
}
