package dev.realalign.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class TrainerBenchCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void aShortRunIsOneObjectWithSpeedIdleTimeMemoryAndCaches() throws Exception {
        assertThat(run(
                        "--steps",
                        "3",
                        "--warm-up",
                        "1",
                        "--pairs",
                        "2",
                        "--json",
                        "-D",
                        "trainer.candidate.every.steps=2",
                        "-D",
                        "trainer.held.out.max=1",
                        "-D",
                        "trainer.held.out.timesteps=1"))
                .isZero();
        JsonNode report = Json.parse(out.toString().getBytes(StandardCharsets.UTF_8));
        assertThat(report.path("pairsPerSecond").asDouble()).isPositive();
        assertThat(report.path("idleRatio").asDouble()).isBetween(0.0, 1.0);
        assertThat(report.path("candidates").asInt()).isEqualTo(2);
        JsonNode millis = report.path("stepMillis");
        assertThat(millis.path("p50").asDouble())
                .isPositive()
                .isLessThanOrEqualTo(millis.path("max").asDouble());
        assertThat(report.path("memory")).hasSize(4);
        assertThat(report.path("memory").path(0).path("step").asInt()).isZero();
        assertThat(report.path("memory").path(3).path("step").asInt()).isEqualTo(3);
        assertThat(report.path("memory").path(3).path("tensors").asLong())
                .as("no native array is left behind")
                .isEqualTo(report.path("memory").path(1).path("tensors").asLong());
        assertThat(report.path("captionCache").path("hits").asLong()).isPositive();
        assertThat(report.path("posteriorCache").path("misses").asLong())
                .as("a pixel-space model encodes no image")
                .isZero();
    }

    @Test
    void aPlanThatEndsBeforeTheMeasurementEndsItWithASentence() {
        assertThat(run(
                        "--steps",
                        "3",
                        "--warm-up",
                        "0",
                        "--pairs",
                        "2",
                        "-D",
                        "trainer.stages=dro steps=1; dpo steps=1",
                        "-D",
                        "trainer.sampler.steps=2",
                        "-D",
                        "trainer.held.out.timesteps=1"))
                .isEqualTo(1);
        assertThat(err.toString())
                .contains(
                        "The measurement cannot go on: the last stage of the plan is over. Lower --steps or --warm-up, or"
                                + " give the last stage more steps.");
    }

    @Test
    void countsBelowOneAreRefused() {
        assertThat(run("--steps", "0")).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("realalign: --steps, --pairs and --threads must be at least 1, --warm-up at least 0.");
    }

    @Test
    void aKeyTheTrainerRefusesIsRefusedHere() {
        assertThat(run("-D", "trainer.replay.share=2")).isEqualTo(2);
        assertThat(err.toString()).contains("trainer.replay.share");
    }

    @Test
    void whatDoesNotGoWithTheModelIsSaidAsTheTrainerSaysIt() {
        assertThat(run("-D", "trainer.preset=realalign-sd35m", "-D", "trainer.lora.targets=to_z", "--pairs", "2"))
                .isEqualTo(2);
        assertThat(err.toString().lines())
                .hasSize(2)
                .anySatisfy(line -> assertThat(line)
                        .startsWith("realalign: trainer.preset is realalign-sd35m, which is for a transformer of"))
                .anySatisfy(
                        line -> assertThat(line).startsWith("realalign: trainer.lora.targets is to_z, but no layer"));
    }

    private int run(String... arguments) {
        CommandLine command = RealAlignCommand.commandLine();
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        return command.execute(Stream.concat(Stream.of("bench", "trainer"), Stream.of(arguments))
                .toArray(String[]::new));
    }
}
