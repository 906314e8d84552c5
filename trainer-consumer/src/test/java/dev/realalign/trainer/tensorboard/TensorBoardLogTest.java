package dev.realalign.trainer.tensorboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.trainer.learn.HeldOutMeasure;
import dev.realalign.trainer.learn.KindMetrics;
import dev.realalign.trainer.learn.StepMetrics;
import dev.realalign.trainer.loop.TrainerProgress;
import dev.realalign.trainer.stage.StageMark;
import dev.realalign.trainer.tensorboard.EventReader.Field;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardLogTest {
    private static final InstantSource CLOCK = () -> Instant.ofEpochSecond(1_790_000_000L, 500_000_000);

    private static final KindMetrics KIND = new KindMetrics(2, 0.5, 0.75, 0.25, 0.5, 1, Double.NaN, Double.NaN);

    @TempDir
    Path folder;

    private static TrainerProgress progress(long step, long candidateStep, @Nullable StepMetrics last) {
        HeldOutMeasure heldOut = candidateStep == 0
                ? null
                : new HeldOutMeasure(
                        4, 0.5, 0.7, 0.4, 0.6, 0.75, HeldOutErrors.of(List.of()), new TreeMap<>(Map.of("BLUR", KIND)));
        return new TrainerProgress(
                step,
                new StageMark(1, 1, "dpo"),
                8 * step,
                Map.of(),
                0,
                0,
                candidateStep,
                new TreeMap<>(),
                0,
                last,
                heldOut,
                4,
                12.5,
                0.25,
                null,
                3,
                "",
                "",
                0,
                step / 100 * 100,
                null,
                null);
    }

    private static StepMetrics metrics(double loss) {
        return new StepMetrics(
                8, loss, 0.5, 0.7, 0.4, 0.6, 0.75, 0.5, 1, 2, 1e-4, 1, true, new TreeMap<>(Map.of("BLUR", KIND)));
    }

    private Path onlyFile() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> all = files.toList();
            assertThat(all).hasSize(1);
            return all.get(0);
        }
    }

    /** Scalars of an event by tag. */
    private static Map<String, Float> scalars(List<Field> event) {
        Map<String, Float> scalars = new TreeMap<>();
        for (Field value : field(event, 5).fields()) {
            assertThat(value.number()).isEqualTo(1);
            scalars.put(field(value.fields(), 1).text(), (Float)
                    field(value.fields(), 2).value());
        }
        return scalars;
    }

    private static Field field(List<Field> message, int number) {
        return message.stream()
                .filter(field -> field.number() == number)
                .findFirst()
                .orElseThrow();
    }

    private static long step(List<Field> event) {
        return (Long) field(event, 2).value();
    }

    @Test
    void aFileBeginsWithItsVersionTheVoidedStepsAndTheSettings() throws IOException {
        TensorBoardLog.open(folder, CLOCK, progress(16, 16, null), Map.of("beta", "2000", "lora", "a|b"))
                .close();
        assertThat(onlyFile().getFileName().toString()).startsWith("events.out.tfevents.1790000000.session-3.");
        List<List<Field>> events = EventReader.read(onlyFile());
        assertThat(events).hasSize(3);
        assertThat(field(events.get(0), 1).value()).isEqualTo(1_790_000_000.5);
        assertThat(field(events.get(0), 3).text()).isEqualTo("brain.Event:2");
        assertThat(step(events.get(1))).isEqualTo(17);
        assertThat(field(field(events.get(1), 7).fields(), 1).value()).isEqualTo(1L);
        List<Field> value = field(field(events.get(2), 5).fields(), 1).fields();
        assertThat(field(value, 1).text()).isEqualTo("settings");
        assertThat(field(field(value, 8).fields(), 1).value()).isEqualTo(7L);
        assertThat(field(field(value, 8).fields(), 8).text())
                .isEqualTo("| setting | value |\n|---|---|\n| beta | 2000 |\n| lora | a\\|b |\n");
        assertThat(field(field(field(value, 9).fields(), 1).fields(), 1).text()).isEqualTo("text");
    }

    @Test
    void everyStepIsWrittenOnceAndTheHeldOutSetWhereItWasMeasured() throws IOException {
        try (TensorBoardLog board = TensorBoardLog.open(folder, CLOCK, progress(0, 0, null), Map.of())) {
            board.record(progress(1, 0, metrics(0.6)));
            board.record(progress(1, 0, metrics(0.6)));
            board.record(progress(200, 200, metrics(0.5)));
            board.record(progress(200, 200, metrics(0.5)));
        }
        List<List<Field>> events = EventReader.read(onlyFile());
        assertThat(events).hasSize(5);
        assertThat(step(events.get(3))).isEqualTo(1);
        assertThat(scalars(events.get(3)))
                .containsEntry("step/loss", 0.6f)
                .containsEntry("step/gradient_norm", 2f)
                .containsEntry("step/learning_rate", 1e-4f)
                .containsEntry("pace/pairs_per_second", 12.5f)
                .containsEntry("pace/idle_ratio", 0.25f)
                .containsEntry("reference/step", 0f)
                .containsEntry("kind/BLUR/d_w", 0.25f)
                .doesNotContainKey("kind/BLUR/lambda")
                .doesNotContainKey("held_out/m_w");
        assertThat(step(events.get(4))).isEqualTo(200);
        assertThat(scalars(events.get(4)))
                .containsEntry("step/loss", 0.5f)
                .containsEntry("reference/step", 200f)
                .containsEntry("held_out/m_w", 0.5f)
                .containsEntry("held_out/BLUR/m_w_over_r_w", 2f)
                .containsEntry("held_out/m_w_over_r_w", 1.25f);
    }

    @Test
    void everyEventIsInTheFileWhenTheCallReturns() throws IOException {
        try (TensorBoardLog board = TensorBoardLog.open(folder, CLOCK, progress(0, 0, null), Map.of())) {
            board.record(progress(1, 0, metrics(0.6)));
            assertThat(EventReader.read(onlyFile())).hasSize(4);
        }
    }

    @Test
    void aFlippedBitIsNoticed() throws IOException {
        TensorBoardLog.open(folder, CLOCK, progress(0, 0, null), Map.of()).close();
        byte[] bytes = Files.readAllBytes(onlyFile());
        bytes[bytes.length - 8] ^= 1;
        Files.write(onlyFile(), bytes);
        assertThatThrownBy(() -> EventReader.read(onlyFile())).hasMessageStartingWith("checksum ");
    }

    /** The check value of CRC-32C (RFC 3720, appendix B.4, and Koopman's catalogue). */
    @Test
    void theReadersChecksumIsTheStandardsAndTheWritersTheSame() {
        byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        assertThat(EventReader.crc32c(digits)).isEqualTo(0xE3069283);
        assertThat(EventFile.maskedCrc(digits, 0, digits.length))
                .isEqualTo(Integer.rotateRight(0xE3069283, 15) + 0xa282ead8);
    }

    @Test
    void aFolderThatCannotBeWrittenIsAMistakeToMend() throws IOException {
        Path file = Files.createFile(folder.resolve("taken"));
        assertThatThrownBy(() -> TensorBoardLog.open(file.resolve("x"), CLOCK, progress(0, 0, null), Map.of()))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith("The TensorBoard log ")
                .hasMessageEndingWith("give its folder room and write permission, or train without it.");
    }
}
