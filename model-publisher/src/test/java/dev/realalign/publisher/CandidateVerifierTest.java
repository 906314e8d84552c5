package dev.realalign.publisher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.publisher.CandidateVerifier.Finding;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.BaseModel;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CandidateVerifierTest {
    private static final String UP = "unet.mid.attn1.to_q.lora_B.weight";

    @TempDir
    Path root;

    private CandidateStore store;
    private CandidateVerifier verifier;

    @BeforeEach
    void begin() {
        store = new CandidateStore(root);
        verifier = new CandidateVerifier(store.layout);
    }

    @Test
    @DisplayName("A sound candidate is published by its moving average")
    void sound() throws IOException {
        CheckpointCandidate candidate = store.candidate(10).write();

        Finding finding = verifier.verify(candidate, null);

        assertThat(finding.problems()).isEmpty();
        assertThat(finding.sound().orElseThrow().adapter()).isEqualTo(store.file(candidate, "ema.safetensors"));
        assertThat(finding.sound().orElseThrow().manifest().step()).isEqualTo(10);
    }

    @Test
    @DisplayName("A candidate without a moving average is published by its adapter")
    void withoutAverage() throws IOException {
        CheckpointCandidate candidate = store.candidate(10).withoutAverage().write();

        assertThat(verifier.verify(candidate, null).sound().orElseThrow().adapter())
                .isEqualTo(store.file(candidate, "adapter.safetensors"));
    }

    @ParameterizedTest(name = "a flipped byte in {0}")
    @ValueSource(strings = {"adapter.safetensors", "ema.safetensors", "optimizer.safetensors"})
    void flippedByte(String name) throws IOException {
        CheckpointCandidate candidate = store.candidate(10).write();
        String announced = Sha256.hex(store.file(candidate, name));
        store.flipByte(candidate, name, 2);

        assertThat(problems(candidate))
                .containsExactly(name + " has SHA-256 " + Sha256.hex(store.file(candidate, name))
                        + ", its manifest says " + announced);
    }

    @Test
    @DisplayName("A manifest of another digest than the announced is refused, whatever it says")
    void otherManifest() throws IOException {
        CheckpointCandidate candidate = store.candidate(10).write();
        store.flipByte(candidate, "manifest.json", 40);

        assertThat(problems(candidate))
                .containsExactly("manifest.json has SHA-256 " + Sha256.hex(store.file(candidate, "manifest.json"))
                        + ", the announcement says " + candidate.getDigest());
    }

    @Test
    @DisplayName("Missing and truncated files are all named at once")
    void missing() throws IOException {
        CheckpointCandidate candidate = store.candidate(10).write();
        Files.delete(store.file(candidate, "optimizer.safetensors"));
        Files.write(store.file(candidate, "ema.safetensors"), new byte[7]);

        assertThat(problems(candidate))
                .hasSize(2)
                .anySatisfy(problem -> assertThat(problem).isEqualTo("optimizer.safetensors is missing"))
                .anySatisfy(
                        problem -> assertThat(problem).startsWith("ema.safetensors has 7 bytes, its manifest says "));
    }

    @Test
    @DisplayName("A folder without its manifest is refused")
    void noManifest() throws IOException {
        CheckpointCandidate candidate = store.candidate(10).write();
        Files.delete(store.file(candidate, "manifest.json"));

        assertThat(problems(candidate))
                .containsExactly("manifest.json is missing in "
                        + store.file(candidate, "manifest.json").getParent());
    }

    @Test
    @DisplayName("A record that contradicts its manifest is refused with every contradiction")
    void contradictingRecord() throws IOException {
        CheckpointCandidate candidate = store.candidate(10).write();
        candidate = CheckpointCandidate.newBuilder(candidate)
                .setStep(11)
                .setNextOffsets(Map.of("preference-triples-0", 99L))
                .build();

        assertThat(problems(candidate))
                .containsExactly(
                        "step is 10, the announcement says 11",
                        "nextOffsets is {preference-triples-0=80}, the announcement says {preference-triples-0=99}");
    }

    @ParameterizedTest(name = "weights that hold {0}")
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void notFinite(double value) throws IOException {
        assertThat(problems(store.candidate(10).averageWeight(value).write()))
                .containsExactly(
                        "ema.safetensors: tensor unet.mid.attn1.to_out.0.lora_B.weight holds numbers that are not finite",
                        "ema.safetensors: tensor " + UP + " holds numbers that are not finite");
        assertThat(problems(store.candidate(20).weight(value).write()))
                .hasSize(2)
                .allSatisfy(problem -> assertThat(problem).startsWith("adapter.safetensors: "));
    }

    @Test
    @DisplayName("Tensors of another rank or alpha than the declared are refused with both figures")
    void otherRank() throws IOException {
        assertThat(problems(store.candidate(10)
                        .withoutAverage()
                        .rankOfTensors(3)
                        .alphaOfTensors(7)
                        .write()))
                .containsExactly(
                        "adapter.safetensors: its rank is 3, its manifest says 2",
                        "adapter.safetensors: its alpha is 7.0, its manifest says 4.0");
    }

    @Test
    @DisplayName("Layers outside the declared targets, and targets without a layer, are refused")
    void otherTargets() throws IOException {
        assertThat(problems(store.candidate(10)
                        .withoutAverage()
                        .modules("unet.mid.attn1.to_q", "unet.mid.attn1.to_k")
                        .write()))
                .containsExactly(
                        "adapter.safetensors: layer mid.attn1.to_k is none of the targets [to_out.0, to_q]",
                        "adapter.safetensors: no layer belongs to target to_out.0");
    }

    @Test
    @DisplayName("A file that is no safetensors file is refused by name, however well it is hashed")
    void noSafetensors() throws IOException {
        CheckpointCandidate candidate = store.candidate(10).garbageAdapter().write();

        assertThat(problems(candidate))
                .singleElement()
                .asString()
                .contains("adapter.safetensors", "not a safetensors file");
    }

    @Test
    @DisplayName("Rank, alpha, targets and base model stay what they are within a line")
    void lineChanged() throws IOException {
        BaseModel other = new BaseModel("other", Candidates.digest("other"));
        CheckpointCandidate candidate = store.candidate(10)
                .shape(AdapterShape.lora(4, 8, List.of("to_q", "to_out.0", "to_v")))
                .base(other)
                .modules("unet.mid.attn1.to_q", "unet.mid.attn1.to_out.0", "unet.mid.attn1.to_v")
                .write();

        assertThat(verifier.verify(candidate, parent(6)).problems())
                .containsExactly(
                        "rank is 4, version 6 says 2",
                        "alpha is 8.0, version 6 says 4.0",
                        "targets is [to_out.0, to_q, to_v], version 6 says [to_out.0, to_q]",
                        "base model is " + other.sha256() + ", version 6 says " + CandidateStore.BASE.sha256());
    }

    @Test
    @DisplayName("A full difference is as good as a LoRA, under the same rules")
    void full() throws IOException {
        assertThat(verifier.verify(store.candidate(10).full().write(), null).problems())
                .isEmpty();
        assertThat(problems(store.candidate(20)
                        .full()
                        .averageWeight(Double.NaN)
                        .modules("unet.mid.attn1.to_q", "unet.mid.attn1.to_k")
                        .write()))
                .containsExactly(
                        "adapter.safetensors: layer mid.attn1.to_k is none of the targets [to_out.0, to_q]",
                        "adapter.safetensors: no layer belongs to target to_out.0",
                        "ema.safetensors: layer mid.attn1.to_k is none of the targets [to_out.0, to_q]",
                        "ema.safetensors: no layer belongs to target to_out.0",
                        "ema.safetensors: tensor unet.mid.attn1.to_k.diff holds numbers that are not finite",
                        "ema.safetensors: tensor unet.mid.attn1.to_q.diff holds numbers that are not finite");
        assertThat(problems(
                        store.candidate(30).full().biases(4).withoutAverage().write()))
                .containsExactly(
                        "adapter.safetensors: unet.mid.attn1.to_out.0.diff_b has shape [4], expected [5]",
                        "adapter.safetensors: unet.mid.attn1.to_q.diff_b has shape [4], expected [5]");
    }

    @Test
    @DisplayName("Tensors of another kind than the manifest says are refused")
    void otherKind() throws IOException {
        assertThat(problems(store.candidate(10).fullTensors().withoutAverage().write()))
                .containsExactly(
                        "adapter.safetensors: it is a full difference(unet, 4 tensors), its manifest says LoRA of rank"
                                + " 2, alpha 4.0 and targets [to_out.0, to_q]");
    }

    @Test
    @DisplayName("A line keeps its kind of adapter")
    void kindChanged() throws IOException {
        assertThat(verifier.verify(store.candidate(10).full().write(), parent(6))
                        .problems())
                .containsExactly(
                        "adapter is full difference with targets [to_out.0, to_q], version 6 says LoRA of rank 2, alpha"
                                + " 4.0 and targets [to_out.0, to_q]");
    }

    @Test
    @DisplayName("A name that could leave the folder is refused before anything is opened")
    void escapingName() throws IOException {
        CheckpointCandidate candidate = CheckpointCandidate.newBuilder(
                        store.candidate(10).write())
                .setCandidate("../versions")
                .build();

        assertThat(problems(candidate))
                .containsExactly("a candidate is named like step-0000000120-s0001, not \"../versions\"");
    }

    @Test
    @DisplayName("A candidate that lies in another store is the configuration's fault, not its own")
    void otherStore(@TempDir Path elsewhere) throws IOException {
        CheckpointCandidate candidate =
                new CandidateStore(elsewhere).candidate(10).write();

        assertThatThrownBy(() -> verifier.verify(candidate, null))
                .isInstanceOf(UserErrorException.class)
                .hasMessage("candidate step-0000000010-s0001 was written to "
                        + CheckpointLayout.location(elsewhere.resolve("models/tiny/candidates/step-0000000010-s0001"))
                        + ", but this publisher's checkpoint store is " + root
                        + " and does not hold it. Give trainer and"
                        + " publisher the same checkpoint.store.uri and see that it is mounted.");
    }

    @Test
    @DisplayName("A candidate whose folder is gone from the right store is refused")
    void folderGone() throws IOException {
        CheckpointCandidate candidate = CheckpointCandidate.newBuilder(
                        store.candidate(10).write())
                .setCandidate("step-0000000011-s0001")
                .setLocation(CheckpointLayout.location(root.resolve("models/tiny/candidates/step-0000000011-s0001")))
                .build();

        assertThat(problems(candidate)).singleElement().asString().startsWith("manifest.json is missing in ");
    }

    private List<String> problems(CheckpointCandidate candidate) throws IOException {
        Finding finding = verifier.verify(candidate, null);
        assertThat(finding.sound()).isEmpty();
        return finding.problems();
    }

    private static VersionManifest parent(long version) {
        return new VersionManifest(
                VersionManifest.FORMAT,
                Candidates.MODEL,
                version,
                version - 1,
                CandidateStore.BASE,
                CandidateStore.SHAPE,
                new ObjectiveSettings("dpo", "", Map.of()),
                5,
                40,
                8,
                Map.of(),
                null,
                null,
                7,
                Map.of(),
                new VersionManifest.Candidate("step-5", Candidates.digest("step-5"), Instant.EPOCH),
                List.of(new FileEntry("a", Candidates.digest("a"), 1)),
                "",
                Candidates.digest("configuration"));
    }
}
