package dev.realalign.trainer.loop;

import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.BaseModel;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.schemas.Sha256;
import dev.realalign.trainer.learn.HeldOutMeasure;
import dev.realalign.trainer.learn.Learner;
import dev.realalign.trainer.learn.StepMetrics;
import dev.realalign.trainer.stage.StageMark;
import dev.realalign.trainer.triple.TrainingPair;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * A learner in stages whose weights are a digest of all it was ever taught, in order: anything
 * lost, repeated or moved shows.
 */
final class FoldingLearner implements Learner {
    static final int RESOLUTION = 4;
    final List<List<String>> steps = new ArrayList<>();
    String weights = "untrained";
    /** Steps of every stage but the last, which has no end. */
    List<Integer> stageSteps = List.of();

    /** Without an end the last stage goes on; with one it is over after four steps. */
    boolean endless = true;

    /** Whether the reference becomes each accepted version. */
    boolean followsAccepted;

    private long referenceStep;
    private int stage = 1;
    private int stepsInStage;
    /** Rank of its LoRA; 0 for a full difference. */
    int rank = 4;

    long seed = 7;
    double loss = 0.5;
    /** Error on held-out real images; the reference has 1. */
    double heldOutMW = 1;

    double factor = 0.5;
    CrashPoints crashes = CrashPoints.none();

    @Override
    public int resolution() {
        return RESOLUTION;
    }

    @Override
    public BaseModel base() {
        return new BaseModel("base", Sha256.hex(new byte[] {1}));
    }

    @Override
    public AdapterShape adapter() {
        return rank == 0 ? AdapterShape.full(List.of("all")) : AdapterShape.lora(rank, rank, List.of("to_q"));
    }

    @Override
    public ObjectiveSettings objective() {
        return new ObjectiveSettings("fold", "", Map.of("stage", Integer.toString(stage)));
    }

    @Override
    public OptionalDouble factorMinimum() {
        return OptionalDouble.of(0.02);
    }

    @Override
    public StageMark stageMark() {
        return new StageMark(stage, stageSteps.size() + 1, "fold");
    }

    @Override
    public Optional<String> stageEnd() {
        int steps = stage <= stageSteps.size() ? stageSteps.get(stage - 1) : endless ? Integer.MAX_VALUE : 4;
        return stepsInStage >= steps ? Optional.of("its " + stepsInStage + " steps are done") : Optional.empty();
    }

    @Override
    public void enterStage(int number, long step) {
        stage = number;
        stepsInStage = 0;
        weights = Sha256.hex((weights + "|stage " + number + " after " + step).getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public long runSeed() {
        return seed;
    }

    @Override
    public String referenceDigest() {
        return Sha256.hex(new byte[] {2, (byte) stage, (byte) referenceStep});
    }

    @Override
    public long referenceStep() {
        return referenceStep;
    }

    @Override
    public OptionalLong followedReference() {
        return followsAccepted ? OptionalLong.of(referenceStep) : OptionalLong.empty();
    }

    @Override
    public void refreshReference(Path folder, long step) throws IOException {
        String[] saved = Files.readString(folder.resolve(CheckpointLayout.EMA)).split(" ");
        referenceStep = step;
        weights = Sha256.hex((weights + "|reference " + saved[0]).getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public StepMetrics step(long step, List<TrainingPair> pairs) {
        crashes.pass();
        List<String> taught = pairs.stream().map(TrainingPair::imageId).toList();
        steps.add(taught);
        stepsInStage++;
        boolean applied = Double.isFinite(loss);
        if (applied) {
            weights = Sha256.hex((weights + "|" + step + "|" + taught).getBytes(StandardCharsets.UTF_8));
        }
        crashes.pass();
        return new StepMetrics(
                pairs.size(), loss, 1, 1, 1, 1, 0.5, factor, 1, 0.1, 1e-3, 1, applied, Collections.emptySortedMap());
    }

    @Override
    public Optional<HeldOutMeasure> measure(List<TrainingPair> heldOut) {
        return heldOut.isEmpty()
                ? Optional.empty()
                : Optional.of(new HeldOutMeasure(
                        heldOut.size(), heldOutMW, 2, 1, 1, 0.75, errors(heldOut), Collections.emptySortedMap()));
    }

    @Override
    public void save(Path folder) throws IOException {
        for (String name : List.of(
                CheckpointLayout.ADAPTER,
                CheckpointLayout.EMA,
                CheckpointLayout.REFERENCE,
                CheckpointLayout.OPTIMIZER)) {
            crashes.pass();
            Files.writeString(folder.resolve(name), weights + " " + stage + " " + stepsInStage + " " + referenceStep);
        }
        crashes.pass();
    }

    @Override
    public void load(Path folder) throws IOException {
        String[] saved =
                Files.readString(folder.resolve(CheckpointLayout.ADAPTER)).split(" ");
        weights = saved[0];
        stage = Integer.parseInt(saved[1]);
        stepsInStage = Integer.parseInt(saved[2]);
        referenceStep = Long.parseLong(saved[3]);
    }

    @Override
    public void close() {}

    private HeldOutErrors errors(List<TrainingPair> heldOut) {
        return HeldOutErrors.of(heldOut.stream()
                .map(pair -> new HeldOutErrors.Measurement(pair.imageId(), 0, 500, heldOutMW, 2, 1, 1))
                .toList());
    }
}
