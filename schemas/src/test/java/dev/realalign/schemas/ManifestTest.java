package dev.realalign.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ManifestTest {
    private static final String A = "a".repeat(64);
    private static final String B = "b".repeat(64);

    private static CandidateManifest candidate() {
        Map<String, Long> offsets = new LinkedHashMap<>();
        offsets.put("preference-triples-2", 7L);
        offsets.put("preference-triples-0", 9L);
        return new CandidateManifest(
                1,
                "cats",
                "step-0000000120",
                120,
                960,
                offsets,
                new BaseModel("tiny-photo", A),
                AdapterShape.lora(4, 8.0, List.of("to_v", "to_q", "to_k", "to_out.0")),
                new ObjectiveSettings("dpo", "sigma of mean squared errors", Map.of("beta", "2000", "mu", "0.5")),
                Map.of("run", -3L, "held-out", 5L),
                B,
                "held-out.avro",
                Map.of("loss", 0.6931471805599453, "accuracy", 0.5),
                Instant.parse("2020-01-02T03:04:05.678901Z"),
                null,
                List.of(new FileEntry("held-out.avro", B, 12), new FileEntry("adapter.safetensors", A, 34)),
                Instant.parse("2026-11-23T07:30:00Z"),
                "0123abc",
                A,
                new LedgerMark(3, 417, B));
    }

    private static VersionManifest version() {
        return new VersionManifest(
                1,
                "cats",
                2,
                1L,
                new BaseModel("tiny-photo", A),
                AdapterShape.lora(4, 8.0, List.of("to_q")),
                new ObjectiveSettings("sft", "", Map.of()),
                120,
                960,
                480,
                Map.of("preference-triples-0", new VersionManifest.Offsets(3, 9)),
                null,
                null,
                -3,
                Map.of("m_w/r_w", 1.01),
                new VersionManifest.Candidate("step-0000000120", B, Instant.parse("2026-11-23T07:30:00Z")),
                List.of(new FileEntry("pytorch_lora_weights.safetensors", A, 34)),
                "",
                A);
    }

    @Test
    void a_version_manifest_has_one_spelling() {
        assertThat(new String(version().toBytes(), StandardCharsets.UTF_8))
                .isEqualTo(
                        """
                        {
                          "adapter" : {
                            "alpha" : 8.0,
                            "rank" : 4,
                            "targets" : [
                              "to_q"
                            ]
                          },
                          "base" : {
                            "id" : "tiny-photo",
                            "sha256" : "%1$s"
                          },
                          "candidate" : {
                            "createdAt" : "2026-11-23T07:30:00Z",
                            "digest" : "%2$s",
                            "name" : "step-0000000120"
                          },
                          "configDigest" : "%1$s",
                          "evaluation" : {
                            "m_w/r_w" : 1.01
                          },
                          "files" : [
                            {
                              "name" : "pytorch_lora_weights.safetensors",
                              "sha256" : "%1$s",
                              "size" : 34
                            }
                          ],
                          "firstEventTime" : null,
                          "format" : 1,
                          "gitRevision" : "",
                          "lastEventTime" : null,
                          "model" : "cats",
                          "objective" : {
                            "betaConvention" : "",
                            "name" : "sft",
                            "settings" : { }
                          },
                          "offsets" : {
                            "preference-triples-0" : {
                              "from" : 3,
                              "to" : 9
                            }
                          },
                          "parent" : 1,
                          "seed" : -3,
                          "step" : 120,
                          "triples" : 960,
                          "triplesSinceParent" : 480,
                          "version" : 2
                        }
                        """
                                .formatted(A, B));
    }

    @Test
    void manifests_come_back_equal_and_their_digest_is_that_of_their_bytes() throws IOException {
        CandidateManifest candidate = candidate();
        VersionManifest version = version();

        assertThat(CandidateManifest.parse(candidate.toBytes(), "m")).isEqualTo(candidate);
        assertThat(VersionManifest.parse(version.toBytes(), "m")).isEqualTo(version);
        assertThat(candidate.digest()).isEqualTo(Sha256.hex(candidate.toBytes()));
        assertThat(version.digest()).isEqualTo(Sha256.hex(version.toBytes()));
        assertThat(CandidateManifest.parse(candidate.toBytes(), "m").digest()).isEqualTo(candidate.digest());
    }

    @Test
    void order_of_maps_and_lists_does_not_change_the_bytes() {
        List<String> keys = new String(candidate().toBytes(), StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.startsWith("  \""))
                .map(line -> line.substring(3, line.indexOf('"', 3)))
                .toList();

        assertThat(keys).isSorted().hasSize(20);
        assertThat(candidate().nextOffsets().keySet()).containsExactly("preference-triples-0", "preference-triples-2");
        assertThat(candidate().adapter().targets()).containsExactly("to_k", "to_out.0", "to_q", "to_v");
        assertThat(candidate().files())
                .extracting(FileEntry::name)
                .containsExactly("adapter.safetensors", "held-out.avro");
        assertThat(candidate().firstEventTime()).isEqualTo(Instant.parse("2020-01-02T03:04:05.678Z"));
    }

    static Stream<Arguments> damaged() {
        return Stream.of(
                Arguments.of("\"step\" : 120,", "", "m, at step: the key is missing"),
                Arguments.of("\"step\" : 120", "\"step\" : 1.5", "m, at step: "),
                Arguments.of("\"step\" : 120", "\"step\" : \"120\"", "m, at step: "),
                Arguments.of("\"step\" : 120", "\"step\" : null", "m, at step: "),
                Arguments.of("\"step\" : 120", "\"step\" : -1", "m: step must be at least 0, not -1"),
                Arguments.of(
                        "\"step\" : 120", "\"step\" : 120, \"extra\" : 1", "m, at extra: the form has no such key"),
                Arguments.of("\"step\" : 120", "\"step\" : 120, \"step\" : 121", "m is not JSON"),
                Arguments.of(
                        "\"format\" : 1",
                        "\"format\" : 2",
                        "m has format 2, this release reads format 1: read it with the release that wrote it"),
                Arguments.of(
                        "\"format\" : 1", "\"format\" : \"x\"", "m is no manifest: it has no whole number \"format\""),
                Arguments.of(
                        "\"size\" : 34",
                        "\"size\" : -34",
                        "m, at files[0]: size of adapter.safetensors must not be negative: -34"),
                Arguments.of(
                        "\"sha256\" : \"" + B,
                        "\"sha256\" : \"BB",
                        "m, at files[1]: sha256 of held-out.avro must be 64 lower-case hexadecimal digits"),
                Arguments.of(
                        "\"name\" : \"held-out.avro\"",
                        "\"name\" : \"../held-out.avro\"",
                        "m, at files[1]: a file of a checkpoint has a plain name, not \"../held-out.avro\""),
                Arguments.of(
                        "\"heldOutFile\" : \"held-out.avro\"",
                        "\"heldOutFile\" : \"x\"",
                        "m: heldOutFile names x, which files does not list"),
                Arguments.of(
                        "2026-11-23T07:30:00Z",
                        "yesterday",
                        "m, at createdAt: \"yesterday\" is no time such as 2026-11-23T07:30:00Z"),
                Arguments.of("\"run\"", "\"other\"", "m: seeds must name the seed of the run as \"run\""),
                Arguments.of("\"preference-triples-0\"", "\"nonsense\"", "m: a partition is named topic-number"),
                Arguments.of("\"rank\" : 4", "\"rank\" : 0", "m, at adapter: rank must be at least 1, not 0"),
                Arguments.of("\"rank\" : 4,", "", "m, at adapter.rank: the key is missing"),
                Arguments.of(
                        "\"rank\" : 4",
                        "\"rank\" : 4, \"kind\" : \"full\"",
                        "m, at adapter.kind: the form has no such key"),
                Arguments.of("\"model\" : \"cats\"", "\"model\" : \"../cats\"", "m: a model name has 1 to 64"),
                Arguments.of("\"triples\" : 960\n}", "\"triples\" : 960\n", "m is not JSON (line "),
                Arguments.of("\"triples\" : 960\n}", "\"triples\" : 960\n} {", "m"));
    }

    @Test
    void a_full_difference_says_its_kind_and_no_rank() throws InvalidManifestException {
        String full = "\"adapter\" : {\n    \"kind\" : \"full\",\n    \"targets\" : [\n      \"all\"\n    ]\n  }";
        byte[] bytes = new String(candidate().toBytes(), StandardCharsets.UTF_8)
                .replaceFirst("(?s)\"adapter\" : \\{.*?\\}", full)
                .getBytes(StandardCharsets.UTF_8);

        CandidateManifest read = CandidateManifest.parse(bytes, "m");

        assertThat(read.adapter())
                .isEqualTo(AdapterShape.full(List.of("all")))
                .hasToString("full difference with targets [all]");
        assertThat(read.toBytes()).isEqualTo(bytes);
        assertThatThrownBy(() -> CandidateManifest.parse(
                        new String(bytes, StandardCharsets.UTF_8)
                                .replace("\"full\"", "\"dora\"")
                                .getBytes(StandardCharsets.UTF_8),
                        "m"))
                .hasMessage("m, at adapter: kind must be full where no rank stands, not dora");
    }

    @Test
    void a_version_is_loaded_from_the_diffusers_file_of_a_lora_and_from_the_only_file_of_a_full_difference()
            throws InvalidManifestException {
        assertThat(version().adapterFile()).isEqualTo("pytorch_lora_weights.safetensors");
        byte[] full = new String(version().toBytes(), StandardCharsets.UTF_8)
                .replaceFirst(
                        "(?s)\"adapter\" : \\{.*?\\}", "\"adapter\" : {\"kind\" : \"full\", \"targets\" : [\"all\"]}")
                .getBytes(StandardCharsets.UTF_8);
        assertThat(VersionManifest.parse(full, "m").adapterFile()).isEqualTo("cats-v00000002.safetensors");
    }

    @ParameterizedTest
    @MethodSource("damaged")
    void a_damaged_manifest_is_refused_at_the_place_and_with_the_rule(String found, String put, String message) {
        String text = new String(candidate().toBytes(), StandardCharsets.UTF_8);
        assertThat(text).contains(found);
        byte[] damaged = text.replace(found, put).getBytes(StandardCharsets.UTF_8);

        assertThatThrownBy(() -> CandidateManifest.parse(damaged, "m"))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageStartingWith(message)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @MethodSource("noJson")
    void what_is_no_json_is_refused_in_one_line(byte[] bytes) {
        assertThatThrownBy(() -> VersionManifest.parse(bytes, "manifest.json"))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageStartingWith("manifest.json is no")
                .hasMessageNotContaining("\n");
    }

    static Stream<byte[]> noJson() {
        byte[] truncated = version().toBytes();
        return Stream.of(
                new byte[0],
                new byte[] {0, 1, 2},
                "[]".getBytes(StandardCharsets.UTF_8),
                "null".getBytes(StandardCharsets.UTF_8),
                Arrays.copyOf(truncated, truncated.length / 2));
    }

    @Test
    void a_measure_that_is_no_number_cannot_be_written() {
        assertThatThrownBy(() -> ManifestRules.measures("metrics", Map.of("loss", Double.NaN)))
                .hasMessage("metrics.loss must be a finite number, not NaN");
    }

    @Test
    void a_version_follows_its_parent() {
        byte[] orphan = new String(version().toBytes(), StandardCharsets.UTF_8)
                .replace("\"parent\" : 1", "\"parent\" : 2")
                .getBytes(StandardCharsets.UTF_8);

        assertThatThrownBy(() -> VersionManifest.parse(orphan, "m"))
                .hasMessage("m: parent must be a version before 2, not 2");
    }
}
