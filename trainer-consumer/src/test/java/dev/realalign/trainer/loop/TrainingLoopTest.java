package dev.realalign.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.trainer.candidate.CandidateStore;
import dev.realalign.trainer.plan.Delivery;
import dev.realalign.trainer.plan.HoldOutRule;
import dev.realalign.trainer.plan.Skipped;
import dev.realalign.trainer.triple.SkipReason;
import dev.realalign.trainer.triple.Triples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TrainingLoopTest {
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    private static final HoldOutRule HOLD_OUT = new HoldOutRule(0.15, 3);

    @TempDir
    private Path root;

    private final SortedMap<Integer, List<Delivery>> log = new TreeMap<>();
    private final MemoryClock clock = new MemoryClock();
    private final MemoryCandidates candidates = new MemoryCandidates();
    private final FlushRequest flush = new FlushRequest();
    private FoldingLearner learner;
    private MemoryTriples triples;
    private TrainingLoop loop;

    @BeforeEach
    void twoPartitions() {
        log.put(0, new ArrayList<>());
        log.put(1, new ArrayList<>());
        restart();
    }

    /** Appends a triple; every third offset is taken by a transaction marker. */
    private void feed(int from, int to) {
        for (int i = from; i < to; i++) {
            append(new Delivery.Usable(i % 2, i + i / 4L, Triples.pair(i, FoldingLearner.RESOLUTION)));
        }
    }

    private void append(Delivery delivery) {
        log.computeIfAbsent(delivery.partition(), p -> new ArrayList<>()).add(delivery);
    }

    private TrainingLoop loop() {
        LoopSettings settings =
                new LoopSettings("m", "preference-triples", 4, Duration.ofSeconds(5), HOLD_OUT, 3, "", "0".repeat(64));
        return new TrainingLoop(
                settings,
                triples,
                learner,
                new CandidateStore(new CheckpointLayout(root), "m"),
                candidates,
                clock::nanoTime,
                clock,
                flush);
    }

    /** A new process: nothing is left but the log, the announcements and the files. */
    private void restart() {
        learner = new FoldingLearner();
        triples = new MemoryTriples(log, clock);
        loop = loop();
    }

    private void turns(int steps) throws InterruptedException {
        for (int taken = 0, turns = 0; taken < steps; turns++) {
            assertThat(turns).as("turns until " + steps + " steps").isLessThan(1000);
            if (loop.turn(PATIENCE)) {
                taken++;
            }
        }
    }

    @Test
    void a_run_that_is_stopped_and_resumed_ends_with_the_weights_of_one_that_was_not() throws Exception {
        feed(0, 60);
        loop.takeOver();
        turns(12);
        String uninterrupted = learner.weights;
        List<List<String>> taught = learner.steps;

        candidates.announced.clear();
        List<List<String>> taughtInParts = new ArrayList<>();
        for (int part = 0; part < 4; part++) {
            restart();
            loop.takeOver();
            turns(3);
            loop.finish();
            taughtInParts.addAll(learner.steps);
        }
        assertThat(learner.weights).isEqualTo(uninterrupted);
        assertThat(taughtInParts).isEqualTo(taught);
    }

    @Test
    void a_crash_between_candidates_repeats_the_steps_after_the_newest_and_nothing_else() throws Exception {
        feed(0, 60);
        loop.takeOver();
        turns(10); // candidates at 3, 6 and 9
        String atTen = learner.weights;
        restart();
        loop.takeOver();
        assertThat(loop.progress().orElseThrow().step()).isEqualTo(9);
        turns(1);
        assertThat(learner.weights).isEqualTo(atTen);
    }

    @Test
    void candidates_come_every_few_steps_and_say_what_they_are() throws Exception {
        feed(0, 60);
        loop.takeOver();
        turns(7);
        assertThat(candidates.announced.stream().map(CheckpointCandidate::getCandidate))
                .containsExactly("step-0000000003", "step-0000000006");
        CheckpointCandidate second = candidates.announced.get(1);
        assertThat(second.getTriples()).isEqualTo(24);
        Path folder = root.resolve("models/m/candidates/step-0000000006");
        CandidateManifest manifest =
                CandidateManifest.parse(Files.readAllBytes(folder.resolve("manifest.json")), "manifest");
        assertThat(manifest.digest()).isEqualTo(second.getDigest());
        assertThat(manifest.files().stream().map(f -> f.name()))
                .containsExactly(
                        "adapter.safetensors",
                        "ema.safetensors",
                        "held-out.avro",
                        "optimizer.safetensors",
                        "reference.safetensors");
        assertThat(manifest.metrics()).containsEntry("loss", 0.5).containsEntry("held_out.implicit_accuracy", 0.75);
        assertThat(manifest.nextOffsets()).containsOnlyKeys("preference-triples-0", "preference-triples-1");
        assertThat(manifest.firstEventTime()).isNotNull();
        assertThat(triples.reported).isEqualTo(loop.progress().orElseThrow().nextOffsets());
    }

    @Test
    void a_quiet_stream_closes_its_batch_after_the_longest_wait() throws Exception {
        feed(0, 4);
        loop.takeOver();
        for (int second = 0; second < 4; second++) {
            assertThat(loop.turn(PATIENCE)).isFalse();
        }
        turns(1);
        assertThat(learner.steps).hasSize(1);
        assertThat(learner.steps.get(0)).hasSize(2);
    }

    @Test
    void a_flush_trains_what_is_there_and_announces_it() throws Exception {
        feed(0, 10);
        loop.takeOver();
        CompletableFuture<Long> flushed = flush.ask();
        assertThat(flush.ask()).as("a second request joins the first").isSameAs(flushed);
        for (int i = 0; i < 4; i++) {
            loop.turn(PATIENCE);
        }
        assertThat(flushed).isCompleted();
        assertThat(flushed.get())
                .isEqualTo(candidates
                        .announced
                        .get(candidates.announced.size() - 1)
                        .getStep());
        assertThat(learner.steps.stream().mapToInt(List::size).sum()
                        + loop.progress().orElseThrow().heldOutPairs())
                .isEqualTo(10);
        CompletableFuture<Long> again = flush.ask();
        loop.turn(PATIENCE);
        assertThat(again).as("nothing is new").isCompletedWithValue(flushed.get());
    }

    @Test
    void a_clean_stop_announces_the_last_step_and_leaves_the_open_batch_in_the_log() throws Exception {
        feed(0, 22);
        loop.takeOver();
        turns(4);
        loop.turn(PATIENCE);
        loop.finish();
        assertThat(candidates.announced.get(candidates.announced.size() - 1).getStep())
                .isEqualTo(4);
        int before = candidates.announced.size();
        loop.finish();
        assertThat(candidates.announced).as("nothing untold").hasSize(before);
    }

    @Test
    void a_bad_record_is_skipped_and_counted_and_the_stream_goes_on() throws Exception {
        feed(0, 4);
        append(new Delivery.Unusable(new Skipped(0, 100, "x", SkipReason.UNREADABLE_RECORD, "no Avro")));
        for (int i = 4; i < 30; i++) {
            append(new Delivery.Usable(0, 200 + i, Triples.pair(i, FoldingLearner.RESOLUTION)));
        }
        loop.takeOver();
        turns(5);
        assertThat(loop.progress().orElseThrow().skipped()).containsEntry(SkipReason.UNREADABLE_RECORD, 1L);
        assertThat(learner.steps).allSatisfy(members -> assertThat(members).hasSize(4));
    }

    @Test
    void a_step_that_is_not_finite_is_counted_and_changes_nothing() throws Exception {
        feed(0, 20);
        loop.takeOver();
        turns(1);
        String before = learner.weights;
        learner.loss = Double.NaN;
        turns(1);
        assertThat(learner.weights).isEqualTo(before);
        assertThat(loop.progress().orElseThrow().notApplied()).isEqualTo(1);
        learner.loss = 0.5;
        turns(1);
        assertThat(candidates.announced.get(0).getMetrics()).doesNotContainKey("loss");
    }

    static Stream<Arguments> damage() {
        return Stream.of(
                        "manifest.json",
                        "adapter.safetensors",
                        "ema.safetensors",
                        "held-out.avro",
                        "optimizer.safetensors",
                        "reference.safetensors")
                .flatMap(file -> Stream.of("removed", "torn", "flipped").map(how -> Arguments.of(file, how)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("damage")
    void a_damaged_candidate_makes_way_for_the_one_before(String file, String how) throws Exception {
        feed(0, 60);
        loop.takeOver();
        turns(6);
        damage(root.resolve("models/m/candidates/step-0000000006/" + file), how);
        restart();
        loop.takeOver();
        assertThat(loop.progress().orElseThrow().step()).isEqualTo(3);
        turns(3);
        assertThat(candidates.announced.stream().map(CheckpointCandidate::getCandidate))
                .as("an announced folder is never touched")
                .containsExactly("step-0000000003", "step-0000000006", "step-0000000006-1");
    }

    private static void damage(Path file, String how) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Files.delete(file);
        if (how.equals("torn")) {
            Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
        } else if (how.equals("flipped")) {
            bytes[bytes.length / 2] ^= 1;
            Files.write(file, bytes);
        }
    }

    @Test
    void without_any_whole_candidate_the_trainer_stops_with_a_sentence() throws Exception {
        feed(0, 30);
        loop.takeOver();
        turns(3);
        Files.delete(root.resolve("models/m/candidates/step-0000000003/manifest.json"));
        restart();
        assertThatThrownBy(loop::takeOver)
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith(
                        "No candidate of model m is whole: candidate step-0000000003 of model m is broken:"
                                + " manifest.json is missing: ")
                .hasMessageEndingWith("Restore its folder from a backup, or train under another model name.");
    }

    @Test
    void a_candidate_that_no_record_announces_does_not_exist() throws Exception {
        feed(0, 30);
        loop.takeOver();
        turns(3);
        String weights = learner.weights;
        candidates.announced.clear(); // killed between the rename and the announcement
        restart();
        loop.takeOver();
        assertThat(loop.progress().orElseThrow().step()).isZero();
        turns(3);
        assertThat(learner.weights).isEqualTo(weights);
        assertThat(candidates.announced.stream().map(CheckpointCandidate::getCandidate))
                .containsExactly("step-0000000003");
    }

    @Test
    void a_configuration_that_departs_from_the_line_is_refused_with_every_problem() throws Exception {
        feed(0, 30);
        loop.takeOver();
        turns(3);
        restart();
        learner.rank = 8;
        learner.seed = 9;
        log.put(2, new ArrayList<>());
        UserErrorException refused = catchThrowableOfType(UserErrorException.class, loop::takeOver);
        assertThat(refused.exitCode()).isEqualTo(UserErrorException.USAGE);
        assertThat(refused.problems())
                .containsExactly(
                        "Model m has the adapter AdapterShape[rank=4, alpha=4.0, targets=[to_q]], not"
                                + " AdapterShape[rank=8, alpha=8.0, targets=[to_q]]. Configure it so again, or train under"
                                + " another model name.",
                        "Model m runs under seed 7, not 9. Configure it so again, or train under another model name.",
                        "Model m was trained on the partitions [preference-triples-0, preference-triples-1], but"
                                + " preference-triples has [preference-triples-0, preference-triples-1,"
                                + " preference-triples-2]. A topic keeps its number of partitions; train under another model"
                                + " name.");
    }

    @Test
    void a_store_that_cannot_be_written_stops_the_trainer_and_announces_nothing() throws Exception {
        feed(0, 30);
        loop.takeOver();
        Files.createDirectories(root.resolve("models/m"));
        Files.writeString(root.resolve("models/m/candidates"), "a file where the folder should be");
        assertThatThrownBy(() -> turns(3))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith("The candidate of step 3 of model m could not be written: ")
                .hasMessageEndingWith(
                        "Nothing of it was announced; see to the checkpoint store's space and permissions and"
                                + " start again.");
        assertThat(candidates.announced).isEmpty();
    }

    @Test
    void equal_runs_write_equal_candidates() throws Exception {
        feed(0, 30);
        loop.takeOver();
        turns(3);
        Map<String, String> first = digests();
        candidates.announced.clear();
        restart();
        loop.takeOver();
        turns(3);
        assertThat(digests()).isEqualTo(first);
    }

    private Map<String, String> digests() throws IOException {
        Map<String, String> digests = new TreeMap<>();
        CandidateManifest.parse(
                        Files.readAllBytes(root.resolve("models/m/candidates/step-0000000003/manifest.json")),
                        "manifest")
                .files()
                .forEach(file -> digests.put(file.name(), file.sha256()));
        return digests;
    }
}
