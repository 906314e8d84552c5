package dev.realalign.curator.similar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.curator.gate.GateModes;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.SimilarityAnswer;
import dev.realalign.schemas.SimilarityQuestion;
import dev.realalign.schemas.TrustedRecords;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BandOwnerTest {
    private static final int GREATEST = Bands.GREATEST_DISTANCE;

    @BeforeAll
    static void trust() {
        TrustedRecords.allow();
    }

    @Test
    void hashes_within_the_greatest_distance_share_a_band_whatever_bits_differ() {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            long one = random.nextLong();
            long other = flipped(one, GREATEST, random);
            assertThat(sharedBand(one, other)).isPresent();
        }
    }

    @Test
    void the_bands_hold_every_bit_once() {
        for (int bit = 0; bit < 64; bit++) {
            long hash = 1L << bit;
            int bands = 0;
            for (int band = 0; band < Bands.COUNT; band++) {
                bands += Bands.value(hash, band) == 0 ? 0 : 1;
            }
            assertThat(bands).isEqualTo(1);
        }
        assertThat(Bands.key(0xFFC0000000000000L, 0)).isEqualTo("0-3ff");
        assertThat(Bands.key(0x1FF, 6)).isEqualTo("6-1ff");
        assertThatThrownBy(() -> Bands.value(0, 7)).hasMessage("There are bands 0 to 6, not 7.");
        assertThatThrownBy(() -> new BandOwner(7, GateModes.DEFAULTS))
                .hasMessage("The bands find distances of 0 to 6, not 7.");
    }

    /**
     * Many pictures, many of them near to each other in chains and clusters, asked at once, of owners that each take their
     * messages in an order of their own; verdicts come late and some are against the picture.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void in_whatever_order_owners_take_their_messages_each_picture_ends_and_of_near_ones_exactly_one_is_accepted(
            int seed) {
        Random random = new Random(seed);
        List<Long> hashes = new ArrayList<>();
        for (int picture = 0; picture < 120; picture++) {
            long hash = hashes.isEmpty() || random.nextInt(4) == 0
                    ? random.nextLong()
                    : flipped(hashes.get(random.nextInt(hashes.size())), 1 + random.nextInt(GREATEST), random);
            hashes.add(hash);
        }
        Set<Integer> unlucky = new HashSet<>();
        IntStream.range(0, hashes.size())
                .filter(picture -> random.nextInt(3) == 0)
                .forEach(unlucky::add);

        Simulation simulation = new Simulation(random, hashes, unlucky);
        simulation.run();

        assertThat(simulation.accepted.size() + simulation.duplicates.size() + simulation.rejectedOtherwise.size())
                .isEqualTo(hashes.size());
        for (int one : simulation.accepted) {
            for (int other : simulation.accepted) {
                assertThat(one == other || PerceptualHash.distance(hashes.get(one), hashes.get(other)) > GREATEST)
                        .as("pictures %s and %s are near and both accepted", one, other)
                        .isTrue();
            }
        }
        simulation.duplicates.forEach((picture, of) -> {
            assertThat(simulation.accepted)
                    .as("what %s is a duplicate of", picture)
                    .contains(of);
            assertThat(PerceptualHash.distance(hashes.get(picture), hashes.get(of)))
                    .isLessThanOrEqualTo(GREATEST);
        });
        assertThat(simulation.places()).isEqualTo((long) simulation.accepted.size() * Bands.COUNT);
        assertThat(simulation.parked()).isZero();
    }

    private static long flipped(long hash, int bits, Random random) {
        long other = hash;
        while (PerceptualHash.distance(hash, other) < bits) {
            other ^= 1L << random.nextInt(64);
        }
        return other;
    }

    private static Optional<Integer> sharedBand(long one, long other) {
        for (int band = 0; band < Bands.COUNT; band++) {
            if (Bands.value(one, band) == Bands.value(other, band)) {
                return Optional.of(band);
            }
        }
        return Optional.empty();
    }

    /** Owners behind queues; a queue keeps its order, and which queue is served next is drawn. */
    private static final class Simulation {
        private static final int OWNERS = 5;

        private final Random random;
        private final List<Long> hashes;
        private final Set<Integer> unlucky;
        private final BandOwner owner = new BandOwner(GREATEST, GateModes.DEFAULTS);
        private final List<Deque<SimilarityQuestion>> queues = new ArrayList<>();
        private final List<MemoryIndex> indexes = new ArrayList<>();
        private final List<Integer> undecided = new ArrayList<>();
        private final Set<Integer> accepted = new HashSet<>();
        private final Set<Integer> rejectedOtherwise = new HashSet<>();
        private final Map<Integer, Integer> duplicates = new HashMap<>();
        private long sequence;

        Simulation(Random random, List<Long> hashes, Set<Integer> unlucky) {
            this.random = random;
            this.hashes = hashes;
            this.unlucky = unlucky;
            for (int i = 0; i < OWNERS; i++) {
                queues.add(new ArrayDeque<>());
                indexes.add(new MemoryIndex());
            }
        }

        void run() {
            Deque<Integer> arriving =
                    new ArrayDeque<>(IntStream.range(0, hashes.size()).boxed().toList());
            while (true) {
                List<Deque<SimilarityQuestion>> busy =
                        queues.stream().filter(queue -> !queue.isEmpty()).toList();
                int choice = random.nextInt(10);
                if (!arriving.isEmpty() && choice < 3) {
                    send(Step.ASK, arriving.remove(), 0);
                } else if (!undecided.isEmpty() && (choice == 3 || busy.isEmpty())) {
                    decide(undecided.remove(random.nextInt(undecided.size())));
                } else if (!busy.isEmpty()) {
                    Deque<SimilarityQuestion> queue = busy.get(random.nextInt(busy.size()));
                    take(queues.indexOf(queue), queue.remove());
                } else if (arriving.isEmpty()) {
                    return;
                }
            }
        }

        private void take(int number, SimilarityQuestion question) {
            BandOwner.Replies replies = owner.take(question, sequence++, indexes.get(number));
            replies.onward().forEach(this::enqueue);
            for (SimilarityAnswer answer : replies.answers()) {
                int picture = (int) (long) answer.getRecord().getOffset();
                if (answer.getNearDuplicate() == null) {
                    undecided.add(picture);
                } else {
                    duplicates.put(picture, (int)
                            (long) answer.getNearDuplicate().getRecord().getOffset());
                    settle(Step.RELEASE, picture);
                }
            }
        }

        private void decide(int picture) {
            (unlucky.contains(picture) ? rejectedOtherwise : accepted).add(picture);
            settle(unlucky.contains(picture) ? Step.RELEASE : Step.CONFIRM, picture);
        }

        private void settle(Step step, int picture) {
            for (int band = 0; band < Bands.COUNT; band++) {
                send(step, picture, band);
            }
        }

        private void send(Step step, int picture, int band) {
            enqueue(SimilarityQuestion.newBuilder()
                    .setStep(step.name())
                    .setImageId(Integer.toString(picture))
                    .setRecord(new RecordPosition(0, (long) picture))
                    .setHash(hashes.get(picture))
                    .setBand(band)
                    .build());
        }

        private void enqueue(SimilarityQuestion question) {
            String key = Bands.key(question.getHash(), question.getBand());
            queues.get(Math.floorMod(key.hashCode() * 31, OWNERS)).add(question);
        }

        long places() {
            return indexes.stream().mapToLong(index -> index.places.size()).sum();
        }

        long parked() {
            return indexes.stream().mapToLong(index -> index.parked.size()).sum();
        }
    }

    /** An index in memory, without any order of its own. */
    private static final class MemoryIndex implements BandIndex {
        private final Map<String, Place> places = new HashMap<>();
        private final List<Parked> parked = new ArrayList<>();

        @Override
        public List<Place> near(int band, long hash, int greatest) {
            String bucket = Bands.key(hash, band) + "/";
            return places.entrySet().stream()
                    .filter(entry -> entry.getKey().startsWith(bucket))
                    .map(Map.Entry::getValue)
                    .filter(place -> PerceptualHash.distance(hash, place.hash()) <= greatest)
                    .toList();
        }

        @Override
        public void put(int band, Place place) {
            places.put(key(band, place.hash(), place.record()), place);
        }

        @Override
        public void remove(int band, SimilarityQuestion question) {
            places.remove(key(band, question.getHash(), question.getRecord()));
        }

        @Override
        public void park(Parked question) {
            parked.add(question);
        }

        @Override
        public List<Parked> parked(int band, long hash) {
            return parked.stream()
                    .filter(waiting -> waiting.question().getBand() == band
                            && Bands.value(waiting.question().getHash(), band) == Bands.value(hash, band))
                    .sorted(Comparator.comparingLong(Parked::sequence))
                    .toList();
        }

        @Override
        public void unpark(Parked question) {
            parked.remove(question);
        }

        private static String key(int band, long hash, RecordPosition record) {
            return Bands.key(hash, band) + "/" + hash + "/" + record.getOffset();
        }
    }
}
