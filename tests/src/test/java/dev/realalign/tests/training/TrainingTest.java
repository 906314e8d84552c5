package dev.realalign.tests.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.schemas.AlarmRaised;
import dev.realalign.schemas.BatchPlanned;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.Measures;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.Rewound;
import dev.realalign.schemas.SessionBegun;
import dev.realalign.schemas.StageSwitched;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.VersionManifest;
import dev.realalign.tests.endtoend.Pictures;
import dev.realalign.tests.endtoend.RoleProcess;
import dev.realalign.trainer.ledger.LedgerState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the ledger promises, with trainers in processes of their own. */
@Timeout(240)
class TrainingTest {
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final int CANDIDATE_EVERY = 4;
    private static final String BASE_MODEL = System.getProperty("realalign.home") + "/models/tiny-photo";

    @TempDir
    static Path folder;

    private static EmbeddedCluster embedded;
    private static ClusterConfig cluster;
    private static TripleFeed triples;

    @BeforeAll
    static void start() {
        embedded = EmbeddedCluster.start(EmbeddedOptions.in(folder.resolve("cluster")));
        Map<String, String> properties = new HashMap<>(embedded.properties());
        properties.put(ClusterConfig.IMAGE_PARTITIONS, "1");
        cluster = ClusterConfig.from(properties);
        ClusterSetup.prepare(cluster, Topics.all());
        triples = new TripleFeed(cluster);
    }

    @AfterAll
    static void stop() {
        triples.close();
        embedded.close();
    }

    private static RoleProcess train(String model, String... more) throws Exception {
        Map<String, String> keys = new HashMap<>();
        keys.put("trainer.base.model", BASE_MODEL);
        keys.put("trainer.batch.pairs", "4");
        keys.put("trainer.candidate.every.steps", Integer.toString(CANDIDATE_EVERY));
        keys.put("trainer.held.out.max", "4");
        keys.put("trainer.held.out.timesteps", "1");
        keys.put("trainer.threads", "1");
        return role("train", model, keys, more);
    }

    private static RoleProcess role(String name, String model, Map<String, String> own, String... more)
            throws Exception {
        List<String> command = new ArrayList<>(List.of(name));
        Map<String, String> keys = new HashMap<>(embedded.properties());
        keys.put(ClusterConfig.IMAGE_PARTITIONS, "1");
        keys.put("model.name", model);
        keys.put("checkpoint.store.uri", folder.resolve("store").toUri().toString());
        keys.putAll(own);
        keys.forEach((key, value) -> {
            command.add("-D");
            command.add(key + "=" + value);
        });
        for (String key : more) {
            command.add("-D");
            command.add(key);
        }
        return RoleProcess.start(folder.resolve("logs"), command.toArray(String[]::new));
    }

    private static List<LedgerEntry> ledger(String model) {
        return TopicReader.readAll(Topics.TRAINING_LEDGER, cluster.reader("test"), SOON).stream()
                .filter(entry -> entry.key().equals(model))
                .map(entry -> Objects.requireNonNull(entry.value()))
                .toList();
    }

    private static List<CheckpointCandidate> candidates(String model) {
        return TopicReader.readAll(Topics.CHECKPOINT_CANDIDATES, cluster.reader("test"), SOON).stream()
                .filter(entry -> entry.key().equals(model))
                .map(entry -> Objects.requireNonNull(entry.value()))
                .toList();
    }

    private static long planned(String model) {
        return ledger(model).stream()
                .filter(entry -> entry.getEntry() instanceof BatchPlanned)
                .count();
    }

    private static long session(String model) {
        return ledger(model).stream().mapToLong(LedgerEntry::getSession).max().orElse(0);
    }

    private static void awaitPlanned(String model, long steps, RoleProcess process) {
        await().atMost(SOON)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> planned(model) >= steps || !process.isAlive());
        assertThat(process.isAlive()).as(process::printed).isTrue();
    }

    /** The candidate of a step as "step ledger weights". */
    private static String at(String model, long step) {
        return candidates(model).stream()
                .filter(candidate -> candidate.getStep() == step)
                .map(c -> c.getStep() + " " + c.getLedgerSha256() + " " + c.getWeightsSha256())
                .findFirst()
                .orElse("no candidate of step " + step);
    }

    @Test
    void killedThreeTimesItEndsWithTheWeightsAndTheLedgerOfARunThatWasNot() throws Exception {
        triples.feed(64);
        String deterministic = "trainer.deterministic=true";
        String stages = "trainer.stages=dro steps=4 refresh=3; dpo";
        String sampler = "trainer.sampler.steps=4";
        String replay = "trainer.replay.share=0.25";
        long last = 16; // 64 triples, 4 of them held out, 3 fresh ones and a replayed one a step
        try (RoleProcess calm = train("calm", deterministic, stages, sampler, replay)) {
            awaitPlanned("calm", last, calm);
            await().atMost(SOON).until(() -> at("calm", last).length() > 100);
        }
        String instance = "trainer.instance=one";
        for (long step : new long[] {3, 6, 11}) { // on both sides of the switch after step 4
            try (RoleProcess killed = train("killed", deterministic, instance, stages, sampler, replay)) {
                awaitPlanned("killed", step, killed);
            } // by SIGKILL
        }
        try (RoleProcess survivor = train("killed", deterministic, instance, stages, sampler, replay)) {
            awaitPlanned("killed", last, survivor);
            await().atMost(SOON).until(() -> at("killed", last).length() > 100);
            assertThat(at("killed", last)).as(survivor::printed).isEqualTo(at("calm", last));
        }
        assertThat(session("killed")).isEqualTo(4);
        assertThat(ledger("killed").stream()
                        .map(LedgerEntry::getEntry)
                        .filter(StageSwitched.class::isInstance)
                        .map(entry -> ((StageSwitched) entry).getStep()))
                .containsExactly(4L);
        LedgerState state = new LedgerState();
        ledger("killed").forEach(state::accept);
        assertThat(state.step()).isGreaterThanOrEqualTo(last); // the topic may hold triples of other tests
        requireEachTripleOnce("killed");
        assertThat(ledger("killed").stream()
                        .filter(e -> e.getEntry() instanceof BatchPlanned plan
                                && plan.getDrawn().size() == 1))
                .as("steps that trained something again")
                .hasSizeGreaterThanOrEqualTo(12);
    }

    @Test
    @Tag("slow") // the alarm itself is tested with the same learner in AlarmedTrainingTest
    void aLearningRateThatIsMuchTooHighRestsUntilItIsCorrectedAndResumed() throws Exception {
        triples.feed(40);
        String model = "hasty";
        String noWarmUp = "trainer.learning.rate.warm.up.steps=0";
        try (RoleProcess hasty = train(model, noWarmUp, "trainer.learning.rate=0.1")) {
            await().atMost(SOON).until(() -> hasty.printed().contains("training of model hasty rests: "));
        }
        List<AlarmRaised> alarms = alarms(model);
        assertThat(alarms).hasSize(1);
        assertThat(alarms.get(0).getPaused()).isTrue();
        assertThat(alarms.get(0).getExplanation()).contains(" times the reference's, more than 1.1000");
        long step = alarms.get(0).getStep();
        assertThat(candidates(model).stream().filter(candidate -> candidate.getStep() >= step))
                .as("no candidate of the weights that raised the alarm")
                .isEmpty();
        try (RoleProcess corrected = train(model, noWarmUp, "trainer.learning.rate=1e-4")) {
            await().atMost(SOON).until(() -> corrected.printed().contains("training of model hasty rests: "));
        }
        assertThat(planned(model)).as("nothing was trained at rest").isEqualTo(step);
        try (RoleProcess resumed = train(model, noWarmUp, "trainer.learning.rate=1e-4", "trainer.resume=true")) {
            awaitPlanned(model, step + 4, resumed);
            await().atMost(SOON)
                    .until(() -> candidates(model).stream().anyMatch(candidate -> candidate.getStep() > step));
        }
        assertThat(alarms(model)).hasSize(1);
        requireEachTripleOnce(model);
    }

    @Test
    @Tag("slow") // two roles after each other, with the publisher beside them
    void ofALearningRateThatIsMuchTooHighThePublisherPublishesNothing() throws Exception {
        String model = "overseen";
        String noWarmUp = "trainer.learning.rate.warm.up.steps=0";
        Path pictures = folder.resolve("unseen");
        Pictures.tiles(pictures, 8);
        Map<String, String> publishing = Map.of(
                "publisher.unsigned.allowed",
                "true",
                "publisher.gate.evaluation.images",
                pictures.toString(),
                "publisher.gate.evaluation.base.model",
                BASE_MODEL,
                "publisher.gate.evaluation.increase.max",
                "0.5");
        triples.feed(40);
        try (RoleProcess publisher = role("publish", model, publishing)) {
            try (RoleProcess sound = train(model, noWarmUp, "trainer.learning.rate=1e-4")) {
                await().atMost(SOON).until(() -> !versions(model).isEmpty() || !sound.isAlive());
                sound.terminate(); // a step that is planned and in no candidate would keep its learning rate
                assertThat(sound.exitCode(SOON)).as(sound::printed).isZero();
            }
            await().atMost(SOON)
                    .until(() -> decisions(model).size() == candidates(model).size());
            assertThat(versions(model)).as(publisher::printed).isNotEmpty();
            triples.feed(80);
            try (RoleProcess hasty = train(model, noWarmUp, "trainer.learning.rate=0.1")) {
                await().atMost(SOON)
                        .until(() ->
                                hasty.printed().contains("training of model overseen rests: ") || !hasty.isAlive());
                assertThat(alarms(model)).as(hasty::printed).hasSize(1);
            }
            await().atMost(SOON)
                    .until(() -> decisions(model).size() == candidates(model).size());
        }
        AlarmRaised alarm = alarms(model).get(0);
        assertThat(alarm.getPaused()).isTrue();
        assertThat(alarm.getExplanation()).contains(" times the reference's, more than 1.1000");
        assertThat(candidates(model).stream().filter(candidate -> candidate.getStep() >= alarm.getStep()))
                .as("no candidate of the weights that raised the alarm")
                .isEmpty();
        PublishingDecision newest = versions(model).get(versions(model).size() - 1);
        Rewound rewound = ledger(model).stream()
                .map(LedgerEntry::getEntry)
                .filter(Rewound.class::isInstance)
                .map(Rewound.class::cast)
                .findFirst()
                .orElseThrow();
        assertThat(rewound.getCandidate()).as("the last good version").isEqualTo(newest.getCandidate());
        for (PublishingDecision decision : versions(model)) {
            assertThat(decision.getReason()).contains("error on 8 pictures of unseen is ");
            Path manifest = CheckpointLayout.of(folder.resolve("store").toUri())
                    .version(model, decision.getVersion())
                    .resolve(CheckpointLayout.MANIFEST);
            assertThat(VersionManifest.parse(Files.readAllBytes(manifest), manifest.toString())
                            .evaluation())
                    .hasEntrySatisfying(
                            Measures.EVALUATED_RATIO, ratio -> assertThat(ratio).isBetween(0.5, 1.5))
                    .hasEntrySatisfying(Measures.HELD_OUT_PREFERRED_RATIO, ratio -> assertThat(ratio)
                            .isLessThan(1.1));
        }
    }

    /** What the publisher decided about candidates, in order. */
    private static List<PublishingDecision> decisions(String model) {
        return TopicReader.readAll(Topics.PUBLISHING_LOG, cluster.reader("test"), SOON).stream()
                .filter(entry -> entry.key().equals(model))
                .map(entry -> Objects.requireNonNull(entry.value()))
                .toList();
    }

    private static List<PublishingDecision> versions(String model) {
        return decisions(model).stream().filter(PublishingDecision::getAccepted).toList();
    }

    private static List<AlarmRaised> alarms(String model) {
        return ledger(model).stream()
                .map(LedgerEntry::getEntry)
                .filter(AlarmRaised.class::isInstance)
                .map(AlarmRaised.class::cast)
                .toList();
    }

    private static void requireEachTripleOnce(String model) {
        List<Long> offsets = new ArrayList<>();
        for (LedgerEntry entry : ledger(model)) {
            if (entry.getEntry() instanceof BatchPlanned plan) {
                plan.getMembers().forEach(member -> offsets.add(member.getOffset()));
            } else if (entry.getEntry() instanceof dev.realalign.schemas.RecordsSkipped skipped) {
                skipped.getRecords().forEach(record -> offsets.add(record.getOffset()));
            }
        }
        assertThat(offsets).doesNotHaveDuplicates();
    }

    @Test
    void aStandbyTakesOverAndATrainerThatSleptWritesNothingMore() throws Exception {
        String model = "guarded";
        triples.feed(40);
        try (RoleProcess first = train(model)) {
            awaitPlanned(model, 2, first);
            try (RoleProcess second = train(model)) {
                await().atMost(SOON).until(() -> second.printed().contains("standing by"));
                long killedAt = System.nanoTime();
                first.kill();
                await().atMost(Duration.ofSeconds(20))
                        .pollInterval(Duration.ofMillis(50))
                        .until(() -> session(model) == 2);
                assertThat(Duration.ofNanos(System.nanoTime() - killedAt))
                        .as("from SIGKILL to the successor's first entry")
                        .isLessThan(Duration.ofSeconds(10));

                try (RoleProcess third = train(model)) {
                    await().atMost(SOON).until(() -> third.printed().contains("standing by"));
                    second.signal("STOP");
                    triples.feed(40);
                    await().atMost(SOON).until(() -> session(model) == 3);
                    int written = candidates(model).size();
                    second.signal("CONT");
                    await().atMost(SOON).until(() -> second.printed().contains("stops training: "));
                    triples.feed(40);
                    await().atMost(SOON).until(() -> candidates(model).size() > written);
                    requireNoOlderSessionAfter(model, 3);
                    requireRewindOnDecision(model);
                    assertThat(second.printed())
                            .contains("A trainer that is paused or cut off for longer than 6000 ms loses its lease");
                }
            }
        }
    }

    /** The publisher's decision to take training back reaches the trainer, which writes it into the ledger once. */
    private static void requireRewindOnDecision(String model) throws Exception {
        CheckpointCandidate first = candidates(model).get(0);
        try (Producer<String, PublishingDecision> publisher = new KafkaProducer<>(
                cluster.producer("publisher-stand-in"),
                new StringSerializer(),
                Topics.PUBLISHING_LOG.valueSerializer(cluster.registry()))) {
            publisher
                    .send(new ProducerRecord<>(
                            Topics.PUBLISHING_LOG.name(),
                            model,
                            PublishingDecision.newBuilder()
                                    .setModel(model)
                                    .setCandidate(first.getCandidate())
                                    .setCandidateDigest(first.getDigest())
                                    .setAccepted(true)
                                    .setVersion(1L)
                                    .setReason("colours drift")
                                    .setDecidedAt(Instant.EPOCH)
                                    .setAction("rollback")
                                    .setCommand("command-1")
                                    .setAlias("latest")
                                    .setActor("ada")
                                    .setRewindTraining(true)
                                    .build()))
                    .get();
        }
        await().atMost(SOON).until(() -> ledger(model).stream().anyMatch(e -> e.getEntry() instanceof Rewound));
        Rewound rewound = ledger(model).stream()
                .map(LedgerEntry::getEntry)
                .filter(Rewound.class::isInstance)
                .map(Rewound.class::cast)
                .findFirst()
                .orElseThrow();
        assertThat(rewound.getToStep()).isEqualTo(first.getStep());
        assertThat(rewound.getActor()).isEqualTo("ada");
    }

    /** From a session's first entry on, nothing of an older one. */
    private static void requireNoOlderSessionAfter(String model, long session) {
        boolean begun = false;
        for (LedgerEntry entry : ledger(model)) {
            begun |= entry.getSession() == session && entry.getEntry() instanceof SessionBegun;
            if (begun) {
                assertThat(entry.getSession()).isGreaterThanOrEqualTo(session);
            }
        }
        List<String> names = candidates(model).stream()
                .map(CheckpointCandidate::getCandidate)
                .toList();
        int firstNew = names.indexOf(names.stream()
                .filter(name -> name.endsWith(String.format("-s%04d", session)))
                .findFirst()
                .orElseThrow());
        assertThat(names.subList(firstNew, names.size()))
                .allSatisfy(name -> assertThat(name).endsWith(String.format("-s%04d", session)));
    }
}
