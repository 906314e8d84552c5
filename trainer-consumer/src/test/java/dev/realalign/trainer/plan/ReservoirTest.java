package dev.realalign.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.schemas.ReservoirState;
import dev.realalign.schemas.ReservoirState.Slot;
import dev.realalign.trainer.triple.Triples;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReservoirTest {
    private static Slot slot(int number) {
        return new Slot(Triples.imageId(number), Triples.imageId(number), 0, number, null);
    }

    private static Reservoir filled(ReplayRule rule, long seed, int offers) {
        Reservoir reservoir = new Reservoir(rule, seed);
        for (int i = 0; i < offers; i++) {
            reservoir.offer(slot(i));
        }
        return reservoir;
    }

    @Test
    void what_it_holds_is_a_function_of_seed_and_offers_wherever_it_was_resumed() {
        ReplayRule rule = ReplayRule.of(4, 0.5, 10);
        ReservoirState whole = filled(rule, 7, 200).state();
        for (int cut : new int[] {0, 5, 10, 11, 150, 200}) {
            Reservoir resumed = new Reservoir(rule, 7);
            resumed.resume(filled(rule, 7, cut).state());
            for (int i = cut; i < 200; i++) {
                resumed.offer(slot(i));
            }
            assertThat(resumed.state()).as("cut at " + cut).isEqualTo(whole);
        }
        assertThat(filled(rule, 8, 200).state()).isNotEqualTo(whole);
        assertThat(whole.offered()).isEqualTo(200);
        assertThat(whole.slots()).hasSize(10);
    }

    @Test
    void every_offer_has_the_same_chance_to_stay() {
        int[] stayed = new int[40];
        for (int seed = 0; seed < 2000; seed++) {
            filled(ReplayRule.of(4, 0.5, 10), seed, 40).state().slots().forEach(slot -> stayed[(int) slot.offset()]++);
        }
        for (int i = 0; i < stayed.length; i++) {
            // 2000 draws of probability 1/4: standard deviation 19.4
            assertThat(stayed[i]).as("offer " + i).isCloseTo(500, within(80));
        }
    }

    @Test
    void draws_are_fixed_by_the_step_and_never_repeat_within_it() {
        Reservoir reservoir = filled(ReplayRule.of(8, 0.5, 6), 7, 6);
        List<Slot> drawn = reservoir.draw(3, 4, slot -> true);
        assertThat(drawn).hasSize(4).doesNotHaveDuplicates();
        assertThat(reservoir.draw(3, 4, slot -> true)).isEqualTo(drawn);
        HashSet<List<Slot>> others = new HashSet<>();
        for (long step = 4; step < 40; step++) {
            others.add(reservoir.draw(step, 4, slot -> true));
        }
        assertThat(others).hasSizeGreaterThan(20);
        assertThat(reservoir.draw(3, 4, slot -> slot.offset() == 2)).containsExactly(slot(2));
    }

    @Test
    void a_batch_that_closed_early_draws_the_same_share() {
        Reservoir reservoir = filled(ReplayRule.of(8, 0.25, 10), 7, 10);
        assertThat(reservoir.draw(1, 6, slot -> true)).hasSize(2);
        assertThat(reservoir.draw(1, 3, slot -> true)).hasSize(1);
        assertThat(reservoir.draw(1, 2, slot -> true)).isEmpty();
    }

    @Test
    void what_is_given_up_is_never_drawn_and_its_place_is_free() {
        Reservoir reservoir = filled(ReplayRule.of(2, 0.5, 2), 7, 2);
        reservoir.remove(slot(0).triple());
        assertThat(reservoir.state().slots()).containsExactly(slot(1));
        assertThat(reservoir.offer(slot(2))).isTrue();
        assertThat(reservoir.state().slots()).containsExactly(slot(1), slot(2));
    }

    @Test
    void a_smaller_capacity_gives_up_the_rest() {
        Reservoir smaller = new Reservoir(ReplayRule.of(4, 0.5, 3), 7);
        smaller.resume(filled(ReplayRule.of(4, 0.5, 10), 7, 20).state());
        assertThat(smaller.size()).isEqualTo(3);
        assertThat(smaller.state().offered()).isEqualTo(20);
    }

    @Test
    void without_replay_it_stays_empty() {
        Reservoir reservoir = filled(ReplayRule.none(4), 7, 10);
        assertThat(reservoir.state()).isEqualTo(ReservoirState.of(0, List.of()));
        assertThat(reservoir.draw(1, 4, slot -> true)).isEmpty();
    }

    @Test
    void a_rule_that_leaves_no_fresh_pair_is_none() {
        assertThatThrownBy(() -> ReplayRule.of(2, 0.9, 10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a batch has a fresh pair and draws from a reservoir with room: capacity 10, draws 2, fresh"
                        + " pairs 0");
    }
}
