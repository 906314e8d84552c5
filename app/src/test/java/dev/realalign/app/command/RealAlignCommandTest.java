package dev.realalign.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class RealAlignCommandTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @ParameterizedTest
    @MethodSource("everyCommand")
    void everyCommandExplainsItselfWithAnExample(List<String> words) {
        List<String> args = new ArrayList<>(words);
        args.add("--help");
        assertThat(run(args.toArray(String[]::new))).isZero();
        assertThat(out.toString())
                .contains("Usage: " + String.join(" ", prefixed(words)))
                .containsPattern("Examples?:");
        assertThat(err.toString()).isEmpty();
    }

    static Stream<List<String>> everyCommand() {
        return walk(List.of(), RealAlignCommand.commandLine()).filter(words -> !words.contains("help"));
    }

    private static Stream<List<String>> walk(List<String> words, CommandLine command) {
        return Stream.concat(
                Stream.of(words), command.getSubcommands().entrySet().stream().flatMap(sub -> {
                    List<String> deeper = new ArrayList<>(words);
                    deeper.add(sub.getKey());
                    return walk(deeper, sub.getValue());
                }));
    }

    @Test
    void everyMistakeOfACommandLineIsNamedAtOnce() {
        assertThat(run("feed", "--rate", "fast", "--bogus", "--config")).isEqualTo(2);
        assertThat(err.toString())
                .contains("realalign: Invalid value for option '--rate': 'fast' is not a double")
                .contains("realalign: Unknown option: '--bogus'")
                .contains("--config")
                .endsWith("See realalign feed --help." + System.lineSeparator());
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void everyContradictionOfAReplayIsNamedAtOnce() {
        assertThat(run("replay", "--stateful", "--dry-run", "--from", "preference-triples"))
                .isEqualTo(2);
        assertThat(err.toString().lines())
                .containsExactly(
                        "realalign: --stateful judges real-images from its beginning: leave --from out.",
                        "realalign: --stateful keeps its verdicts in topics: give --to TOPIC instead of --dry-run.");
    }

    @Test
    void aReplayGoesIntoATopicOrNowhere() {
        assertThat(run("replay")).isEqualTo(2);
        assertThat(err.toString().lines()).containsExactly("realalign: Give either --to TOPIC or --dry-run.");
    }

    @Test
    void anInspectionOfAnUnknownKindNamesTheKindsThereAre() {
        assertThat(run("inspect", "triples", "--kind", "SALIENCY", "--out", "sheet.png"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--kind is \"SALIENCY\": give one of ", "SALIENCY_INPAINTING");
    }

    @Test
    void everyMissingKeyIsNamedAtOnceWithoutAStackTrace() throws Exception {
        Path config = Files.writeString(
                folder.resolve("cluster.properties"), "bootstrap.servers=localhost:1\ninline.max.bytes=lots\n");
        assertThat(run("feed", folder.toString(), "--config", config.toString()))
                .isEqualTo(2);
        assertThat(err.toString().lines())
                .hasSize(3)
                .allMatch(line -> line.startsWith("realalign: "))
                .anyMatch(line -> line.contains("schema.registry.url is not set"))
                .anyMatch(line -> line.contains("blob.store.uri is not set"))
                .anyMatch(line -> line.contains("inline.max.bytes is \"lots\": must be a whole number"));
    }

    @Test
    void anUnreachableBrokerIsOneSentenceAndExitCodeOne() {
        assertThat(run(
                        "feed", folder.toString(),
                        "-D", "bootstrap.servers=127.0.0.1:1",
                        "-D", "schema.registry.url=http://127.0.0.1:1",
                        "-D", "blob.store.uri=file:///nowhere",
                        "-D", "cluster.timeout.ms=500"))
                .isEqualTo(1);
        assertThat(err.toString().lines())
                .hasSize(1)
                .first()
                .asString()
                .startsWith("realalign: no broker answers at 127.0.0.1:1");
    }

    @Test
    void withoutAnyClusterTheCommandSaysHowToNameOne() {
        assertThat(run("lag", "--data", folder.toString())).isEqualTo(2);
        assertThat(err.toString())
                .isEqualTo("realalign: No cluster is named and no demo has run in " + folder.toAbsolutePath()
                        + ": give --config FILE or -D bootstrap.servers=HOST:PORT, or the data folder of a demo with --data."
                        + System.lineSeparator());
    }

    private int run(String... args) {
        CommandLine command = RealAlignCommand.commandLine();
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        return command.execute(args);
    }

    private static List<String> prefixed(List<String> words) {
        List<String> all = new ArrayList<>(List.of("realalign"));
        all.addAll(words);
        return all;
    }
}
