package dev.realalign.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.AlarmRaised;
import dev.realalign.schemas.BatchPlanned;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.GapAccepted;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.LedgerMember;
import dev.realalign.schemas.LedgerSkip;
import dev.realalign.schemas.Measures;
import dev.realalign.schemas.PlanEnded;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RecordsSkipped;
import dev.realalign.schemas.ReferenceRefreshed;
import dev.realalign.schemas.ReservoirState;
import dev.realalign.schemas.Rewound;
import dev.realalign.schemas.SessionBegun;
import dev.realalign.schemas.StageSwitched;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.schemas.TrainingResumed;
import dev.realalign.trainer.candidate.CandidateStore;
import dev.realalign.trainer.candidate.ReservoirStore;
import dev.realalign.trainer.ledger.FencedException;
import dev.realalign.trainer.ledger.LedgerChain;
import dev.realalign.trainer.ledger.LedgerState;
import dev.realalign.trainer.ledger.RewindRequest;
import dev.realalign.trainer.plan.Admission;
import dev.realalign.trainer.plan.Delivery;
import dev.realalign.trainer.plan.HoldOutRule;
import dev.realalign.trainer.plan.ReplayRule;
import dev.realalign.trainer.plan.Skipped;
import dev.realalign.trainer.plan.SourceWeights;
import dev.realalign.trainer.triple.SkipReason;
import dev.realalign.trainer.triple.TrainingPair;
import dev.realalign.trainer.triple.Triples;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
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
    private final MemoryLedger.Kept candidates = new MemoryLedger.Kept();
    private final MemoryNews news = new MemoryNews();
    private final FlushRequest flush = new FlushRequest();
    private boolean deterministic;
    private boolean acceptGaps;
    private List<Integer> stageSteps = List.of();
    private boolean followsAccepted;
    private boolean resume;
    private ReplayRule replay = ReplayRule.none(4);
    private SourceWeights weights = SourceWeights.NONE;
    private AlarmAction alarmAction = AlarmAction.PAUSE;
    private CrashPoints crashes = CrashPoints.none();
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
        LoopSettings settings = new LoopSettings(
                "m",
                "preference-triples",
                4,
                Duration.ofSeconds(5),
                HOLD_OUT,
                3,
                "",
                "0".repeat(64),
                deterministic,
                acceptGaps,
                Duration.ofHours(1),
                new Admission(learner.seed, 8, weights),
                replay,
                alarmAction,
                resume);
        return new TrainingLoop(
                settings,
                triples,
                learner,
                new CandidateStore(new CheckpointLayout(root), "m"),
                new MemoryLedger(candidates, crashes),
                new ReservoirStore(new CheckpointLayout(root), "m"),
                news,
                clock::nanoTime,
                clock,
                flush);
    }

    /** A new process: nothing is left but the log, the announcements and the files. */
    private void restart() {
        learner = new FoldingLearner();
        learner.crashes = crashes;
        learner.stageSteps = stageSteps;
        learner.followsAccepted = followsAccepted;
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
        loop.takeOver("test");
        turns(12);
        String uninterrupted = learner.weights;
        List<List<String>> taught = learner.steps;

        candidates.announced.clear();
        candidates.entries.clear();
        List<List<String>> taughtInParts = new ArrayList<>();
        for (int part = 0; part < 4; part++) {
            restart();
            loop.takeOver("test");
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
        loop.takeOver("test");
        turns(11); // candidates at 3, 6 and 9
        String weights = learner.weights;
        List<List<String>> taught = learner.steps;
        restart();
        loop.takeOver("test");
        assertThat(loop.progress().orElseThrow().step()).isEqualTo(11);
        assertThat(learner.weights).isEqualTo(weights);
        assertThat(learner.steps).isEqualTo(taught.subList(9, 11));
    }

    @Test
    void candidates_come_every_few_steps_and_say_what_they_are() throws Exception {
        feed(0, 60);
        loop.takeOver("test");
        turns(7);
        assertThat(candidates.announced.stream().map(CheckpointCandidate::getCandidate))
                .containsExactly("step-0000000003-s0001", "step-0000000006-s0001");
        CheckpointCandidate second = candidates.announced.get(1);
        assertThat(second.getTriples()).isEqualTo(24);
        Path folder = root.resolve("models/m/candidates/step-0000000006-s0001");
        CandidateManifest manifest =
                CandidateManifest.parse(Files.readAllBytes(folder.resolve("manifest.json")), "manifest");
        assertThat(manifest.digest()).isEqualTo(second.getDigest());
        assertThat(manifest.files().stream().map(f -> f.name()))
                .containsExactly(
                        "adapter.safetensors",
                        "ema.safetensors",
                        "held-out-errors.json",
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
        loop.takeOver("test");
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
        loop.takeOver("test");
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
        loop.takeOver("test");
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
        loop.takeOver("test");
        turns(5);
        assertThat(loop.progress().orElseThrow().skipped()).containsEntry(SkipReason.UNREADABLE_RECORD, 1L);
        assertThat(learner.steps).allSatisfy(members -> assertThat(members).hasSize(4));
    }

    @Test
    void a_step_that_is_not_finite_is_counted_and_changes_nothing() throws Exception {
        feed(0, 20);
        loop.takeOver("test");
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
                        "held-out-errors.json",
                        "held-out.avro",
                        "optimizer.safetensors",
                        "reference.safetensors")
                .flatMap(file -> Stream.of("removed", "torn", "flipped").map(how -> Arguments.of(file, how)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("damage")
    void a_damaged_candidate_makes_way_for_the_one_before(String file, String how) throws Exception {
        feed(0, 60);
        loop.takeOver("test");
        turns(6);
        String whole = learner.weights;
        damage(root.resolve("models/m/candidates/step-0000000006-s0001/" + file), how);
        restart();
        loop.takeOver("test");
        assertThat(loop.progress().orElseThrow().step()).isEqualTo(6);
        assertThat(learner.weights).isEqualTo(whole);
        turns(3);
        assertThat(candidates.announced.stream().map(CheckpointCandidate::getCandidate))
                .as("an announced folder is never touched")
                .containsExactly("step-0000000003-s0001", "step-0000000006-s0001", "step-0000000009-s0002");
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
        loop.takeOver("test");
        turns(3);
        Files.delete(root.resolve("models/m/candidates/step-0000000003-s0001/manifest.json"));
        restart();
        assertThatThrownBy(() -> loop.takeOver("test"))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith(
                        "No candidate of model m is whole: candidate step-0000000003-s0001 of model m is broken:"
                                + " manifest.json is missing: ")
                .hasMessageEndingWith("Restore its folder from a backup, or train under another model name.");
    }

    @Test
    void a_candidate_that_no_record_announces_does_not_exist() throws Exception {
        feed(0, 30);
        loop.takeOver("test");
        turns(3);
        String weights = learner.weights;
        candidates.announced.clear(); // killed between the rename and the announcement
        restart();
        loop.takeOver("test");
        assertThat(loop.progress().orElseThrow().step()).isEqualTo(3);
        assertThat(learner.weights).isEqualTo(weights);
        assertThat(candidates.announced.stream().map(CheckpointCandidate::getCandidate))
                .containsExactly("step-0000000003-s0002");
        assertThat(root.resolve("models/m/candidates/step-0000000003-s0001")).doesNotExist();
    }

    @Test
    void a_configuration_that_departs_from_the_line_is_refused_with_every_problem() throws Exception {
        feed(0, 30);
        loop.takeOver("test");
        turns(3);
        restart();
        learner.rank = 8;
        learner.seed = 9;
        log.put(2, new ArrayList<>());
        UserErrorException refused = catchThrowableOfType(UserErrorException.class, () -> loop.takeOver("test"));
        assertThat(refused.exitCode()).isEqualTo(UserErrorException.USAGE);
        assertThat(refused.problems())
                .containsExactly(
                        "Model m has the adapter LoRA of rank 4, alpha 4.0 and targets [to_q], not LoRA of rank 8, alpha 8.0"
                                + " and targets [to_q]. Configure it so again, or train under another model name.",
                        "Model m runs under seed 7, not 9. Configure it so again, or train under another model name.",
                        "Model m was trained on the partitions [preference-triples-0, preference-triples-1], but"
                                + " preference-triples has [preference-triples-0, preference-triples-1,"
                                + " preference-triples-2]. A topic keeps its number of partitions; train under another model"
                                + " name.");
    }

    @Test
    void a_line_keeps_the_kind_of_its_adapter() throws Exception {
        feed(0, 30);
        loop.takeOver("test");
        turns(3);
        restart();
        learner.rank = 0;
        assertThat(catchThrowableOfType(UserErrorException.class, () -> loop.takeOver("test"))
                        .problems())
                .containsExactly(
                        "Model m has the adapter LoRA of rank 4, alpha 4.0 and targets [to_q], not full difference"
                                + " with targets [all]. Configure it so again, or train under another model name.");
    }

    @Test
    void a_store_that_cannot_be_written_stops_the_trainer_and_announces_nothing() throws Exception {
        feed(0, 30);
        loop.takeOver("test");
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
    void a_full_disk_stops_the_trainer_with_a_sentence_and_room_lets_it_go_on() throws Exception {
        Path candidatesFolder = Files.createDirectories(root.resolve("models/m/candidates"));
        assumeTrue(
                new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", candidatesFolder.toString())
                                .start()
                                .waitFor()
                        == 0,
                "needs the right to mount a small tmpfs");
        try {
            feed(0, 30);
            loop.takeOver("test");
            assertThatThrownBy(() -> turns(3))
                    .isInstanceOf(UserErrorException.class)
                    .hasMessageStartingWith("The candidate of step 3 of model m could not be written: ")
                    .hasMessageContaining("No space left on device");
            assertThat(candidates.announced).isEmpty();
        } finally {
            assertThat(new ProcessBuilder("umount", candidatesFolder.toString())
                            .start()
                            .waitFor())
                    .isZero();
        }
        String weights = learner.weights;
        restart();
        loop.takeOver("test");
        assertThat(learner.weights).isEqualTo(weights);
        assertThat(candidates.announced).hasSize(1);
    }

    @Test
    void equal_runs_write_equal_candidates() throws Exception {
        feed(0, 30);
        loop.takeOver("test");
        turns(3);
        Map<String, String> first = digests();
        candidates.announced.clear();
        candidates.entries.clear();
        restart();
        loop.takeOver("test");
        turns(3);
        assertThat(digests()).isEqualTo(first);
    }

    private Map<String, String> digests() throws IOException {
        Map<String, String> digests = new TreeMap<>();
        CandidateManifest.parse(
                        Files.readAllBytes(root.resolve("models/m/candidates/step-0000000003-s0001/manifest.json")),
                        "manifest")
                .files()
                .forEach(file -> digests.put(file.name(), file.sha256()));
        return digests;
    }

    // ---- the ledger -----------------------------------------------------------------------------------------------

    /** Every consumed position, by the entry that consumed it. */
    private List<String> consumed() {
        List<String> positions = new ArrayList<>();
        for (LedgerEntry entry : candidates.entries) {
            if (entry.getEntry() instanceof BatchPlanned plan) {
                plan.getMembers().forEach(m -> positions.add(m.getPartition() + "/" + m.getOffset()));
            } else if (entry.getEntry() instanceof RecordsSkipped skipped) {
                skipped.getRecords().forEach(r -> positions.add(r.getPartition() + "/" + r.getOffset()));
            }
        }
        return positions;
    }

    private List<String> fed() {
        return log.values().stream()
                .flatMap(List::stream)
                .map(d -> d.partition() + "/" + d.offset())
                .toList();
    }

    private String chain() {
        LedgerState state = new LedgerState();
        candidates.entries.forEach(state::accept);
        return state.chain().hex();
    }

    @Test
    void every_record_of_a_run_is_in_exactly_one_entry() throws Exception {
        feed(0, 30);
        append(new Delivery.Unusable(new Skipped(0, 100, "x", SkipReason.UNREADABLE_RECORD, "no Avro")));
        loop.takeOver("test");
        untilTrained();
        assertThat(consumed()).containsExactlyInAnyOrderElementsOf(fed());
        assertThat(candidates.entries.get(0).getEntry()).isInstanceOf(SessionBegun.class);
    }

    @Test
    void records_that_leave_nothing_to_train_are_listed_after_the_longest_wait() throws Exception {
        append(new Delivery.Unusable(new Skipped(0, 0, "x", SkipReason.UNREADABLE_RECORD, "no Avro")));
        append(new Delivery.Usable(0, 1, Triples.pair(0, FoldingLearner.RESOLUTION))); // the first is held out
        loop.takeOver("test");
        for (int second = 0; second < 7; second++) {
            loop.turn(PATIENCE);
        }
        assertThat(consumed()).containsExactly("0/0", "0/1");
        assertThat(loop.progress().orElseThrow().heldOutPairs()).isEqualTo(1);
        restart();
        loop.takeOver("test");
        assertThat(loop.progress().orElseThrow().heldOutPairs())
                .as("read again")
                .isEqualTo(1);
        assertThat(triples.reported).isNull();
        loop.turn(PATIENCE);
        assertThat(consumed()).hasSize(2);
    }

    @Test
    void the_chain_depends_on_what_was_trained_and_not_on_offsets_and_times() throws Exception {
        feed(0, 30);
        loop.takeOver("test");
        turns(4);
        String first = chain();
        candidates.entries.clear();
        candidates.announced.clear();
        log.replaceAll((partition, deliveries) -> deliveries.stream()
                .<Delivery>map(d -> new Delivery.Usable(partition, d.offset() * 2 + 7, ((Delivery.Usable) d).pair()))
                .collect(Collectors.toCollection(ArrayList::new)));
        clock.advance(Duration.ofDays(400));
        restart();
        loop.takeOver("test");
        turns(4);
        assertThat(chain()).isEqualTo(first);
        learner.seed = 8;
        turns(1);
        String otherSeed = chain();
        assertThat(otherSeed).isNotEqualTo(first);
    }

    /** The reference: what an undisturbed run over this feed ends in. */
    private record Undisturbed(String weights, String chain, ReservoirState reservoir, long boundaries) {}

    private Undisturbed undisturbed(int pictures) throws Exception {
        feed(0, pictures);
        crashes = CrashPoints.none();
        restart();
        loop.takeOver("test");
        untilTrained();
        Undisturbed end = new Undisturbed(learner.weights, chain(), reservoir(), crashes.passed());
        candidates.entries.clear();
        candidates.announced.clear();
        wipe();
        return end;
    }

    private void untilTrained() throws InterruptedException {
        CompletableFuture<Long> flushed = flush.ask();
        for (int i = 0; i < 200 && !flushed.isDone(); i++) {
            loop.turn(PATIENCE);
        }
        assertThat(flushed).isCompleted();
    }

    private void wipe() throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                if (!path.equals(root)) {
                    Files.delete(path);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("stagePlans")
    void killed_at_any_boundary_it_ends_with_the_same_weights_and_the_same_ledger(List<Integer> plan) throws Exception {
        deterministic = true;
        stageSteps = plan;
        assertThat(killAtBoundaries(34, 1)).isEqualTo(ReservoirState.of(0, List.of()));
    }

    @ParameterizedTest
    @MethodSource("stagePlans")
    void killed_at_every_third_boundary_a_replaying_run_ends_with_the_same_reservoir_too(List<Integer> plan)
            throws Exception {
        killReplayingRun(plan, 3);
    }

    @ParameterizedTest
    @MethodSource("stagePlans")
    @Tag("slow") // a reservoir is forced to the disk
    void killed_at_any_boundary_a_replaying_run_ends_with_the_same_reservoir_too(List<Integer> plan) throws Exception {
        killReplayingRun(plan, 1);
    }

    private void killReplayingRun(List<Integer> plan, int each) throws Exception {
        deterministic = true;
        stageSteps = plan;
        replay = ReplayRule.of(4, 0.5, 5);
        ReservoirState end = killAtBoundaries(26, each);
        assertThat(end.slots()).hasSize(5);
        assertThat(end.offered()).as("all but the held-out ones").isGreaterThan(20);
        assertThat(candidates.entries.stream()
                        .filter(e -> e.getEntry() instanceof BatchPlanned planned
                                && !planned.getDrawn().isEmpty()))
                .as("steps that trained something again")
                .hasSizeGreaterThan(8);
    }

    private ReservoirState killAtBoundaries(int pictures, int each) throws Exception {
        Undisturbed expected = undisturbed(pictures);
        assertThat(expected.boundaries()).isGreaterThan(60);
        for (long boundary = 1; boundary <= expected.boundaries(); boundary += each) {
            candidates.entries.clear();
            candidates.announced.clear();
            wipe();
            crashes = new CrashPoints(boundary);
            restart();
            assertThatThrownBy(() -> {
                        loop.takeOver("killed");
                        untilTrained();
                    })
                    .as("boundary " + boundary)
                    .isInstanceOf(CrashPoints.Killed.class);
            flush.abandon("killed");
            crashes = CrashPoints.none();
            restart();
            loop.takeOver("successor");
            untilTrained();
            assertThat(learner.weights).as("weights after boundary " + boundary).isEqualTo(expected.weights());
            assertThat(chain()).as("ledger after boundary " + boundary).isEqualTo(expected.chain());
            assertThat(reservoir()).as("reservoir after boundary " + boundary).isEqualTo(expected.reservoir());
            assertThat(kept()).containsAll(digests(expected.reservoir()));
            assertThat(consumed()).containsExactlyInAnyOrderElementsOf(fed());
        }
        return expected.reservoir();
    }

    /** The reservoir of the newest candidate. */
    private ReservoirState reservoir() throws IOException {
        return ReservoirStore.state(CheckpointLayout.folder(URI.create(
                candidates.announced.get(candidates.announced.size() - 1).getLocation())));
    }

    private static List<String> digests(ReservoirState reservoir) {
        return reservoir.slots().stream().map(ReservoirState.Slot::triple).toList();
    }

    /** Digests of the triples whose files are kept for replay. */
    private List<String> kept() throws IOException {
        Path folder = root.resolve("models/m/replay");
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString().replace(".avro", ""))
                    .toList();
        }
    }

    /** Steps of the stages before the last: none; one that ends between candidates and one that ends with a candidate. */
    static Stream<List<Integer>> stagePlans() {
        return Stream.of(List.of(), List.of(2, 4));
    }

    @Test
    void a_stage_that_is_over_makes_way_for_the_next_on_the_stream_and_in_the_ledger() throws Exception {
        stageSteps = List.of(4);
        feed(0, 60);
        restart();
        loop.takeOver("test");
        turns(6);
        List<StageSwitched> switches = switches();
        assertThat(switches).hasSize(1);
        assertThat(switches.get(0).getStep()).isEqualTo(4);
        assertThat(switches.get(0).getStage()).isEqualTo(2);
        assertThat(switches.get(0).getReason()).isEqualTo("its 4 steps are done");
        assertThat(switches.get(0).getObjective()).contains("stage=2");
        assertThat(candidates.announced.stream().map(CheckpointCandidate::getStep))
                .as("the last step of a stage has a candidate")
                .containsExactly(3L, 4L, 6L);
        assertThat(candidates.announced.stream().map(c -> c.getMetrics().get("stage")))
                .containsExactly(1.0, 1.0, 2.0);
        assertThat(loop.progress().orElseThrow().stage()).hasToString("2 of 2 (fold)");
        assertThat(manifestOf("step-0000000006-s0001").objective().settings()).containsEntry("stage", "2");
        assertThat(chain()).isNotEqualTo(LedgerChain.EMPTY.hex());
    }

    private List<StageSwitched> switches() {
        return candidates.entries.stream()
                .map(LedgerEntry::getEntry)
                .filter(StageSwitched.class::isInstance)
                .map(StageSwitched.class::cast)
                .toList();
    }

    private CandidateManifest manifestOf(String candidate) throws Exception {
        return CandidateManifest.parse(
                Files.readAllBytes(root.resolve("models/m/candidates/" + candidate + "/manifest.json")), "manifest");
    }

    @Test
    void a_plan_with_another_stage_after_the_switch_does_not_repeat_it_as_something_else() throws Exception {
        stageSteps = List.of(4);
        feed(0, 60);
        restart();
        loop.takeOver("test");
        turns(5);
        stageSteps = List.of();
        restart();
        assertThatThrownBy(() -> loop.takeOver("test"))
                .isInstanceOf(UserErrorException.class)
                .hasMessage(
                        "Stage 2 of model m has begun, but the plan has 1 now. Configure it so again, or train under"
                                + " another model name.");
    }

    @Test
    void a_rewind_into_a_stage_before_goes_through_the_switch_again() throws Exception {
        stageSteps = List.of(4);
        feed(0, 80);
        restart();
        loop.takeOver("test");
        turns(6);
        CheckpointCandidate third = candidates.announced.get(0);
        news.rewinds.add(
                new RewindRequest("command-1", 1, third.getCandidate(), third.getDigest(), "ann", "colours drift"));
        turns(3);
        String after = learner.weights;
        assertThat(candidates.entries.stream().filter(e -> e.getEntry() instanceof StageSwitched))
                .as("one step of stage 1 was left after the rewind")
                .hasSize(2);
        restart();
        loop.takeOver("test");
        assertThat(learner.weights).isEqualTo(after);
    }

    @Test
    void an_accepted_version_becomes_the_reference_once_and_again_after_a_crash() throws Exception {
        followsAccepted = true;
        feed(0, 80);
        restart();
        loop.takeOver("test");
        turns(4);
        CheckpointCandidate third = candidates.announced.get(0);
        news.accept(third);
        turns(1);
        String after = learner.weights;
        List<ReferenceRefreshed> refreshes = candidates.entries.stream()
                .map(LedgerEntry::getEntry)
                .filter(ReferenceRefreshed.class::isInstance)
                .map(ReferenceRefreshed.class::cast)
                .toList();
        assertThat(refreshes).hasSize(1);
        assertThat(refreshes.get(0).getStep()).isEqualTo(4);
        assertThat(refreshes.get(0).getVersion()).isEqualTo(1);
        restart();
        loop.takeOver("test");
        assertThat(learner.weights).isEqualTo(after);
        turns(2);
        assertThat(candidates.entries.stream().filter(e -> e.getEntry() instanceof ReferenceRefreshed))
                .as("the same version is not taken twice")
                .hasSize(1);
        String later = learner.weights;
        restart();
        loop.takeOver("test");
        assertThat(learner.weights).as("from a candidate behind the refresh").isEqualTo(later);
        chain();
    }

    @Test
    void an_accepted_version_whose_candidate_is_gone_leaves_the_reference_as_it_is() throws Exception {
        followsAccepted = true;
        feed(0, 60);
        restart();
        loop.takeOver("test");
        turns(4);
        CheckpointCandidate third = candidates.announced.get(0);
        Files.delete(root.resolve("models/m/candidates/step-0000000003-s0001/manifest.json"));
        news.accept(third);
        turns(2);
        assertThat(candidates.entries.stream().filter(e -> e.getEntry() instanceof ReferenceRefreshed))
                .isEmpty();
    }

    @Test
    void once_the_last_stage_is_over_nothing_is_trained_and_a_flush_is_answered() throws Exception {
        feed(0, 60);
        learner.endless = false;
        loop.takeOver("test");
        turns(4);
        assertThat(loop.isPlanOver()).isTrue();
        int entries = candidates.entries.size();
        CompletableFuture<Long> flushed = flush.ask();
        assertThat(loop.turn(PATIENCE)).isFalse();
        assertThat(loop.turn(PATIENCE)).isFalse();
        assertThat(flushed).isCompletedWithValue(4L);
        assertThat(candidates.entries)
                .as("the result of step 4, the end of the plan, and no more")
                .hasSize(entries + 2);
        assertThat(candidates.entries.get(entries + 1).getEntry()).isEqualTo(new PlanEnded(4L, "its 4 steps are done"));
        assertThat(learner.steps).hasSize(4);
    }

    @Test
    void killed_again_and_again_while_it_takes_over_it_still_ends_the_same() throws Exception {
        deterministic = true;
        Undisturbed expected = undisturbed(34);
        for (long stride : new long[] {7, 11, 13}) {
            candidates.entries.clear();
            candidates.announced.clear();
            wipe();
            boolean alive = false;
            for (long life = 0; !alive; life++) {
                assertThat(life).isLessThan(100);
                crashes = new CrashPoints(stride + life);
                restart();
                try {
                    loop.takeOver("life " + life);
                    untilTrained();
                    alive = true;
                } catch (CrashPoints.Killed e) {
                    flush.abandon("killed");
                }
            }
            assertThat(learner.weights).isEqualTo(expected.weights());
            assertThat(chain()).isEqualTo(expected.chain());
        }
    }

    @Test
    void a_fenced_trainer_writes_neither_ledger_nor_candidate() throws Exception {
        feed(0, 60);
        loop.takeOver("first");
        turns(2);
        TrainingLoop paused = loop;
        restart();
        loop.takeOver("second");
        int entries = candidates.entries.size();
        int announced = candidates.announced.size();
        assertThatThrownBy(() -> paused.turn(PATIENCE)).isInstanceOf(FencedException.class);
        assertThat(candidates.entries).hasSize(entries);
        assertThat(candidates.announced).hasSize(announced);
    }

    @Test
    void a_rewind_goes_on_from_the_earlier_weights_and_is_done_once() throws Exception {
        feed(0, 60);
        loop.takeOver("test");
        turns(3);
        String atThree = learner.weights;
        turns(4);
        CheckpointCandidate third = candidates.announced.get(0);
        news.rewinds.add(
                new RewindRequest("command-1", 1, third.getCandidate(), third.getDigest(), "ann", "colours drift"));
        restart();
        loop.takeOver("test");
        assertThat(learner.weights).isEqualTo(atThree);
        assertThat(loop.progress().orElseThrow().step()).as("steps count on").isEqualTo(7);
        turns(1);
        String after = learner.weights;
        restart();
        loop.takeOver("test");
        assertThat(learner.weights).as("repeated from the rewind").isEqualTo(after);
        assertThat(candidates.entries.stream().filter(e -> e.getEntry() instanceof Rewound))
                .hasSize(1);
        assertThat(consumed()).doesNotHaveDuplicates();
    }

    @Test
    void an_expired_range_stops_the_trainer_unless_the_gap_is_accepted() throws Exception {
        feed(0, 30);
        loop.takeOver("test");
        turns(3);
        log.values().forEach(deliveries -> deliveries.removeIf(d -> d.offset() < 30));
        long due = loop.progress().orElseThrow().nextOffsets().getOrDefault(0, -1L);
        restart();
        triples.beginning = 30;
        assertThatThrownBy(() -> loop.takeOver("test"))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith("The trainer of model m cannot go on without a gap: offsets " + due
                        + " to 29 of preference-triples-0 have expired before they were trained; offsets ")
                .hasMessageEndingWith("Start it once with --accept-gap to give them up, and lengthen the retention of"
                        + " preference-triples.");
        acceptGaps = true;
        restart();
        triples.beginning = 30;
        loop.takeOver("test");
        turns(1);
        assertThat(candidates.entries.stream().filter(e -> e.getEntry() instanceof GapAccepted))
                .hasSize(2);
    }

    @Test
    void a_triple_that_is_another_now_is_not_trained_in_its_place() throws Exception {
        feed(0, 30);
        loop.takeOver("test");
        turns(4);
        log.replaceAll((partition, deliveries) -> deliveries.stream()
                .<Delivery>map(
                        d -> new Delivery.Usable(partition, d.offset(), Triples.pair(99, FoldingLearner.RESOLUTION)))
                .collect(Collectors.toCollection(ArrayList::new)));
        restart();
        assertThatThrownBy(() -> loop.takeOver("test"))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith("Step 4 of model m trained the triple of image ")
                .hasMessageContaining("but that record is another now or cannot be read.");
    }

    @Test
    void a_repeated_step_that_measures_other_numbers_stops_a_deterministic_trainer() throws Exception {
        feed(0, 30);
        deterministic = true;
        loop.takeOver("test");
        turns(4);
        loop.turn(PATIENCE); // settles the result of step 4
        restart();
        learner.loss = 0.25;
        assertThatThrownBy(() -> loop.takeOver("test"))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith("Step 4 of model m was repeated and measured {")
                .hasMessageEndingWith(
                        "Start it where and as it ran before, or without the demand to be deterministic.");
    }

    @Test
    void a_ledger_and_a_candidate_of_different_backups_are_refused() throws Exception {
        feed(0, 30);
        loop.takeOver("test");
        turns(4);
        LedgerEntry fourth = candidates.entries.remove(3);
        restart();
        assertThatThrownBy(() -> loop.takeOver("test"))
                .isInstanceOf(UserErrorException.class)
                .hasMessage(
                        "The training ledger of model m cannot be followed: entry 3 of the training ledger of model m"
                                + " is missing: entry 4 comes next. Restore topics and checkpoint store from one backup, or train"
                                + " under another model name.");
        assertThat(fourth).isNotNull();
        candidates.entries.subList(2, candidates.entries.size()).clear();
        restart();
        assertThatThrownBy(() -> loop.takeOver("test"))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith(
                        "The training ledger of model m cannot be followed: the training ledger ends before"
                                + " entry ");
    }

    // ---- replay, staleness, weights ------------------------------------------------------------------------------

    @Test
    void draws_are_listed_apart_from_members_and_trained_after_them() throws Exception {
        replay = ReplayRule.of(4, 0.5, 100);
        feed(0, 30);
        restart();
        loop.takeOver("test");
        turns(5);
        List<BatchPlanned> plans = plans();
        assertThat(plans.get(0).getDrawn()).as("nothing to draw from yet").isEmpty();
        for (int i = 1; i < plans.size(); i++) {
            List<String> trained = new ArrayList<>(images(plans.get(i).getMembers()));
            trained.addAll(images(plans.get(i).getDrawn()));
            assertThat(learner.steps.get(i)).isEqualTo(trained).hasSize(4).doesNotHaveDuplicates();
            List<String> before =
                    learner.steps.subList(0, i).stream().flatMap(List::stream).toList();
            assertThat(before).containsAll(images(plans.get(i).getDrawn()));
        }
        assertThat(loop.progress().orElseThrow().triples())
                .as("draws consume nothing")
                .isEqualTo(10);
        assertThat(loop.progress().orElseThrow().reservoir()).isEqualTo(10);
    }

    private List<BatchPlanned> plans() {
        return candidates.entries.stream()
                .map(LedgerEntry::getEntry)
                .filter(BatchPlanned.class::isInstance)
                .map(BatchPlanned.class::cast)
                .toList();
    }

    private static List<String> images(List<LedgerMember> members) {
        return members.stream()
                .map(member -> HexFormat.of().formatHex(member.getImageId().bytes()))
                .toList();
    }

    @Test
    void a_triple_that_is_replayed_outlives_its_record_and_one_whose_file_is_gone_its_file() throws Exception {
        replay = ReplayRule.of(4, 0.5, 100);
        feed(0, 60);
        restart();
        loop.takeOver("test");
        turns(6);
        loop.finish();
        ReservoirState state = reservoir();
        Path folder = root.resolve("models/m/replay");
        Path first = folder.resolve(state.slots().get(0).triple() + ".avro");
        Files.delete(first);
        restart();
        loop.takeOver("test");
        assertThat(first).as("read from the stream again").exists();
        turns(1);
        loop.finish();
        log.values().forEach(deliveries -> deliveries.removeIf(d -> d.offset() < 10));
        restart();
        triples.beginning = 10;
        loop.takeOver("test");
        turns(2); // draws from what has expired
        loop.finish();
        Files.delete(first);
        restart();
        triples.beginning = 10;
        assertThatThrownBy(() -> loop.takeOver("test"))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith(
                        "The replay reservoir of model m lacks the files of 1 triples, first that of image "
                                + state.slots().get(0).imageId())
                .hasMessageEndingWith("and then begin an empty reservoir.");
    }

    @Test
    void files_that_no_candidate_names_are_deleted() throws Exception {
        replay = ReplayRule.of(4, 0.5, 3);
        feed(0, 60);
        restart();
        loop.takeOver("test");
        turns(3);
        StoreFolder.remove(root.resolve("models/m/candidates/step-0000000003-s0001")); // as the publisher does
        turns(9);
        assertThat(kept()).hasSizeLessThanOrEqualTo(9).containsAll(digests(reservoir()));
        assertThat(candidates.announced).hasSize(4);
    }

    private Delivery generated(int number, long generatorVersion) throws Exception {
        PreferenceTriple triple = Triples.draft(number, FoldingLearner.RESOLUTION)
                .setGeneratorVersion(generatorVersion)
                .build();
        return new Delivery.Usable(0, number, TrainingPair.of(triple.getImageId(), triple, FoldingLearner.RESOLUTION));
    }

    @Test
    void a_stale_negative_is_skipped_and_stays_skipped_when_the_step_is_repeated() throws Exception {
        news.newestVersion = 9;
        append(new Delivery.Usable(0, 0, Triples.pair(0, FoldingLearner.RESOLUTION))); // the first is held out
        for (int i = 1; i < 8; i++) {
            append(generated(i, i % 2 == 0 ? 0 : 1));
        }
        for (int i = 8; i < 30; i++) {
            append(new Delivery.Usable(0, i, Triples.pair(i, FoldingLearner.RESOLUTION)));
        }
        loop.takeOver("test");
        turns(2);
        List<LedgerSkip> stale = skips(SkipReason.STALE);
        assertThat(stale.stream().map(LedgerSkip::getOffset)).containsExactly(2L, 4L, 6L);
        assertThat(stale.get(0).getExplanation())
                .isEqualTo("version 0 made its negative and version 9 is the newest accepted one, more than 8 later");
        String weights = learner.weights;
        news.newestVersion = 20; // now the others would be stale too, but they were trained
        restart();
        loop.takeOver("test");
        assertThat(learner.weights).isEqualTo(weights);
        assertThat(consumed()).doesNotHaveDuplicates();
    }

    private List<LedgerSkip> skips(SkipReason reason) {
        return candidates.entries.stream()
                .map(LedgerEntry::getEntry)
                .filter(RecordsSkipped.class::isInstance)
                .flatMap(entry -> ((RecordsSkipped) entry).getRecords().stream())
                .filter(skip -> skip.getReason().equals(reason.name()))
                .toList();
    }

    @Test
    void what_goes_beyond_the_share_of_its_source_is_skipped() throws Exception {
        weights = SourceWeights.parse(List.of("test/1=0", "test/=0.999999"));
        feed(0, 25);
        restart();
        loop.takeOver("test");
        untilTrained();
        assertThat(skips(SkipReason.SOURCE_WEIGHT)).hasSize(11).allSatisfy(skip -> assertThat(skip.getExplanation())
                .isEqualTo("of test/1 a share of 0.0 is trained"));
        assertThat(consumed()).containsExactlyInAnyOrderElementsOf(fed());
    }

    // ---- alarms ---------------------------------------------------------------------------------------------------

    private List<AlarmRaised> alarms() {
        return candidates.entries.stream()
                .map(LedgerEntry::getEntry)
                .filter(AlarmRaised.class::isInstance)
                .map(AlarmRaised.class::cast)
                .toList();
    }

    @Test
    void an_alarm_leads_back_to_the_accepted_version_makes_no_candidate_and_rests_until_it_is_resumed()
            throws Exception {
        feed(0, 80);
        loop.takeOver("test");
        turns(3);
        news.accept(candidates.announced.get(0));
        String good = learner.weights;
        turns(3);
        learner.heldOutMW = 1.25;
        turns(3); // the candidate of step 9 is due
        assertThat(candidates.announced.stream().map(CheckpointCandidate::getStep))
                .containsExactly(3L, 6L);
        assertThat(learner.weights).isEqualTo(good);
        assertThat(alarms())
                .containsExactly(new AlarmRaised(
                        9L,
                        "HELD_OUT_RATIO",
                        "the error on held-out real images is 1.2500 times the reference's, more than 1.1000",
                        true));
        Rewound back =
                (Rewound) candidates.entries.get(candidates.entries.size() - 1).getEntry();
        assertThat(back.getToStep()).isEqualTo(3);
        assertThat(back.getCandidate()).isEqualTo("step-0000000003-s0001");
        assertThat(back.getCommand()).isEqualTo("alarm-9");
        assertThat(back.getActor()).isEqualTo("trainer");
        int entries = candidates.entries.size();
        CompletableFuture<Long> flushed = flush.ask();
        for (int i = 0; i < 3; i++) {
            assertThat(loop.turn(PATIENCE)).isFalse();
        }
        loop.finish();
        assertThat(candidates.entries).as("nothing is consumed").hasSize(entries);
        assertThat(loop.progress().orElseThrow().resting())
                .isEqualTo(
                        "HELD_OUT_RATIO at step 9: the error on held-out real images is 1.2500 times the reference's,"
                                + " more than 1.1000");
        assertThat(flushed).isCompletedExceptionally();

        restart();
        loop.takeOver("test");
        assertThat(loop.isResting()).as("a restart changes nothing").isTrue();
        assertThat(learner.weights).isEqualTo(good);
        resume = true;
        restart();
        loop.takeOver("test");
        assertThat(loop.isResting()).isFalse();
        assertThat(candidates.entries.get(candidates.entries.size() - 1).getEntry())
                .isEqualTo(new TrainingResumed(9L, "test"));
        turns(3);
        resume = false;
        restart();
        loop.takeOver("test");
        assertThat(loop.isResting()).as("resumed for good").isFalse();
        assertThat(consumed()).doesNotHaveDuplicates();
    }

    @Test
    void without_an_accepted_version_an_alarm_leads_back_to_the_beginning() throws Exception {
        alarmAction = AlarmAction.REWIND;
        feed(0, 60);
        restart();
        learner.heldOutMW = 2;
        loop.takeOver("test");
        turns(3);
        assertThat(candidates.announced).isEmpty();
        assertThat(learner.weights).isEqualTo("untrained");
        assertThat(loop.isResting()).as("it goes on at once").isFalse();
        turns(1);
        String goingOn = learner.weights;
        restart();
        loop.takeOver("test");
        assertThat(learner.weights).as("repeated from the rewind").isEqualTo(goingOn);
        turns(2); // the measure is good again
        assertThat(candidates.announced.stream().map(CheckpointCandidate::getStep))
                .containsExactly(6L);
    }

    /** With no end of a stage before the candidate of step 3, and with one after step 2. */
    @ParameterizedTest
    @MethodSource("stagePlans")
    void killed_at_any_boundary_of_an_alarm_it_is_raised_once_and_no_stage_begins(List<Integer> plan) throws Exception {
        deterministic = true;
        stageSteps = plan;
        feed(0, 24);
        for (long boundary = 1; ; boundary++) {
            candidates.entries.clear();
            candidates.announced.clear();
            wipe();
            crashes = new CrashPoints(boundary);
            boolean killed = runIntoAlarm();
            crashes = CrashPoints.none();
            runIntoAlarm();
            assertThat(alarms().stream().map(AlarmRaised::getStep))
                    .as("after boundary " + boundary)
                    .containsExactly(plan.isEmpty() ? 3L : 2L);
            assertThat(switches()).isEmpty();
            assertThat(learner.weights).isEqualTo("untrained");
            assertThat(candidates.announced).isEmpty();
            if (!killed) {
                break;
            }
        }
    }

    private boolean runIntoAlarm() throws InterruptedException {
        restart();
        learner.heldOutMW = 2;
        try {
            loop.takeOver("test");
            for (int turns = 0; !loop.isResting(); turns++) {
                assertThat(turns).isLessThan(100);
                loop.turn(PATIENCE);
            }
            return false;
        } catch (CrashPoints.Killed e) {
            return true;
        }
    }

    @Test
    void an_alarm_leads_back_into_the_stage_of_the_good_version_and_through_the_switch_again() throws Exception {
        deterministic = true;
        alarmAction = AlarmAction.REWIND;
        stageSteps = List.of(4);
        feed(0, 120);
        restart();
        loop.takeOver("test");
        turns(3);
        news.accept(candidates.announced.get(0)); // a step before the end of stage 1
        String good = learner.weights;
        turns(2);
        assertThat(loop.progress().orElseThrow().stage()).hasToString("2 of 2 (fold)");
        learner.heldOutMW = 1.25;
        turns(1); // the candidate of step 6 is due
        for (int life = 0;
                life < 2;
                life++) { // the second repeats switch, alarm and rewind from the candidate of step 4
            assertThat(alarms().stream().map(AlarmRaised::getStep)).containsExactly(6L);
            assertThat(learner.weights).isEqualTo(good);
            assertThat(learner.stageMark()).hasToString("1 of 2 (fold)");
            assertThat(learner.stageEnd()).as("a step of stage 1 is left").isEmpty();
            restart();
            loop.takeOver("test");
        }
        turns(2);
        assertThat(switches().stream().map(StageSwitched::getStep)).containsExactly(4L, 7L);
        String after = learner.weights;
        restart();
        loop.takeOver("test");
        assertThat(learner.weights).isEqualTo(after);
        assertThat(learner.stageMark()).hasToString("2 of 2 (fold)");
        assertThat(alarms()).hasSize(1);
        assertThat(consumed()).doesNotHaveDuplicates();
        chain();
    }

    @Test
    void an_alarm_at_the_end_of_the_plan_leaves_a_flush_without_an_answer() throws Exception {
        feed(0, 60);
        learner.endless = false;
        loop.takeOver("test");
        turns(4);
        assertThat(loop.isPlanOver()).isTrue();
        learner.heldOutMW = 2;
        CompletableFuture<Long> flushed = flush.ask();
        assertThat(loop.turn(PATIENCE)).isFalse();
        assertThat(loop.isResting()).isTrue();
        assertThat(loop.isPlanOver()).as("it is back at the beginning").isFalse();
        assertThat(flushed).isNotDone();
        assertThat(loop.turn(PATIENCE)).isFalse();
        assertThat(flushed).isCompletedExceptionally();
        assertThat(candidates.announced.stream().map(CheckpointCandidate::getStep))
                .containsExactly(3L);
    }

    @Test
    void the_drift_of_the_held_out_error_begins_anew_with_a_stage() throws Exception {
        stageSteps = List.of(13);
        feed(0, 120);
        restart();
        learner.heldOutMW = 1.05;
        loop.takeOver("test");
        turns(14); // the candidate of step 13, the switch, a step
        restart();
        learner.heldOutMW = 1.01;
        loop.takeOver("test");
        turns(4);
        List<Double> steps = new ArrayList<>();
        for (CheckpointCandidate candidate : candidates.announced.subList(3, 7)) {
            steps.add(candidate.getMetrics().get(Measures.HELD_OUT_DRIFT_STEPS));
            assertThat(candidate.getMetrics().get(Measures.HELD_OUT_DRIFT))
                    .as("no stage has the other's errors in its average")
                    .isCloseTo(candidate.getStep() <= 13 ? 0.05 : 0.01, within(1e-12));
        }
        assertThat(candidates.announced.stream().map(CheckpointCandidate::getStep))
                .containsExactly(3L, 6L, 9L, 12L, 13L, 15L, 18L);
        assertThat(steps.get(1)).isEqualTo(steps.get(0) + 1).isGreaterThan(3);
        assertThat(steps.subList(2, 4)).containsExactly(0.0, 3.0);
    }

    @Test
    void a_candidate_that_is_gone_makes_way_for_the_good_one_before() throws Exception {
        feed(0, 80);
        loop.takeOver("test");
        turns(3);
        String first = learner.weights;
        turns(3);
        candidates.announced.forEach(news::accept);
        damage(root.resolve("models/m/candidates/step-0000000006-s0001/adapter.safetensors"), "removed");
        learner.factor = 0.01;
        turns(3);
        assertThat(alarms().get(0).getExplanation())
                .isEqualTo(
                        "the mean gradient factor is 0.0100, less than 0.0200: nothing is learned from such pairs any"
                                + " more");
        assertThat(learner.weights).isEqualTo(first);
    }

    @Test
    void a_batch_that_is_not_finite_is_never_drawn_again_and_three_in_a_row_raise_an_alarm() throws Exception {
        replay = ReplayRule.of(4, 0.5, 100);
        feed(0, 80);
        restart();
        loop.takeOver("test");
        turns(2);
        learner.loss = Double.NaN;
        turns(2);
        List<String> quarantined = new ArrayList<>(learner.steps.get(2));
        quarantined.addAll(learner.steps.get(3));
        assertThat(loop.isResting()).isFalse();
        learner.loss = 0.5;
        turns(8);
        assertThat(learner.steps.subList(4, 12))
                .allSatisfy(step -> assertThat(step).doesNotContainAnyElementsOf(quarantined));
        learner.loss = Double.POSITIVE_INFINITY;
        turns(3);
        assertThat(loop.isResting()).isTrue();
        assertThat(alarms().get(0).getKind()).isEqualTo("NOT_FINITE");
        assertThat(alarms().get(0).getExplanation())
                .isEqualTo("3 steps in a row had no finite loss or no finite gradient");
    }

    @Test
    void steps_that_are_not_finite_are_counted_across_a_restart() throws Exception {
        feed(0, 80);
        loop.takeOver("test");
        turns(1);
        learner.loss = Double.NaN;
        turns(2);
        assertThat(candidates.announced).as("a candidate between two of them").hasSize(1);
        restart();
        learner.loss = Double.NaN;
        loop.takeOver("test");
        turns(1);
        assertThat(loop.isResting()).isTrue();
    }

    @Test
    void who_wants_no_alarms_gets_none() throws Exception {
        alarmAction = AlarmAction.NONE;
        feed(0, 60);
        restart();
        learner.heldOutMW = 2;
        loop.takeOver("test");
        turns(3);
        assertThat(candidates.announced).hasSize(1);
        assertThat(alarms()).isEmpty();
    }

    @Test
    void an_alarm_that_nobody_looked_for_waits_until_all_planned_steps_are_repeated() throws Exception {
        alarmAction = AlarmAction.NONE;
        feed(0, 80);
        restart();
        learner.loss = Double.NaN;
        loop.takeOver("test");
        turns(5); // a candidate at 3
        alarmAction = AlarmAction.REWIND;
        restart();
        learner.loss = Double.NaN;
        loop.takeOver("test");
        assertThat(alarms().stream().map(AlarmRaised::getStep)).containsExactly(5L);
        assertThat(plans()).hasSize(5);
        learner.loss = 0.5;
        turns(2);
        String weights = learner.weights;
        restart();
        loop.takeOver("test");
        assertThat(learner.weights).isEqualTo(weights);
        assertThat(alarms()).hasSize(1);
    }

    @Test
    void a_replayed_triple_that_cannot_be_read_stops_the_trainer_with_a_sentence() throws Exception {
        replay = ReplayRule.of(4, 0.5, 100);
        feed(0, 60);
        restart();
        loop.takeOver("test");
        turns(2);
        for (String digest : kept()) {
            Files.write(root.resolve("models/m/replay/" + digest + ".avro"), new byte[] {1, 2, 3});
        }
        assertThatThrownBy(() -> turns(1))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith("The triple of image ")
                .hasMessageContaining(" of model m cannot be trained again: ")
                .hasMessageEndingWith(
                        "Start the trainer again: it reads what is missing from preference-triples where it has"
                                + " not expired.");
        boolean healed = false;
        for (int life = 0; life < 20 && !healed; life++) {
            restart();
            loop.takeOver("test");
            try {
                turns(4);
                healed = true;
            } catch (UserErrorException e) {
                assertThat(e).hasMessageContaining("cannot be trained again");
            }
        }
        assertThat(healed).isTrue();
    }
}
