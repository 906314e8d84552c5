package dev.realalign.publisher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.AdapterFiles;
import dev.realalign.diffusion.lora.FullAdapter;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VersionWriterTest {
    @TempDir
    Path root;

    @Test
    @DisplayName("A full difference is published once, under the names other programs load; a LoRA under both")
    void files() throws IOException {
        CandidateStore store = new CandidateStore(root);
        VersionManifest full = publish(store, store.candidate(10).full().write(), new LineState("full"));
        VersionManifest lora = publish(store, store.candidate(20).write(), new LineState("lora"));

        assertThat(full.files()).extracting(FileEntry::name).containsExactly("full-v00000001.safetensors");
        assertThat(full.adapterFile()).isEqualTo("full-v00000001.safetensors");
        assertThat(full.adapter()).isEqualTo(AdapterShape.full(List.of("to_out.0", "to_q")));
        assertThat(lora.files())
                .extracting(FileEntry::name)
                .containsExactly("lora-v00000001.safetensors", "pytorch_lora_weights.safetensors");
        try (SafeTensors published =
                        SafeTensors.open(store.layout.version("full", 1).resolve(full.adapterFile()));
                Adapter trained = AdapterFiles.load(store.layout
                        .candidate(Candidates.MODEL, CheckpointLayout.candidateName(10, 1))
                        .resolve(CheckpointLayout.EMA))) {
            assertThat(trained).isInstanceOf(FullAdapter.class);
            assertThat(published.entries()).hasSameSizeAs(trained.parameters());
        }
    }

    private static VersionManifest publish(CandidateStore store, CheckpointCandidate candidate, LineState line)
            throws IOException {
        CandidateVerifier.SoundCandidate sound = new CandidateVerifier(store.layout)
                .verify(candidate, null)
                .sound()
                .orElseThrow();
        return new VersionWriter(store.layout, Optional.empty(), PublishingStep.Observer.NONE)
                .write(candidate, sound, Map.of(), line, () -> {});
    }
}
