package dev.realalign.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.schemas.AlarmRaised;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.Rewound;
import dev.realalign.schemas.Sha256;
import dev.realalign.trainer.candidate.CandidateStore;
import dev.realalign.trainer.candidate.ReservoirStore;
import dev.realalign.trainer.learn.DiffusionLearner;
import dev.realalign.trainer.learn.LearnerSettings;
import dev.realalign.trainer.learn.TinyPhoto;
import dev.realalign.trainer.plan.Admission;
import dev.realalign.trainer.plan.Delivery;
import dev.realalign.trainer.plan.HoldOutRule;
import dev.realalign.trainer.plan.ReplayRule;
import dev.realalign.trainer.plan.SourceWeights;
import dev.realalign.trainer.stage.ObjectiveChoice;
import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import dev.realalign.trainer.triple.TrainingPair;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bundled model, trained as it should be and then a hundred times too fast. */
class AlarmedTrainingTest {
    private static final double SOUND = 1e-3;

    @TempDir
    private Path root;

    private final SortedMap<Integer, List<Delivery>> log = new TreeMap<>();
    private final MemoryClock clock = new MemoryClock();
    private final MemoryLedger.Kept kept = new MemoryLedger.Kept();
    private final MemoryNews news = new MemoryNews();

    private TrainingLoop loop(DiffusionLearner learner) {
        LoopSettings settings = new LoopSettings(
                "m",
                "preference-triples",
                4,
                Duration.ofSeconds(5),
                new HoldOutRule(0.2, 6),
                4,
                "",
                "0".repeat(64),
                true,
                false,
                Duration.ofHours(1),
                new Admission(42, 8, SourceWeights.NONE),
                ReplayRule.none(4),
                AlarmAction.PAUSE,
                false);
        return new TrainingLoop(
                settings,
                new MemoryTriples(log, clock),
                learner,
                new CandidateStore(new CheckpointLayout(root), "m"),
                new MemoryLedger(kept, CrashPoints.none()),
                new ReservoirStore(new CheckpointLayout(root), "m"),
                news,
                clock::nanoTime,
                clock,
                new FlushRequest());
    }

    @Test
    void a_learning_rate_that_is_a_hundred_times_too_high_pauses_says_why_and_publishes_nothing_bad() throws Exception {
        feed(90);
        ObjectiveChoice dpo = ObjectiveChoice.of(Kind.DPO, 2000);
        try (DiffusionModel model = TinyPhoto.load()) {
            try (DiffusionLearner learner = new DiffusionLearner(model, TinyPhoto.settings(dpo, SOUND))) {
                TrainingLoop loop = loop(learner);
                loop.takeOver("sound");
                turns(loop, 4);
                assertThat(kept.announced).hasSize(1);
                news.accept(kept.announced.get(0));
            }
            CheckpointCandidate good = kept.announced.get(0);
            try (DiffusionLearner learner = new DiffusionLearner(model, TinyPhoto.settings(dpo, 100 * SOUND))) {
                TrainingLoop loop = loop(learner);
                loop.takeOver("hasty");
                for (int turn = 0; turn < 12 && !loop.isResting(); turn++) {
                    loop.turn(Duration.ofSeconds(1));
                }
                assertThat(loop.isResting()).isTrue();
                assertThat(loop.progress().orElseThrow().resting())
                        .startsWith("HELD_OUT_RATIO at step 8: the error on held-out real images is ")
                        .endsWith(" times the reference's, more than 1.1000");
                assertThat(kept.announced).as("nothing new for a publisher").containsExactly(good);
                Path saved = root.resolve("saved");
                Files.createDirectory(saved);
                learner.save(saved);
                assertThat(Sha256.hex(saved.resolve(CheckpointLayout.ADAPTER))).isEqualTo(good.getWeightsSha256());
            }
        }
        int entries = kept.entries.size();
        assertThat(kept.entries.get(entries - 2).getEntry()).isInstanceOf(AlarmRaised.class);
        assertThat(((Rewound) kept.entries.get(entries - 1).getEntry()).getCandidate())
                .isEqualTo(kept.announced.get(0).getCandidate());
    }

    private void feed(int count) {
        List<TrainingPair> pairs = TinyPhoto.pairs(0, count);
        List<Delivery> deliveries = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i++) {
            deliveries.add(new Delivery.Usable(0, i, pairs.get(i)));
        }
        log.put(0, deliveries);
    }

    @Test
    void weights_that_have_gone_wrong_raise_an_alarm_before_their_average_has_moved() throws Exception {
        feed(40);
        LearnerSettings hasty = TinyPhoto.settings(ObjectiveChoice.of(Kind.DPO, 2000), 100 * SOUND);
        LearnerSettings settings = new LearnerSettings(
                hasty.runSeed(),
                hasty.adapter(),
                hasty.stages(),
                hasty.sampler(),
                hasty.optimizer(),
                hasty.clipNorm(),
                hasty.normCap(),
                hasty.microPairs(),
                hasty.captionDropout(),
                hasty.flip(),
                hasty.averageDecay(),
                1000,
                hasty.heldOutTimesteps(),
                hasty.captionCache(),
                hasty.posteriorCacheBytes(),
                hasty.engine());
        try (DiffusionModel model = TinyPhoto.load();
                DiffusionLearner learner = new DiffusionLearner(model, settings)) {
            TrainingLoop loop = loop(learner);
            loop.takeOver("hasty");
            turns(loop, 4);
            assertThat(loop.progress().orElseThrow().resting())
                    .startsWith("TRAINING_RATIO at step 4: the error on the real images in training is ");
            assertThat(kept.announced).isEmpty();
        }
    }

    private static void turns(TrainingLoop loop, int steps) throws InterruptedException {
        for (int taken = 0, turns = 0; taken < steps; turns++) {
            assertThat(turns).isLessThan(50);
            taken += loop.turn(Duration.ofSeconds(1)) ? 1 : 0;
        }
    }
}
