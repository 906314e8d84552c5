package dev.realalign.trainer.learn;

import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.BaseModel;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.trainer.stage.StageMark;
import dev.realalign.trainer.triple.TrainingPair;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Weights under training. A learner is a function of its start, of the steps taken and of the run seed: the same steps
 * over the same pairs end in the same bits. Used by one thread.
 */
public interface Learner extends AutoCloseable {

    /** Width and height of the images it trains on, in pixels. */
    int resolution();

    /** The frozen model. */
    BaseModel base();

    /** Shape of the adapter. */
    AdapterShape adapter();

    /** What is minimised in the stage under training. */
    ObjectiveSettings objective();

    /** Mean gradient factor below which the objective under training learns nothing any more, where it declares one. */
    OptionalDouble factorMinimum();

    /** The stage under training. */
    StageMark stageMark();

    /** Why that stage is over after the steps taken; empty while it is not. A function of those steps alone. */
    Optional<String> stageEnd();

    /**
     * Begins a stage.
     *
     * @param number number of the stage, from 1
     * @param step last step taken before
     */
    void enterStage(int number, long step);

    /** Seed of the run. */
    long runSeed();

    /** SHA-256 of the reference adapter's file, in lower-case hex. */
    String referenceDigest();

    /** Last step behind the reference's weights; 0 for those of the beginning. */
    long referenceStep();

    /** Last step behind the reference's weights, where the stage's rule makes it follow accepted versions; else empty. */
    OptionalLong followedReference();

    /**
     * Makes a candidate's published weights the reference.
     *
     * @param folder what {@link #save} wrote
     * @param step last step behind them
     */
    void refreshReference(Path folder, long step) throws IOException;

    /**
     * Takes one optimizer step.
     *
     * @param step number of the step, from 1; part of the address of every random draw
     * @param pairs members of the batch, in the plan's order
     */
    StepMetrics step(long step, List<TrainingPair> pairs);

    /** Measures the averaged adapter on held-out pairs; empty when there are none. */
    Optional<HeldOutMeasure> measure(List<TrainingPair> heldOut);

    /**
     * Writes adapter, averaged adapter, reference adapter, lagged adapter where the stage has one, optimizer state and the
     * stage's progress into a folder, under the names of {@link
     * dev.realalign.schemas.CheckpointLayout}.
     */
    void save(Path folder) throws IOException;

    /** Goes on from what {@link #save} wrote. */
    void load(Path folder) throws IOException;

    @Override
    void close();
}
