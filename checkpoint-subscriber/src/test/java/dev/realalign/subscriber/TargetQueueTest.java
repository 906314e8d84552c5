package dev.realalign.subscriber;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetQueueTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
        Only the newest of several waiting moves counts                | true  | 0 | 1 2 3   | 3
        Every move is taken in order where that is asked               | false | 0 | 1 2 3   | 1 2 3
        What was delivered before does not come again                  | true  | 3 | 1 2 3   |
        Only what is newer than the last delivered counts              | false | 2 | 1 2 3 4 | 3 4
        An older move that arrives late does not replace a newer one   | true  | 0 | 3 2     | 3
        The same move twice is one                                     | false | 0 | 1 1 2 2 | 1 2
        Moves that arrive out of order are taken in order              | false | 0 | 3 1 2   | 1 2 3
        Nothing comes from nothing                                     | true  | 0 |         |
        """)
    void order(String sentence, boolean newestOnly, long delivered, String offered, String expected) {
        TargetQueue queue = new TargetQueue(newestOnly, delivered);
        sequences(offered).forEach(sequence -> queue.offer(target(sequence)));

        List<Long> taken = new ArrayList<>();
        while (queue.next().isPresent()) {
            Target next = queue.next().orElseThrow();
            taken.add(next.sequence());
            queue.delivered(next);
        }

        assertThat(taken).as(sentence).isEqualTo(sequences(expected).boxed().toList());
        assertThat(queue.size()).isZero();
    }

    @Test
    @DisplayName("A move that arrives while an older one is fetched waits, and the older one can still be delivered")
    void newerWhileFetching() {
        TargetQueue queue = new TargetQueue(true, 0);
        queue.offer(target(1));
        Target fetching = queue.next().orElseThrow();
        queue.offer(target(2));

        queue.delivered(fetching);

        assertThat(queue.next()).contains(target(2));
    }

    @ParameterizedTest(name = "after {0} failures: {1} ms")
    @CsvSource({"1, 500", "2, 1000", "3, 2000", "6, 16000", "7, 30000", "8, 30000", "2000000000, 30000"})
    void pausesGrow(int failures, long millis) {
        assertThat(GrowingPauses.DEFAULT.after(failures)).isEqualTo(Duration.ofMillis(millis));
    }

    private static LongStream sequences(String text) {
        return text == null || text.isBlank()
                ? LongStream.empty()
                : List.of(text.trim().split(" ", -1)).stream().mapToLong(Long::parseLong);
    }

    private static Target target(long sequence) {
        return new Target("tiny", sequence, "", "", sequence, Instant.EPOCH);
    }
}
