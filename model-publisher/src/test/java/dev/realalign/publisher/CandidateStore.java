package dev.realalign.publisher;

import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.BaseModel;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.LedgerMark;
import dev.realalign.schemas.Measures;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.schemas.StoreFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Writes candidates as the trainer does: small adapters of real tensors. */
final class CandidateStore {
    static final AdapterShape.Lora SHAPE = AdapterShape.lora(2, 4, List.of("to_q", "to_out.0"));
    static final BaseModel BASE = new BaseModel("tiny-base", Candidates.digest("tiny-base"));
    private static final List<String> MODULES = List.of("unet.mid.attn1.to_q", "unet.mid.attn1.to_out.0");

    final CheckpointLayout layout;

    CandidateStore(Path root) {
        this.layout = new CheckpointLayout(root);
    }

    Draft candidate(long step) {
        return new Draft(step);
    }

    /** A candidate about to be written; every deviation from a sound one is a method. */
    final class Draft {
        private final long step;
        private final Map<String, Double> metrics = new TreeMap<>(Map.of(Measures.HELD_OUT_PREFERRED_RATIO, 1.001));
        private AdapterShape shape = SHAPE;
        private BaseModel base = BASE;
        private boolean average = true;
        private boolean garbage;
        private byte @Nullable [] errors;
        private double weight = 1;
        private double averageWeight = 0.5;
        private List<String> modules = MODULES;
        private int rankOfTensors = SHAPE.rank();
        private double alpha = SHAPE.alpha();
        private boolean full;
        private int biases = 5;

        private Draft(long step) {
            this.step = step;
        }

        Draft shape(AdapterShape.Lora other) {
            shape = other;
            rankOfTensors = other.rank();
            alpha = other.alpha();
            return this;
        }

        /** A full difference, in its manifest and in its tensors. */
        Draft full() {
            shape = AdapterShape.full(SHAPE.targets());
            return fullTensors();
        }

        /** Full differences, whatever the manifest says. */
        Draft fullTensors() {
            full = true;
            return this;
        }

        /** The length of each bias's difference; 5 is right. */
        Draft biases(int length) {
            biases = length;
            return this;
        }

        Draft rankOfTensors(int rank) {
            rankOfTensors = rank;
            return this;
        }

        Draft alphaOfTensors(double value) {
            alpha = value;
            return this;
        }

        Draft base(BaseModel other) {
            base = other;
            return this;
        }

        Draft withoutAverage() {
            average = false;
            return this;
        }

        Draft weight(double value) {
            weight = value;
            return this;
        }

        Draft averageWeight(double value) {
            averageWeight = value;
            return this;
        }

        Draft modules(String... names) {
            modules = List.of(names);
            return this;
        }

        Draft metric(String name, double value) {
            metrics.put(name, value);
            return this;
        }

        /** Errors on eight images at two noise levels: an image's own, times a factor. */
        Draft errors(double factor) {
            errors = heldOutErrors(8, factor).toBytes();
            return this;
        }

        Draft errors(byte[] bytes) {
            errors = bytes.clone();
            return this;
        }

        Draft withoutMetrics() {
            metrics.clear();
            return this;
        }

        /** An adapter file that is hashed and listed, but no safetensors file. */
        Draft garbageAdapter() {
            garbage = true;
            average = false;
            return this;
        }

        CheckpointCandidate write() throws IOException {
            String name = CheckpointLayout.candidateName(step, 1);
            Path place = layout.candidate(Candidates.MODEL, name);
            Map<String, Long> next = Map.of("preference-triples-0", step * 8);
            try (StoreFolder.Draft draft = StoreFolder.draft(place)) {
                List<FileEntry> files = new ArrayList<>();
                if (garbage) {
                    draft.write(CheckpointLayout.ADAPTER, new byte[100]);
                } else {
                    writeAdapter(draft.file(CheckpointLayout.ADAPTER), weight);
                }
                files.add(FileEntry.of(draft.file(CheckpointLayout.ADAPTER)));
                if (average) {
                    writeAdapter(draft.file(CheckpointLayout.EMA), averageWeight);
                    files.add(FileEntry.of(draft.file(CheckpointLayout.EMA)));
                }
                draft.write(CheckpointLayout.OPTIMIZER, new byte[] {1, 2, 3});
                files.add(FileEntry.of(draft.file(CheckpointLayout.OPTIMIZER)));
                if (errors != null) {
                    draft.write(CheckpointLayout.HELD_OUT_ERRORS, errors);
                    files.add(FileEntry.of(draft.file(CheckpointLayout.HELD_OUT_ERRORS)));
                }
                CandidateManifest manifest = new CandidateManifest(
                        CandidateManifest.FORMAT,
                        Candidates.MODEL,
                        name,
                        step,
                        step * 8,
                        next,
                        base,
                        shape,
                        new ObjectiveSettings("dpo", "beta / 2", Map.of("beta", "2000")),
                        Map.of("run", 7L),
                        null,
                        null,
                        metrics,
                        null,
                        null,
                        files,
                        Candidates.NOW.minusSeconds(1),
                        "",
                        Candidates.digest("configuration"),
                        new LedgerMark(1, step, Candidates.digest("ledger")));
                draft.write(CheckpointLayout.MANIFEST, manifest.toBytes());
                draft.finish();
                return CheckpointCandidate.newBuilder()
                        .setModel(Candidates.MODEL)
                        .setCandidate(name)
                        .setDigest(manifest.digest())
                        .setLocation(CheckpointLayout.location(place))
                        .setStep(step)
                        .setTriples(step * 8)
                        .setNextOffsets(next)
                        .setMetrics(metrics)
                        .setCreatedAt(manifest.createdAt())
                        .build();
            }
        }

        private void writeAdapter(Path file, double value) {
            try (TensorScope scope = TensorScope.open()) {
                Map<String, Tensor> tensors = new TreeMap<>();
                for (String module : modules) {
                    if (full) {
                        tensors.put(module + ".diff", Tensor.randn(step, 5, 6).mul(value));
                        tensors.put(module + ".diff_b", Tensor.randn(step + 1, biases));
                        continue;
                    }
                    tensors.put(module + ".lora_A.weight", Tensor.randn(step, rankOfTensors, 6));
                    if (alpha != rankOfTensors) {
                        tensors.put(module + ".alpha", Tensor.scalar(alpha));
                    }
                    tensors.put(
                            module + ".lora_B.weight",
                            Tensor.randn(step + 1, 5, rankOfTensors).mul(value));
                }
                SafeTensors.write(file, tensors, Map.of());
            }
        }
    }

    /** Errors on some images at two noise levels, all in proportion to a factor. */
    static HeldOutErrors heldOutErrors(int images, double factor) {
        List<HeldOutErrors.Measurement> measurements = new ArrayList<>();
        for (int image = 1; image <= images; image++) {
            for (int slot = 0; slot < 2; slot++) {
                double own = 0.125 * image;
                measurements.add(new HeldOutErrors.Measurement(
                        Candidates.digest("image " + image), slot, 100 + 500 * slot, own * factor, own, own, own));
            }
        }
        return HeldOutErrors.of(measurements);
    }

    Path file(CheckpointCandidate candidate, String name) {
        return layout.candidate(candidate.getModel(), candidate.getCandidate()).resolve(name);
    }

    void flipByte(CheckpointCandidate candidate, String name, int position) throws IOException {
        Path file = file(candidate, name);
        byte[] bytes = Files.readAllBytes(file);
        bytes[position] ^= 1;
        Files.write(file, bytes);
    }
}
