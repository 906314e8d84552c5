package dev.realalign.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class DiffusionBenchCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void oneWorkloadIsOneObjectWithTimesAndMemory() throws Exception {
        assertThat(run("--only", "forward", "--steps", "1", "--warm-up", "0", "--threads", "1", "--json"))
                .isZero();
        JsonNode report = Json.parse(out.toString().getBytes(StandardCharsets.UTF_8));
        assertThat(report.path("device").asText()).isEqualTo("cpu");
        assertThat(report.path("threads").asInt()).isEqualTo(1);
        assertThat(report.path("steps").asInt()).isEqualTo(1);
        assertThat(report.path("workloads")).hasSize(1);
        JsonNode forward = report.path("workloads").path(0);
        assertThat(forward.path("name").asText()).isEqualTo("forward");
        assertThat(forward.path("images").asInt()).isEqualTo(8);
        assertThat(forward.path("millis")).hasSize(1);
        assertThat(forward.path("medianMillis").asDouble())
                .isPositive()
                .isEqualTo(forward.path("millis").path(0).asDouble());
        assertThat(forward.path("imagesPerSecond").asDouble())
                .isEqualTo(8000 / forward.path("medianMillis").asDouble());
    }

    @Test
    void anUnknownWorkloadIsRefusedWithTheKnownOnes() {
        assertThat(run("--only", "backward")).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("realalign: --only backward is unknown: choose from forward, full, sampling, decode, dpo.");
    }

    @Test
    void anUnknownDeviceIsRefused() {
        assertThat(run("--device", "tpu")).isEqualTo(2);
        assertThat(err.toString()).startsWith("realalign: --device tpu is unknown: use cpu, cuda or cuda:N.");
    }

    @Test
    void aGpuThatIsNotThereIsRefusedInOneSentence() {
        assertThat(run("--device", "cuda:63")).isEqualTo(1);
        assertThat(err.toString().lines())
                .containsExactly("realalign: --device cuda:63 cannot be used: this build of the tensor engine finds no"
                        + " such GPU here; use --device cpu.");
    }

    @Test
    void countsBelowOneAreRefused() {
        assertThat(run("--steps", "0")).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("realalign: --steps, --replicas and --threads must be at least 1, --warm-up at least 0.");
    }

    @Test
    void theProcessesOfTheWorkloadsStartAtTheCommandsOwnEntry() throws Exception {
        assertThat(Class.forName(DiffusionBenchCommand.MAIN).getMethod("main", String[].class))
                .isNotNull();
    }

    private int run(String... arguments) {
        CommandLine command = RealAlignCommand.commandLine();
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        String[] words = new String[arguments.length + 2];
        words[0] = "bench";
        words[1] = "diffusion";
        System.arraycopy(arguments, 0, words, 2, arguments.length);
        return command.execute(words);
    }
}
