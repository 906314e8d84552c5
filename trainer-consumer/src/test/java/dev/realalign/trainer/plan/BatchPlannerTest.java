package dev.realalign.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.trainer.plan.BatchPlan.Closing;
import dev.realalign.trainer.triple.SkipReason;
import dev.realalign.trainer.triple.Triples;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class BatchPlannerTest {
    private static final long SECOND = 1_000_000_000L;

    private static BatchPlanner planner(HoldOutRule rule) {
        return new BatchPlanner(3, Duration.ofSeconds(2), rule, new TreeMap<>(Map.of(0, 10L, 1, 0L)), 0);
    }

    private static Delivery pair(int partition, long offset, int image) {
        return new Delivery.Usable(partition, offset, Triples.pair(image, 4));
    }

    private static Delivery broken(int partition, long offset) {
        return new Delivery.Unusable(new Skipped(partition, offset, "k", SkipReason.UNREADABLE_RECORD, "broken"));
    }

    @Test
    void a_batch_closes_when_it_is_full_and_names_its_members_in_order() {
        BatchPlanner planner = planner(new HoldOutRule(0, 0));
        planner.accept(pair(1, 0, 1), 0);
        planner.accept(pair(0, 10, 2), 0);
        assertThat(planner.due(0)).isEmpty();
        planner.accept(pair(1, 2, 3), 0); // offset 1 is a transaction marker
        assertThat(planner.due(0)).contains(Closing.SIZE);
        assertThatThrownBy(() -> planner.accept(pair(1, 3, 4), 0)).hasMessage("the batch is full");

        Batch batch = planner.close(7, Closing.SIZE);
        assertThat(batch.plan().step()).isEqualTo(7);
        assertThat(batch.plan().members().stream().map(m -> m.partition() + ":" + m.offset() + ":" + m.imageId()))
                .containsExactly(
                        "1:0:" + Triples.imageId(1), "0:10:" + Triples.imageId(2), "1:2:" + Triples.imageId(3));
        assertThat(batch.pairs()).hasSize(3);
        assertThat(batch.plan().nextOffsets()).containsExactly(Map.entry(0, 11L), Map.entry(1, 3L));
        assertThat(planner.open()).isZero();
    }

    @Test
    void a_quiet_stream_closes_the_batch_once_its_oldest_member_has_waited_long_enough() {
        BatchPlanner planner = planner(new HoldOutRule(0, 0));
        assertThat(planner.due(100 * SECOND))
                .as("an empty batch waits for ever")
                .isEmpty();
        planner.accept(pair(0, 10, 1), 100 * SECOND);
        planner.accept(pair(0, 11, 2), 101 * SECOND);
        assertThat(planner.remainingWait(101 * SECOND)).isEqualTo(SECOND);
        assertThat(planner.due(102 * SECOND - 1)).isEmpty();
        assertThat(planner.due(102 * SECOND)).isEqualTo(Optional.of(Closing.WAIT));
        assertThat(planner.close(1, Closing.WAIT).plan().members()).hasSize(2);
        assertThat(planner.due(200 * SECOND)).isEmpty();
    }

    @Test
    void every_delivery_ends_in_exactly_one_plan() {
        BatchPlanner planner = planner(new HoldOutRule(0.3, 4));
        List<String> seen = new ArrayList<>();
        long step = 0;
        for (int i = 0; i < 40; i++) {
            planner.accept(i % 7 == 3 ? broken(0, 10 + i) : pair(0, 10 + i, i), 0);
            if (planner.due(0).isPresent() || i == 39) {
                Batch batch = planner.close(++step, Closing.SIZE);
                batch.plan().members().forEach(m -> seen.add(m.partition() + ":" + m.offset()));
                batch.plan().skipped().forEach(s -> seen.add(s.partition() + ":" + s.offset()));
                long heldOut = batch.plan().skipped().stream()
                        .filter(s -> s.reason() == SkipReason.HELD_OUT)
                        .count();
                assertThat(batch.heldOut()).hasSize((int) heldOut);
            }
        }
        assertThat(seen).hasSize(40).doesNotHaveDuplicates();
    }

    @Test
    void a_held_out_triple_is_never_a_member_and_the_set_does_not_outgrow_its_maximum() {
        BatchPlanner planner =
                new BatchPlanner(1000, Duration.ofSeconds(2), new HoldOutRule(0.3, 4), new TreeMap<>(Map.of(0, 0L)), 1);
        for (int i = 0; i < 100; i++) {
            planner.accept(pair(0, i, i), 0);
        }
        Batch batch = planner.close(1, Closing.FLUSH);
        assertThat(batch.heldOut()).as("one was in the set before").hasSize(3);
        assertThat(batch.plan().members()).hasSize(97);
        assertThat(batch.plan().members().stream().map(Member::imageId))
                .doesNotContainAnyElementsOf(
                        batch.heldOut().stream().map(p -> p.imageId()).toList());
    }

    @Test
    void what_was_taken_before_or_comes_from_nowhere_is_refused() {
        BatchPlanner planner = planner(new HoldOutRule(0, 0));
        assertThatThrownBy(() -> planner.accept(pair(0, 9, 1), 0))
                .hasMessage("partition 0 delivered offset 9 where 10 or later was due");
        assertThatThrownBy(() -> planner.accept(pair(5, 0, 1), 0))
                .hasMessage("partition 5 delivered offset 0 where null or later was due");
        assertThatThrownBy(() -> planner.close(1, Closing.FLUSH)).hasMessage("an empty batch is not trained");
    }
}
