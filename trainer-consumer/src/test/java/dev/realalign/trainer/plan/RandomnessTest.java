package dev.realalign.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.trainer.triple.Triples;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RandomnessTest {
    private static final Randomness RANDOMNESS = new Randomness(42);

    private record Address(Purpose purpose, long step, String imageId, int slot) {
        long draw() {
            return RANDOMNESS.bits(purpose, step, imageId, slot);
        }
    }

    private static List<Address> addresses() {
        List<Address> addresses = new ArrayList<>();
        for (Purpose purpose : Purpose.values()) {
            for (long step = 0; step < 10; step++) {
                for (int image = 0; image < 5; image++) {
                    for (int slot = 0; slot < 3; slot++) {
                        addresses.add(new Address(purpose, step, Triples.imageId(image), slot));
                    }
                }
            }
        }
        return addresses;
    }

    @Test
    void any_order_on_any_thread_draws_the_same() {
        Map<Address, Long> inOrder = new LinkedHashMap<>();
        addresses().forEach(address -> inOrder.put(address, address.draw()));

        List<Address> shuffled = addresses();
        Collections.shuffle(shuffled, new Random(7));
        Map<Address, Long> anyOrder = new ConcurrentHashMap<>();
        shuffled.parallelStream().forEach(address -> anyOrder.put(address, address.draw()));

        assertThat(anyOrder).isEqualTo(inOrder);
    }

    @Test
    void every_part_of_the_address_matters() {
        Set<Long> draws = new HashSet<>();
        addresses().forEach(address -> draws.add(address.draw()));
        assertThat(draws).hasSize(addresses().size());
        assertThat(new Randomness(43).bits(Purpose.NOISE, 1, "a", 0))
                .isNotEqualTo(RANDOMNESS.bits(Purpose.NOISE, 1, "a", 0));
    }

    @Test
    void the_derivation_stays_what_it_was() {
        // sha256 of 000000000000002a "NOISE" 00 0000000000000007 "ab" 00 00000003, computed with coreutils
        assertThat(Long.toHexString(RANDOMNESS.bits(Purpose.NOISE, 7, "ab", 3))).isEqualTo("ebd099e01cce07da");
    }

    @Test
    void the_draws_are_spread_as_they_should_be() {
        int n = 20_000;
        assertThat(IntStream.range(0, n)
                        .mapToDouble(i -> RANDOMNESS.uniform(Purpose.FLIP, i, "a", 0))
                        .average()
                        .orElseThrow())
                .isCloseTo(0.5, within(0.01));
        assertThat(IntStream.range(0, n)
                        .map(i -> RANDOMNESS.below(10, Purpose.TIMESTEP, i, "a", 0))
                        .distinct()
                        .sorted()
                        .boxed())
                .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        double[] normals = IntStream.range(0, n)
                .mapToDouble(i -> RANDOMNESS.normal(Purpose.TIMESTEP, i, "a", 0))
                .toArray();
        double mean = IntStream.range(0, n).mapToDouble(i -> normals[i]).sum() / n;
        double square =
                IntStream.range(0, n).mapToDouble(i -> normals[i] * normals[i]).sum() / n;
        assertThat(mean).isCloseTo(0, within(0.03));
        assertThat(square).isCloseTo(1, within(0.05));
    }

    @Test
    void the_held_out_set_is_a_fixed_share_of_the_images_until_it_is_full() {
        HoldOutRule rule = new HoldOutRule(0.1, 100);
        assertThat(selected(rule, 1)).hasSizeBetween(35, 65).isEqualTo(selected(rule, 99));
        assertThat(selected(rule, 100)).as("full").isEmpty();
        assertThat(selected(rule, 0)).as("the first of a line, always").hasSize(500);
        assertThat(selected(new HoldOutRule(0, 100), 0)).as("none wanted").isEmpty();
    }

    private static List<Integer> selected(HoldOutRule rule, int held) {
        return IntStream.range(0, 500)
                .filter(i -> rule.selects(Triples.imageId(i), held))
                .boxed()
                .toList();
    }
}
