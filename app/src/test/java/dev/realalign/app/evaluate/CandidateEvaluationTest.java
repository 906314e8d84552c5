package dev.realalign.app.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.publisher.Gate;
import dev.realalign.publisher.SecondOpinion;
import dev.realalign.publisher.SecondOpinionSettings;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.BaseModel;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.LedgerMark;
import dev.realalign.schemas.Measures;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.schemas.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bundled model on twelve pictures. */
class CandidateEvaluationTest {
    private static final int PICTURES = 12;
    private static final LongSupplier STANDING = () -> 0;

    @TempDir
    static Path folder;

    private static Path images;
    private static String base;

    @BeforeAll
    static void files() throws IOException {
        images = EvaluationFiles.pictures(folder, PICTURES, 32);
        try (DiffusionModel model = DiffusionModel.load(EvaluationFiles.model(), LoadOptions.DEFAULT)) {
            base = model.digest();
        }
    }

    private static SecondOpinionSettings settings(Path pictures, double increaseLimit) {
        return new SecondOpinionSettings(
                pictures, EvaluationFiles.model(), PICTURES, 2, increaseLimit, Duration.ofSeconds(5));
    }

    private static CandidateManifest candidate(String baseDigest) {
        return new CandidateManifest(
                CandidateManifest.FORMAT,
                "m",
                "step-0000000008-s0001",
                8,
                32,
                Map.of(),
                new BaseModel("tiny-photo", baseDigest),
                AdapterShape.lora(2, 2, List.of("to_q")),
                new ObjectiveSettings("dpo", "", Map.of()),
                Map.of("run", 1L),
                null,
                null,
                Map.of(),
                null,
                null,
                List.of(new FileEntry("adapter.safetensors", Sha256.hex(new byte[] {4}), 1)),
                Instant.EPOCH,
                "",
                Sha256.hex(new byte[] {1}),
                new LedgerMark(1, 0, Sha256.hex(new byte[] {2})));
    }

    @Test
    void an_adapter_that_changes_nothing_passes_with_its_figures() throws IOException {
        try (SecondOpinion opinion = CandidateEvaluation.open(settings(images, 0), () -> false, STANDING)) {
            SecondOpinion.Finding found =
                    opinion.of(candidate(base), EvaluationFiles.adapter(folder.resolve("nothing.safetensors"), 0));

            assertThat(found.verdict())
                    .isEqualTo(new Gate.Verdict(
                            List.of(),
                            List.of("error on 12 pictures of images is 1.0000 times the plain model's (95 % interval"
                                    + " 1.0000 to 1.0000)")));
            assertThat(found.measures())
                    .isEqualTo(Map.of(
                            Measures.EVALUATED_RATIO,
                            1.0,
                            Measures.EVALUATED_RATIO_LOW,
                            1.0,
                            Measures.EVALUATED_RATIO_HIGH,
                            1.0,
                            Measures.EVALUATED_PICTURES,
                            12.0));
        }
    }

    @Test
    void a_damaged_adapter_is_refused_with_its_figures_unless_the_bound_allows_as_much() throws IOException {
        Path damaged = EvaluationFiles.adapter(folder.resolve("damaged.safetensors"), 0.3);
        try (SecondOpinion opinion = CandidateEvaluation.open(settings(images, 0), () -> false, STANDING)) {
            SecondOpinion.Finding found = opinion.of(candidate(base), damaged);

            assertThat(found.verdict().refusals())
                    .singleElement()
                    .asString()
                    .matches(
                            "its error on 12 pictures of images is \\d+\\.\\d{4} times the plain model's \\(95 % interval"
                                    + " \\d+\\.\\d{4} to \\d+\\.\\d{4}\\), and the whole interval lies above 1\\.0000");
            assertThat(opinion.of(candidate(base), damaged))
                    .as("the same again")
                    .isEqualTo(found);
        }
        try (SecondOpinion opinion = CandidateEvaluation.open(settings(images, 1000), () -> false, STANDING)) {
            SecondOpinion.Finding found = opinion.of(candidate(base), damaged);

            assertThat(found.verdict().refusals()).isEmpty();
            assertThat(found.measures().get(Measures.EVALUATED_RATIO_LOW)).isGreaterThan(1.0);
        }
    }

    @Test
    void what_takes_too_long_is_refused_and_a_publisher_that_is_told_to_end_decides_nothing() throws IOException {
        Path adapter = EvaluationFiles.adapter(folder.resolve("slow.safetensors"), 0);
        AtomicLong seconds = new AtomicLong();
        LongSupplier clock = () -> Duration.ofSeconds(seconds.getAndIncrement()).toNanos();
        AtomicBoolean stopping = new AtomicBoolean();
        try (SecondOpinion opinion = CandidateEvaluation.open(settings(images, 0), stopping::get, clock)) {
            assertThat(opinion.of(candidate(base), adapter).verdict().refusals())
                    .containsExactly("5 of 12 pictures of images were measured in 5000 ms, too few to judge by: raise"
                            + " publisher.gate.evaluation.timeout.ms or lower publisher.gate.evaluation.count");
            stopping.set(true);
            assertThatThrownBy(() -> opinion.of(candidate(base), adapter)).isInstanceOf(CancellationException.class);
        }
    }

    @Test
    void another_base_model_is_no_fault_of_the_candidate() throws IOException {
        String other = Sha256.hex(new byte[] {3});
        try (SecondOpinion opinion = CandidateEvaluation.open(settings(images, 0), () -> false, STANDING)) {
            assertThatThrownBy(() -> opinion.of(candidate(other), folder.resolve("unread.safetensors")))
                    .isInstanceOfSatisfying(UserErrorException.class, e -> assertThat(e.exitCode())
                            .isEqualTo(1))
                    .hasMessage("candidate step-0000000008-s0001 was trained on the base model " + other
                            + ", but publisher.gate.evaluation.base.model is \"" + EvaluationFiles.model()
                            + "\", which is " + base
                            + ". Nothing was decided: name the trainer's base model, then start"
                            + " the publisher again.");
        }
    }

    @Test
    void too_few_pictures_and_no_model_are_said_at_start() throws IOException {
        Path few = EvaluationFiles.pictures(Files.createDirectory(folder.resolve("few")), 3, 32);
        assertThatThrownBy(() -> CandidateEvaluation.open(settings(few, 0), () -> false))
                .isInstanceOfSatisfying(
                        UserErrorException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessage(
                        "publisher.gate.evaluation.images is \"" + few + "\" with 3 usable pictures: give at least 8.");
        SecondOpinionSettings nowhere =
                new SecondOpinionSettings(images, folder.resolve("none"), PICTURES, 2, 0, Duration.ofSeconds(5));
        assertThatThrownBy(() -> CandidateEvaluation.open(nowhere, () -> false))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith("publisher.gate.evaluation.base.model cannot be used: ")
                .hasMessageEndingWith(". Name the folder of the model that the trainer trains on.");
    }
}
