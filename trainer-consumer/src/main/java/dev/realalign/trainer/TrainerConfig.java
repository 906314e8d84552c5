package dev.realalign.trainer;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.lora.AdapterConfig;
import dev.realalign.diffusion.lora.FullConfig;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.optim.AdamW;
import dev.realalign.diffusion.schedule.PredictionType;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.runtime.Build;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ModelConfig;
import dev.realalign.runtime.Rules;
import dev.realalign.runtime.ServiceConfig;
import dev.realalign.runtime.StoreConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.Topics;
import dev.realalign.trainer.learn.EngineSettings;
import dev.realalign.trainer.learn.LearnerSettings;
import dev.realalign.trainer.learn.SamplerSettings;
import dev.realalign.trainer.loop.AlarmAction;
import dev.realalign.trainer.loop.LoopSettings;
import dev.realalign.trainer.plan.Admission;
import dev.realalign.trainer.plan.HoldOutRule;
import dev.realalign.trainer.plan.ReplayRule;
import dev.realalign.trainer.plan.SourceWeights;
import dev.realalign.trainer.stage.ObjectiveChoice;
import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import dev.realalign.trainer.stage.RateSchedule;
import dev.realalign.trainer.stage.ReferenceRule;
import dev.realalign.trainer.stage.Stage;
import dev.realalign.trainer.stage.StagePlan;
import dev.realalign.trainer.stage.StagePlanText;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigException;
import org.jspecify.annotations.Nullable;

/**
 * What a trainer needs to know.
 *
 * @param cluster how to reach Kafka and the schema registry
 * @param store where candidates go
 * @param baseModel folder of the frozen model
 * @param threads CPU threads of one operation; 0 leaves the library's choice
 * @param bufferBytes decoded pictures kept ready, in bytes
 * @param instance name of this trainer among those of its line, empty for none
 * @param leaseTimeout how long the lease outlives its holder's last heartbeat
 * @param tensorBoard folder of event files for TensorBoard, where they are wanted
 * @param loop how the stream becomes batches and candidates
 * @param learner how the adapter is trained
 * @param preset settings that were named
 * @param curatedResolution width and height of the stream's pictures as the curator's key gives them, where it stands in
 *     the same configuration
 */
public record TrainerConfig(
        ClusterConfig cluster,
        CheckpointLayout store,
        Path baseModel,
        int threads,
        long bufferBytes,
        String instance,
        Duration leaseTimeout,
        Optional<Path> tensorBoard,
        LoopSettings loop,
        LearnerSettings learner,
        Optional<Preset> preset,
        Optional<String> curatedResolution) {

    private static final String PREFIX = "trainer.";

    /** Folder of the base model. */
    public static final String BASE_MODEL = PREFIX + "base.model";
    /** Seed of the run. */
    public static final String SEED = PREFIX + "seed";
    /** CPU threads. */
    public static final String THREADS = PREFIX + "threads";
    /** Where training happens. */
    public static final String DEVICES = PREFIX + "devices";
    /** What the frozen base computes in. */
    public static final String BASE_TYPE = PREFIX + "base.type";
    /** Whether intermediates are computed again in the backward pass. */
    public static final String GRADIENT_CHECKPOINTING = PREFIX + "gradient.checkpointing";
    /** Named settings. */
    public static final String PRESET = PREFIX + "preset";
    /** Stages of training. */
    public static final String STAGES = PREFIX + "stages";
    /** What is minimised. */
    public static final String OBJECTIVE = PREFIX + "objective";
    /** Strength of the pull towards the reference. */
    public static final String BETA = PREFIX + "objective.beta";
    /** Gamma of min-SNR weighting. */
    public static final String MIN_SNR_GAMMA = PREFIX + "objective.min.snr.gamma";
    /** Weight of DPO-positive's penalty. */
    public static final String POSITIVE_WEIGHT = PREFIX + "objective.positive.weight";
    /** Margin of dro. */
    public static final String DRO_MARGIN = PREFIX + "objective.dro.margin";
    /** Strength of nft. */
    public static final String NFT_STRENGTH = PREFIX + "objective.nft.strength";
    /** Evaluations of a sampled trajectory. */
    public static final String SAMPLER_STEPS = PREFIX + "sampler.steps";
    /** Pairs that share a trajectory. */
    public static final String POINTS_PER_TRAJECTORY = PREFIX + "sampler.points.per.trajectory";
    /** Steps between refreshes of what samples. */
    public static final String REFRESH_STEPS = PREFIX + "refresh.steps";
    /** Whether Diffusion-SDPO guards the preferred halves. */
    public static final String SDPO = PREFIX + "safeguard.sdpo";
    /** Mu of Diffusion-SDPO. */
    public static final String SDPO_MU = PREFIX + "safeguard.sdpo.mu";
    /** Weight of an added error on the preferred halves. */
    public static final String WINNER_SFT = PREFIX + "safeguard.winner.sft";
    /** Weight of an added distance to the reference. */
    public static final String ANCHOR = PREFIX + "safeguard.anchor";
    /** Kind of adapter. */
    public static final String ADAPTER_KIND = PREFIX + "adapter.kind";
    /** Rank of the adapter. */
    public static final String LORA_RANK = PREFIX + "lora.rank";
    /** Alpha of the adapter. */
    public static final String LORA_ALPHA = PREFIX + "lora.alpha";
    /** Layers with a low-rank term. */
    public static final String LORA_TARGETS = PREFIX + "lora.targets";
    /** Layers that are changed in full. */
    public static final String FULL_TARGETS = PREFIX + "full.targets";
    /** Largest norm of the adapter. */
    public static final String NORM_CAP = PREFIX + "adapter.norm.cap";
    /** Pairs in the network at once. */
    public static final String MICRO_BATCH_PAIRS = PREFIX + "micro.batch.pairs";
    /** Pairs of a full batch. */
    public static final String BATCH_PAIRS = PREFIX + "batch.pairs";
    /** Longest wait of a pair for others. */
    public static final String BATCH_MAX_WAIT_MS = PREFIX + "batch.max.wait.ms";
    /** Learning rate. */
    public static final String LEARNING_RATE = PREFIX + "learning.rate";
    /** Steps of the warm-up. */
    public static final String WARM_UP_STEPS = PREFIX + "learning.rate.warm.up.steps";
    /** Weight decay. */
    public static final String WEIGHT_DECAY = PREFIX + "adamw.weight.decay";
    /** Decay of the gradient's average. */
    public static final String BETA1 = PREFIX + "adamw.beta1";
    /** Decay of the squared gradient's average. */
    public static final String BETA2 = PREFIX + "adamw.beta2";
    /** Added to the denominator. */
    public static final String EPSILON = PREFIX + "adamw.epsilon";
    /** Largest norm of the gradients. */
    public static final String CLIP_NORM = PREFIX + "clip.norm";
    /** Share of pairs without caption. */
    public static final String CAPTION_DROPOUT = PREFIX + "caption.dropout";
    /** Share of mirrored pairs. */
    public static final String FLIP = PREFIX + "flip";
    /** Decay of the averaged adapter. */
    public static final String AVERAGE_DECAY = PREFIX + "average.decay";
    /** Steps between updates of the average. */
    public static final String AVERAGE_EVERY_STEPS = PREFIX + "average.every.steps";
    /** Share of held-out images. */
    public static final String HELD_OUT_FRACTION = PREFIX + "held.out.fraction";
    /** Largest held-out set. */
    public static final String HELD_OUT_MAX = PREFIX + "held.out.max";
    /** Timesteps of a held-out measurement. */
    public static final String HELD_OUT_TIMESTEPS = PREFIX + "held.out.timesteps";
    /** Steps between candidates. */
    public static final String CANDIDATE_EVERY_STEPS = PREFIX + "candidate.every.steps";
    /** Captions whose encodings are kept. */
    public static final String CAPTION_CACHE = PREFIX + "caption.cache";
    /** Memory for encoded images. */
    public static final String POSTERIOR_CACHE_BYTES = PREFIX + "posterior.cache.bytes";
    /** Decoded pictures kept ready. */
    public static final String BUFFER_BYTES = PREFIX + "buffer.bytes";
    /** Whether equal pictures must make equal ledgers. */
    public static final String DETERMINISTIC = PREFIX + "deterministic";
    /** Whether expired offsets are given up. */
    public static final String ACCEPT_GAP = PREFIX + "accept.gap";
    /** Headroom under which the trainer warns. */
    public static final String HEADROOM_ALERT_MS = PREFIX + "retention.headroom.alert.ms";
    /** Share of a batch that is trained again. */
    public static final String REPLAY_SHARE = PREFIX + "replay.share";
    /** Triples that may be trained again. */
    public static final String REPLAY_CAPACITY = PREFIX + "replay.capacity";
    /** Versions a negative's generator may lie behind. */
    public static final String STALENESS_MAX_VERSIONS = PREFIX + "staleness.max.versions";
    /** Share of each source that is trained. */
    public static final String SOURCE_WEIGHTS = PREFIX + "source.weights";
    /** What follows an alarm. */
    public static final String ALARM_ACTION = PREFIX + "alarm.action";
    /** Whether training that rests goes on. */
    public static final String RESUME = PREFIX + "resume";
    /** Name of this trainer. */
    public static final String INSTANCE = PREFIX + "instance";
    /** How long the lease outlives a heartbeat. */
    public static final String LEASE_TIMEOUT_MS = PREFIX + "lease.timeout.ms";
    /** Folder of event files. */
    public static final String TENSORBOARD_DIR = PREFIX + "tensorboard.dir";

    /** What a full difference has not. */
    static final List<String> LORA_SHAPE = List.of(LORA_RANK, LORA_ALPHA, LORA_TARGETS);

    private static final String LORA = "lora";
    static final String FULL = "full";

    private static final String FP32 = "fp32";
    private static final String BF16 = "bf16";

    /** The curator's key that says which negatives are in the stream. */
    private static final String NEGATIVE_MIX = "curation.negative.mix";
    /** The curator's key that says how large the pictures in the stream are; the trainer reads no other of its keys. */
    private static final String CURATED_RESOLUTION = "curation.resolution.px";
    /** Kinds of negatives with a lower denoising error than their originals. */
    private static final List<String> SMOOTHING = List.of("LOCAL_BLUR", "RESAMPLE_BLUR", "JPEG_ARTEFACTS");

    /** Keys of the trainer alone. */
    public static final ConfigDef DEFINITION = new ConfigDef()
            .define(
                    BASE_MODEL,
                    Type.STRING,
                    ConfigDef.NO_DEFAULT_VALUE,
                    Rules.notBlank(),
                    Importance.HIGH,
                    "Folder of the frozen base model in the diffusers layout, with its model_index.json.")
            .define(
                    SEED,
                    Type.LONG,
                    0L,
                    Importance.MEDIUM,
                    "Seed of every random draw of the run: noise, timesteps, mirroring, dropped captions, initial weights.")
            .define(
                    THREADS,
                    Type.INT,
                    0,
                    Rules.between(0, 1024),
                    Importance.MEDIUM,
                    "CPU threads of one tensor operation; 0 leaves the library's choice. Weights are repeatable to the bit"
                            + " for a fixed number.")
            .define(
                    DEVICES,
                    Type.LIST,
                    "cpu",
                    Rules.list(EngineSettings.DEVICES_FORM, EngineSettings::devices),
                    Importance.HIGH,
                    "Where training happens, such as cpu or cuda:0,cuda:1. Each device holds a replica of the network with a"
                            + " thread of its own; they share the pairs of a batch, and the gradients are summed in this order."
                            + " cpu,cpu makes two replicas with one copy of the base's weights, each of which uses as many"
                            + " threads as trainer.threads says. Weights are repeatable to the bit for a fixed number.")
            .define(
                    BASE_TYPE,
                    Type.STRING,
                    FP32,
                    Rules.oneOf(FP32, BF16),
                    Importance.MEDIUM,
                    "What the frozen base network and its text encoders compute in: fp32, or bf16 with half the memory for"
                            + " weights and activations. Adapters, gradients, losses and optimizer are fp32 always.")
            .define(
                    GRADIENT_CHECKPOINTING,
                    Type.BOOLEAN,
                    false,
                    Importance.MEDIUM,
                    "Whether the blocks of the network forget their intermediates and compute them again in the backward"
                            + " pass: less memory for more time, with the same gradients.")
            .define(
                    PRESET,
                    Type.STRING,
                    null,
                    Rules.oneOf(Preset.names()),
                    Importance.HIGH,
                    "Named settings that take the place of the defaults; every key given beside it wins. docs/training.md shows"
                            + " them with their sources.")
            .define(
                    STAGES,
                    Type.STRING,
                    null,
                    new StageRule(),
                    Importance.HIGH,
                    "Stages of training in order, such as \"dro steps=1600 growth=1%/100 rate=1e-4; dpo rate=2.56e-6\": each an"
                            + " objective and what it sets for itself of steps, growth, rate, warm-up, schedule, reference, mix,"
                            + " refresh, beta, sdpo, winner-sft, anchor and positive (docs/training.md). The other keys say the"
                            + " rest. Without it there is one stage of trainer.objective, without end.")
            .define(
                    OBJECTIVE,
                    Type.STRING,
                    "dpo",
                    Rules.oneOf(Arrays.stream(Kind.values()).map(Kind::text).toArray(String[]::new)),
                    Importance.HIGH,
                    "What training minimises: dpo (Diffusion-DPO), sft (the preferred images alone), ipo, hinge, dro (against"
                            + " trajectories of a lagged policy), spin (against samples of the iterate before), kto, mapo or nft"
                            + " (flow matching only).")
            .define(
                    BETA,
                    Type.DOUBLE,
                    2000.0,
                    Rules.positive(),
                    Importance.HIGH,
                    "Strength of the pull towards the reference in dpo, ipo, hinge, spin and kto, on errors averaged over"
                            + " elements and with the factor 1/2 of Diffusion-DPO.")
            .define(
                    MIN_SNR_GAMMA,
                    Type.DOUBLE,
                    5.0,
                    Rules.atLeast(0),
                    Importance.LOW,
                    "Gamma of min-SNR weighting in sft; 0 weighs every timestep the same.")
            .define(
                    POSITIVE_WEIGHT,
                    Type.DOUBLE,
                    0.0,
                    Rules.atLeast(0),
                    Importance.LOW,
                    "Weight of DPO-positive's penalty on preferred images that are predicted worse than by the reference;"
                            + " 0 is plain dpo.")
            .define(
                    DRO_MARGIN,
                    Type.DOUBLE,
                    ObjectiveChoice.MARGIN,
                    Rules.atLeast(0),
                    Importance.LOW,
                    "Margin of dro: how much better on the real image than on the trajectory is enough.")
            .define(
                    NFT_STRENGTH,
                    Type.DOUBLE,
                    1.0,
                    Rules.positive(),
                    Importance.LOW,
                    "How far the two implicit policies of nft lie from the old one.")
            .define(
                    SAMPLER_STEPS,
                    Type.INT,
                    20,
                    Rules.between(1, 1000),
                    Importance.MEDIUM,
                    "Evaluations of the network in a trajectory of dro or a sample of spin.")
            .define(
                    POINTS_PER_TRAJECTORY,
                    Type.INT,
                    1,
                    Rules.between(1, 8192),
                    Importance.MEDIUM,
                    "Pairs of a batch that take their point from one trajectory in dro: more make a step cheaper and its"
                            + " trajectories fewer.")
            .define(
                    REFRESH_STEPS,
                    Type.INT,
                    16,
                    Rules.atLeast(1),
                    Importance.MEDIUM,
                    "Steps from one refresh to the next of dro's lagged policy, of spin's previous iterate (a round) and of"
                            + " nft's old policy.")
            .define(
                    SDPO,
                    Type.BOOLEAN,
                    true,
                    Importance.MEDIUM,
                    "Whether Diffusion-SDPO weakens the rejected image's gradient, pair by pair, where it would make the"
                            + " preferred image worse.")
            .define(
                    SDPO_MU,
                    Type.DOUBLE,
                    0.9,
                    Rules.between(0, 1),
                    Importance.MEDIUM,
                    "How much of the interfering rejected gradient Diffusion-SDPO gives up: 0 just enough to first order,"
                            + " 1 all of it.")
            .define(
                    WINNER_SFT,
                    Type.DOUBLE,
                    0.0,
                    Rules.atLeast(0),
                    Importance.LOW,
                    "Weight of an added error on the preferred images, as a multiple of beta/2.")
            .define(
                    ANCHOR,
                    Type.DOUBLE,
                    0.0,
                    Rules.atLeast(0),
                    Importance.LOW,
                    "Weight of an added squared distance to the reference's predictions, as a multiple of beta/2.")
            .define(
                    ADAPTER_KIND,
                    Type.STRING,
                    LORA,
                    Rules.oneOf(LORA, FULL),
                    Importance.HIGH,
                    "What is trained on the frozen base: lora, low-rank terms on linear layers; or full, a difference to every"
                            + " element of a layer's weight and bias, norms and convolutions included, which takes 28 bytes of"
                            + " memory an element beside the base (docs/training.md). A line keeps its kind.")
            .define(
                    LORA_RANK,
                    Type.INT,
                    4,
                    Rules.between(1, 1024),
                    Importance.MEDIUM,
                    "Rank of a LoRA. A line keeps it.")
            .define(
                    LORA_ALPHA,
                    Type.DOUBLE,
                    4.0,
                    Rules.positive(),
                    Importance.MEDIUM,
                    "Alpha of a LoRA: its product is scaled by alpha / rank. A line keeps it.")
            .define(
                    LORA_TARGETS,
                    Type.LIST,
                    LoraConfig.ATTENTION,
                    Importance.MEDIUM,
                    "Linear layers that get a low-rank term, by the end of their path. A line keeps them.")
            .define(
                    FULL_TARGETS,
                    Type.LIST,
                    FullConfig.ALL,
                    Rules.list("ends of layers' paths, or " + FullConfig.ALL + " alone", FullConfig::new),
                    Importance.MEDIUM,
                    "Layers that are changed in full where trainer.adapter.kind is full, by the end of their path, such as"
                            + " to_k,to_v or norm1; all for every layer. A line keeps them.")
            .define(
                    NORM_CAP,
                    Type.DOUBLE,
                    0.0,
                    Rules.atLeast(0),
                    Importance.LOW,
                    "Largest 2-norm of the adapter's matrices together that are zero before training (a LoRA's up matrices, all"
                            + " of a full difference): a step that leads beyond is scaled back to it. 0 sets no bound.")
            .define(
                    MICRO_BATCH_PAIRS,
                    Type.INT,
                    0,
                    Rules.between(0, 8192),
                    Importance.MEDIUM,
                    "Pairs in the network at once; the gradients of a step's micro-batches are added up. 0 takes the whole"
                            + " batch at once.")
            .define(
                    BATCH_PAIRS,
                    Type.INT,
                    8,
                    Rules.between(1, 8192),
                    Importance.HIGH,
                    "Pairs of an optimizer step; a ledger entry lists them all and must fit into a record.")
            .define(
                    BATCH_MAX_WAIT_MS,
                    Type.LONG,
                    5_000L,
                    Rules.atLeast(0),
                    Importance.MEDIUM,
                    "How long a pair waits on a quiet stream before its batch is trained although it is not full.")
            .define(LEARNING_RATE, Type.DOUBLE, 1e-4, Rules.positive(), Importance.HIGH, "Learning rate of AdamW.")
            .define(
                    WARM_UP_STEPS,
                    Type.INT,
                    10,
                    Rules.atLeast(0),
                    Importance.MEDIUM,
                    "Steps over which the learning rate rises linearly to its value.")
            .define(
                    WEIGHT_DECAY,
                    Type.DOUBLE,
                    1e-4,
                    Rules.atLeast(0),
                    Importance.LOW,
                    "Decoupled weight decay of AdamW.")
            .define(BETA1, Type.DOUBLE, 0.9, Rules.between(0, 0.999999), Importance.LOW, "AdamW's first decay.")
            .define(BETA2, Type.DOUBLE, 0.999, Rules.between(0, 0.999999), Importance.LOW, "AdamW's second decay.")
            .define(EPSILON, Type.DOUBLE, 1e-8, Rules.positive(), Importance.LOW, "AdamW's epsilon.")
            .define(
                    CLIP_NORM,
                    Type.DOUBLE,
                    1.0,
                    Rules.positive(),
                    Importance.LOW,
                    "Largest 2-norm of all gradients together.")
            .define(
                    CAPTION_DROPOUT,
                    Type.DOUBLE,
                    0.2,
                    Rules.between(0, 1),
                    Importance.LOW,
                    "Share of pairs that train with the empty caption.")
            .define(
                    FLIP,
                    Type.DOUBLE,
                    0.5,
                    Rules.between(0, 1),
                    Importance.LOW,
                    "Share of pairs that are mirrored, both images together.")
            .define(
                    AVERAGE_DECAY,
                    Type.DOUBLE,
                    0.9,
                    Rules.between(0, 1),
                    Importance.LOW,
                    "Decay of the moving average of the adapter, which is what is published.")
            .define(
                    AVERAGE_EVERY_STEPS,
                    Type.INT,
                    8,
                    Rules.atLeast(1),
                    Importance.LOW,
                    "Steps from one update of the average to the next.")
            .define(
                    HELD_OUT_FRACTION,
                    Type.DOUBLE,
                    0.1,
                    Rules.between(0, 0.5),
                    Importance.MEDIUM,
                    "Share of the images that are measured instead of trained, while the held-out set is not full; 0"
                            + " measures none, and no publisher accepts such candidates by default.")
            .define(
                    HELD_OUT_MAX,
                    Type.INT,
                    64,
                    Rules.between(1, 100_000),
                    Importance.MEDIUM,
                    "Images in the full held-out set.")
            .define(
                    HELD_OUT_TIMESTEPS,
                    Type.INT,
                    8,
                    Rules.between(1, 1000),
                    Importance.LOW,
                    "Timesteps at which each held-out pair is measured, spread over the schedule.")
            .define(
                    CANDIDATE_EVERY_STEPS,
                    Type.INT,
                    16,
                    Rules.atLeast(1),
                    Importance.HIGH,
                    "Steps from one candidate to the next.")
            .define(
                    CAPTION_CACHE,
                    Type.INT,
                    256,
                    Rules.atLeast(0),
                    Importance.LOW,
                    "Captions whose encodings are kept in memory.")
            .define(
                    POSTERIOR_CACHE_BYTES,
                    Type.LONG,
                    256L << 20,
                    Rules.atLeast(0),
                    Importance.LOW,
                    "Memory for what the autoencoder made of images (mean and log-variance, plain and mirrored), in bytes, on"
                            + " the device that trains; measuring the held-out set and replay find theirs here. 0 keeps none.")
            .define(
                    BUFFER_BYTES,
                    Type.LONG,
                    32L << 20,
                    Rules.atLeast(1),
                    Importance.LOW,
                    "Decoded pictures that are kept ready, in bytes, before reading pauses.")
            .define(
                    DETERMINISTIC,
                    Type.BOOLEAN,
                    false,
                    Importance.MEDIUM,
                    "Whether two runs over the same pictures must make the same ledger and the same weights: batches close by"
                            + " size and on request only, whatever the wait, image.partitions must be 1, and a repeated step"
                            + " that measures other numbers stops the trainer instead of warning.")
            .define(
                    ACCEPT_GAP,
                    Type.BOOLEAN,
                    false,
                    Importance.MEDIUM,
                    "Whether triples that expired before they were trained are given up, each range as an entry of the"
                            + " ledger, instead of stopping the trainer at start.")
            .define(
                    HEADROOM_ALERT_MS,
                    Type.LONG,
                    86_400_000L,
                    Rules.atLeast(0),
                    Importance.MEDIUM,
                    "Time until the oldest untrained triple expires under which the trainer warns.")
            .define(
                    REPLAY_SHARE,
                    Type.DOUBLE,
                    0.0,
                    Rules.between(0, 0.9),
                    Importance.MEDIUM,
                    "Share of a batch, rounded to whole pairs, that is drawn from triples trained before, so that what is rare"
                            + " in the stream is not forgotten; 0 replays nothing and keeps no reservoir. The batch keeps its"
                            + " size.")
            .define(
                    REPLAY_CAPACITY,
                    Type.INT,
                    512,
                    Rules.between(1, 1_000_000),
                    Importance.LOW,
                    "Triples in the reservoir that replay draws from, a uniform sample of everything trained; their files lie"
                            + " in the checkpoint store, in the folder replay of the line.")
            .define(
                    STALENESS_MAX_VERSIONS,
                    Type.LONG,
                    8L,
                    Rules.atLeast(0),
                    Importance.MEDIUM,
                    "How many versions the model that made a negative may lie behind the newest accepted version; older"
                            + " negatives are not trained (STALE). Perturbations do not age.")
            .define(
                    SOURCE_WEIGHTS,
                    Type.LIST,
                    "",
                    Rules.list(SourceWeights.FORM, SourceWeights::parse),
                    Importance.LOW,
                    "Share of a source's triples that is trained, chosen by image id, by the beginning of the source's name"
                            + " (the longest that fits) or, where none fits, by trust tier; the others are skipped"
                            + " (SOURCE_WEIGHT). What is not named is trained whole.")
            .define(
                    ALARM_ACTION,
                    Type.STRING,
                    AlarmAction.PAUSE.text(),
                    Rules.oneOf(Arrays.stream(AlarmAction.values())
                            .map(AlarmAction::text)
                            .toArray(String[]::new)),
                    Importance.MEDIUM,
                    "What follows an alarm (docs/operations.md lists them) once training is back at the last good version:"
                            + " pause rests until somebody resumes it, rewind goes on at once, none looks for no alarms.")
            .define(
                    RESUME,
                    Type.BOOLEAN,
                    false,
                    Importance.MEDIUM,
                    "Whether training that rests after an alarm goes on; for one start, as train --resume.")
            .define(
                    INSTANCE,
                    Type.STRING,
                    "",
                    Importance.LOW,
                    "Name of this trainer among those of its model line. Restarted under the same name it takes its lease"
                            + " back at once; without a name it first waits until the lease of the one before has run out."
                            + " Two trainers that run at once must not share a name.")
            .define(
                    LEASE_TIMEOUT_MS,
                    Type.LONG,
                    6_000L,
                    Rules.between(1_000, 300_000),
                    Importance.LOW,
                    "How long a trainer's lease outlives its last heartbeat before a standby takes over. Brokers allow"
                            + " 6 s and more unless group.min.session.timeout.ms says otherwise.")
            .define(
                    TENSORBOARD_DIR,
                    Type.STRING,
                    null,
                    Rules.notBlank(),
                    Importance.LOW,
                    "Folder for TensorBoard event files with the measures of every step, below it one of each model line;"
                            + " left out, none are written.");

    /**
     * Reads configuration.
     *
     * @throws dev.realalign.runtime.UserErrorException naming every problem
     */
    public static TrainerConfig from(Map<String, String> given) {
        Map<String, String> effective = Preset.under(given);
        ServiceConfig config = ServiceConfig.definedBy(
                        ClusterConfig.DEFINITION, ModelConfig.DEFINITION, StoreConfig.CHECKPOINTS, DEFINITION)
                .rule(
                        List.of(OBJECTIVE, STAGES),
                        c -> !c.given().containsKey(OBJECTIVE)
                                || c.optionalText(STAGES).isEmpty(),
                        "stages name their objectives themselves. Leave one of the two out.")
                .rule(
                        List.of(OBJECTIVE, POSITIVE_WEIGHT),
                        c -> c.number(POSITIVE_WEIGHT) == 0
                                || c.optionalText(STAGES).isPresent()
                                || kind(c) == Kind.DPO,
                        "only dpo has a positive weight. Set it to 0 or choose dpo.")
                .rule(
                        List.of(OBJECTIVE, WINNER_SFT, ANCHOR),
                        c -> c.number(WINNER_SFT) + c.number(ANCHOR) == 0
                                || c.optionalText(STAGES).isPresent()
                                || kind(c).hasBeta(),
                        "winner-SFT and anchor are multiples of beta/2, and this objective has no beta. Set them to 0 or"
                                + " choose dpo, ipo, hinge, spin or kto.")
                .rule(
                        List.of(STAGES, POSITIVE_WEIGHT, WINNER_SFT, ANCHOR),
                        TrainerConfig::stagesAgree,
                        "a stage must have the terms these keys give it. Give them in the stages that can have them, as"
                                + " positive=, winner-sft= and anchor=.")
                .rule(
                        List.of(OBJECTIVE, STAGES),
                        c -> !trains(c, Kind.MAPO)
                                || hasNoSmoothingNegatives(c.given().get(NEGATIVE_MIX)),
                        "mapo has no reference, and a smoothed picture is predicted better than its original, so it would"
                                + " learn to smooth. Set " + NEGATIVE_MIX + " here, as the curator has it, without "
                                + String.join(", ", SMOOTHING) + ", or choose another objective.")
                .rule(
                        List.of(ADAPTER_KIND, LORA_RANK, LORA_ALPHA, LORA_TARGETS),
                        c -> !c.text(ADAPTER_KIND).equals(FULL)
                                || LORA_SHAPE.stream().noneMatch(c.given()::containsKey),
                        "a full difference has no rank and no alpha, and its layers are those of " + FULL_TARGETS
                                + ". Leave these out, or set "
                                + ADAPTER_KIND + " to " + LORA + ".")
                .rule(
                        List.of(ADAPTER_KIND, FULL_TARGETS),
                        c -> !c.text(ADAPTER_KIND).equals(LORA) || !c.given().containsKey(FULL_TARGETS),
                        "the layers of a LoRA are those of " + LORA_TARGETS + ". Leave out " + FULL_TARGETS
                                + ", or set " + ADAPTER_KIND + " to " + FULL + ".")
                .rule(
                        List.of(REPLAY_SHARE, BATCH_PAIRS),
                        c -> ReplayRule.draws(c.integer(BATCH_PAIRS), c.number(REPLAY_SHARE)) < c.integer(BATCH_PAIRS),
                        "no pair of a batch would be fresh. Lower the share or raise the pairs.")
                .rule(
                        List.of(DEVICES, BATCH_PAIRS),
                        c -> c.words(DEVICES).size() <= c.integer(BATCH_PAIRS),
                        "a replica would have no pair to train. Name fewer devices or raise the pairs.")
                .rule(
                        List.of(DETERMINISTIC, ClusterConfig.IMAGE_PARTITIONS),
                        c -> !c.flag(DETERMINISTIC) || c.integer(ClusterConfig.IMAGE_PARTITIONS) == 1,
                        "the order between partitions is nobody's. Set image.partitions to 1 or do without determinism.")
                .read(effective);
        return from(config);
    }

    private static boolean trains(ServiceConfig config, Kind kind) {
        try {
            return plan(config).stages().stream()
                    .anyMatch(stage -> stage.objective().kind() == kind);
        } catch (IllegalArgumentException e) {
            return false; // the rule before says what is wrong with the plan
        }
    }

    private static boolean hasNoSmoothingNegatives(@Nullable String mix) {
        return mix != null && SMOOTHING.stream().noneMatch(mix::contains);
    }

    /** Whether the stages can have what the keys give to all of them. */
    private static boolean stagesAgree(ServiceConfig config) {
        try {
            plan(config);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** A plan of stages, by itself: what contradicts other keys is another rule's matter. */
    private static final class StageRule implements ConfigDef.Validator {
        private static final Stage DEFAULTS =
                Stage.endless(ObjectiveChoice.of(Kind.DPO, 2000), RateSchedule.constant(1e-4, 0));

        @Override
        public void ensureValid(String name, @Nullable Object value) {
            if (value != null) {
                try {
                    StagePlanText.parse(value.toString(), DEFAULTS);
                } catch (IllegalArgumentException e) {
                    throw new ConfigException(name, value, String.valueOf(e.getMessage()));
                }
            }
        }

        @Override
        public String toString() {
            return "stages separated by semicolons, each an objective and settings like steps=100";
        }
    }

    private static Kind kind(ServiceConfig config) {
        return config.choice(OBJECTIVE, Kind.class);
    }

    private static TrainerConfig from(ServiceConfig config) {
        return new TrainerConfig(
                ClusterConfig.from(config),
                CheckpointLayout.of(StoreConfig.checkpoints(config)),
                config.path(BASE_MODEL),
                config.integer(THREADS),
                config.longInteger(BUFFER_BYTES),
                config.text(INSTANCE),
                config.duration(LEASE_TIMEOUT_MS),
                config.optionalText(TENSORBOARD_DIR).map(Path::of),
                new LoopSettings(
                        ModelConfig.name(config),
                        Topics.PREFERENCE_TRIPLES.name(),
                        config.integer(BATCH_PAIRS),
                        config.duration(BATCH_MAX_WAIT_MS),
                        new HoldOutRule(config.number(HELD_OUT_FRACTION), config.integer(HELD_OUT_MAX)),
                        config.integer(CANDIDATE_EVERY_STEPS),
                        Build.current().revision(),
                        config.digest(PREFIX),
                        config.flag(DETERMINISTIC),
                        config.flag(ACCEPT_GAP),
                        config.duration(HEADROOM_ALERT_MS),
                        new Admission(
                                config.longInteger(SEED),
                                config.longInteger(STALENESS_MAX_VERSIONS),
                                SourceWeights.parse(config.words(SOURCE_WEIGHTS))),
                        ReplayRule.of(
                                config.integer(BATCH_PAIRS),
                                config.number(REPLAY_SHARE),
                                config.integer(REPLAY_CAPACITY)),
                        config.choice(ALARM_ACTION, AlarmAction.class),
                        config.flag(RESUME)),
                learner(config),
                Preset.named(config.given()),
                Optional.ofNullable(config.given().get(CURATED_RESOLUTION)));
    }

    /**
     * Loads the base model, which the caller closes.
     *
     * @throws UserErrorException when it cannot be used, or the settings do not go with it
     */
    public DiffusionModel loadBaseModel() {
        List<String> missing = unusableDevices();
        if (!missing.isEmpty()) {
            throw UserErrorException.usage(missing);
        }
        try {
            DiffusionModel model =
                    DiffusionModel.load(baseModel, learner.engine().loadOptions());
            List<String> problems = problemsWith(model);
            if (!problems.isEmpty()) {
                model.close();
                throw UserErrorException.usage(problems);
            }
            return model;
        } catch (ModelFormatException e) {
            throw UserErrorException.failure(
                    "The base model cannot be used: " + e.getMessage() + ". Set " + BASE_MODEL
                            + " to the folder of a complete model.",
                    e);
        }
    }

    /** Devices that this process cannot use, as sentences with the remedy; empty where it can use all of them. */
    List<String> unusableDevices() {
        return learner.engine().devices().stream()
                .distinct()
                .filter(device -> !device.isUsable())
                .map(device -> DEVICES + " names " + device
                        + ", but this process finds no such device: either the machine has none, or the tensor library"
                        + " was built without GPUs. Name devices there are, or cpu.")
                .toList();
    }

    /** Everything in which the settings do not go with a model, with the remedies; empty where they do. */
    List<String> problemsWith(DiffusionModel model) {
        List<String> problems = new ArrayList<>();
        preset.flatMap(named -> named.problemWith(model)).ifPresent(problems::add);
        boolean isFlow = model.schedule().prediction() == PredictionType.FLOW;
        for (int number = 1; number <= learner.stages().stages().size(); number++) {
            if (learner.stages().stage(number).objective().kind() == Kind.NFT && !isFlow) {
                problems.add("stage " + learner.stages().mark(number) + " is for flow matching, but " + model.folder()
                        + " predicts " + model.schedule().prediction().published()
                        + ". Choose another objective in " + STAGES + " or " + OBJECTIVE + ".");
            }
        }
        if (learner.sampler().steps() > model.schedule().size()) {
            problems.add(SAMPLER_STEPS + " is " + learner.sampler().steps() + ", but " + model.folder() + " has "
                    + model.schedule().size() + " noise levels. Lower it.");
        }
        List<String> unmatched = learner.adapter().unmatched(model.denoiser());
        if (!unmatched.isEmpty()) {
            problems.add((learner.adapter() instanceof LoraConfig ? LORA_TARGETS : FULL_TARGETS) + " is "
                    + String.join(",", learner.adapter().targets()) + ", but no layer of " + model.folder()
                    + " ends in " + String.join(" or ", unmatched) + ". Name layers the network has, such as to_q.");
        }
        curatedResolution
                .filter(pixels -> !pixels.equals(Integer.toString(model.resolution())))
                .ifPresent(pixels -> problems.add(CURATED_RESOLUTION + " is " + pixels + ", but " + model.folder()
                        + " trains at " + model.resolution()
                        + " pixels, and takes pictures of no other size. Set it to "
                        + model.resolution() + " here and for the curator."));
        return problems;
    }

    /**
     * The stages, or the one stage where none are given.
     *
     * @throws IllegalArgumentException when a stage contradicts itself
     */
    private static StagePlan plan(ServiceConfig config) {
        Stage one = new Stage(
                new ObjectiveChoice(
                        kind(config),
                        config.number(BETA),
                        config.number(MIN_SNR_GAMMA),
                        config.number(POSITIVE_WEIGHT),
                        config.flag(SDPO) ? OptionalDouble.of(config.number(SDPO_MU)) : OptionalDouble.empty(),
                        config.number(WINNER_SFT),
                        config.number(ANCHOR),
                        config.number(DRO_MARGIN),
                        config.number(NFT_STRENGTH)),
                RateSchedule.constant(config.number(LEARNING_RATE), config.integer(WARM_UP_STEPS)),
                0,
                null,
                ReferenceRule.PREVIOUS,
                config.integer(REFRESH_STEPS));
        return config.optionalText(STAGES)
                .map(text -> StagePlanText.parse(text, one))
                .orElseGet(() -> StagePlan.of(one));
    }

    private static AdapterConfig adapter(ServiceConfig config) {
        return config.text(ADAPTER_KIND).equals(FULL)
                ? new FullConfig(config.words(FULL_TARGETS))
                : new LoraConfig(config.integer(LORA_RANK), config.number(LORA_ALPHA), config.words(LORA_TARGETS));
    }

    private static LearnerSettings learner(ServiceConfig config) {
        return new LearnerSettings(
                config.longInteger(SEED),
                adapter(config),
                plan(config),
                new SamplerSettings(config.integer(SAMPLER_STEPS), config.integer(POINTS_PER_TRAJECTORY)),
                new AdamW.Config(
                        config.number(BETA1),
                        config.number(BETA2),
                        config.number(EPSILON),
                        config.number(WEIGHT_DECAY)),
                config.number(CLIP_NORM),
                config.number(NORM_CAP),
                config.integer(MICRO_BATCH_PAIRS),
                config.number(CAPTION_DROPOUT),
                config.number(FLIP),
                config.number(AVERAGE_DECAY),
                config.integer(AVERAGE_EVERY_STEPS),
                config.integer(HELD_OUT_TIMESTEPS),
                config.integer(CAPTION_CACHE),
                config.longInteger(POSTERIOR_CACHE_BYTES),
                new EngineSettings(
                        EngineSettings.devices(config.words(DEVICES)),
                        config.text(BASE_TYPE).equals(BF16) ? ElementType.BF16 : ElementType.F32,
                        config.flag(GRADIENT_CHECKPOINTING)));
    }

    /** How the adapter is trained, as names and values for people. */
    Map<String, String> described() {
        Map<String, String> described = new TreeMap<>();
        described.put("base model", baseModel.toString());
        for (RecordComponent setting : LearnerSettings.class.getRecordComponents()) {
            try {
                described.put(
                        setting.getName(), String.valueOf(setting.getAccessor().invoke(learner)));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("a record's accessor cannot fail", e);
            }
        }
        described.put("batch pairs", Integer.toString(loop.batchPairs()));
        described.put("candidate every steps", Integer.toString(loop.candidateEvery()));
        return described;
    }

    /** Group whose member with the ledger's only partition trains. */
    String leaseGroup() {
        return "realalign-lease-" + loop.model();
    }

    /** Group under which lag tools see the trainer; nothing is resumed from it. */
    String group() {
        return group(loop.model());
    }

    /** The group under which lag tools see the trainer of a line. */
    public static String group(String model) {
        return "realalign-trainer-" + model;
    }
}
