package dev.realalign.generator;

import dev.realalign.generator.draw.DrawSettings;
import dev.realalign.generator.draw.SamplerChoice;
import dev.realalign.generator.score.JudgeSettings;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ModelConfig;
import dev.realalign.runtime.Rules;
import dev.realalign.runtime.ServiceConfig;
import dev.realalign.runtime.StoreConfig;
import dev.realalign.schemas.CheckpointKeys;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;

/**
 * What a generator needs to know.
 *
 * @param cluster how to reach Kafka and the schema registry
 * @param blobs where the pictures of requests are
 * @param model model line that is followed
 * @param alias alias of it that is followed
 * @param trust file of the public keys whose signatures count; absent where unsigned versions are taken
 * @param versions folder that holds the versions received
 * @param baseModel folder of the base model
 * @param threads CPU threads of one operation; 0 leaves the library's choice
 * @param worker name of this worker, unique among those that run
 * @param groupType how requests are shared out
 * @param group name of the group
 * @param requestsMax requests taken at once
 * @param drawing how negatives are drawn
 * @param judging what pictures are judged with
 */
public record GeneratorConfig(
        ClusterConfig cluster,
        URI blobs,
        String model,
        String alias,
        Optional<Path> trust,
        Path versions,
        Path baseModel,
        int threads,
        String worker,
        GroupType groupType,
        String group,
        int requestsMax,
        DrawSettings drawing,
        JudgeSettings judging) {

    /** How requests are shared out among workers. */
    public enum GroupType {
        /** Partitions belong to workers; every request is answered exactly once. */
        CONSUMER,
        /** Workers share partitions; every request is answered at least once. */
        SHARE;

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final String PREFIX = "generator.";

    /** Folder of the base model. */
    public static final String BASE_MODEL = PREFIX + "base.model";
    /** Alias that is followed. */
    public static final String ALIAS = PREFIX + "alias";
    /** Public keys of the publisher. */
    public static final String TRUST = PREFIX + "trust.file";
    /** Whether unsigned versions are taken. */
    public static final String UNSIGNED_ALLOWED = PREFIX + "unsigned.allowed";
    /** Folder of the versions received. */
    public static final String VERSIONS_DIRECTORY = PREFIX + "versions.dir";
    /** CPU threads. */
    public static final String THREADS = PREFIX + "threads";
    /** Name of this worker. */
    public static final String INSTANCE = PREFIX + "instance";
    /** How requests are shared out. */
    public static final String GROUP_TYPE = PREFIX + "group.type";
    /** Name of the group. */
    public static final String GROUP = PREFIX + "group";
    /** Requests taken at once. */
    public static final String REQUESTS_MAX = PREFIX + "requests.max";
    /** Side of the pictures. */
    public static final String RESOLUTION_PX = PREFIX + "resolution.px";
    /** Pictures drawn together. */
    public static final String BATCH = PREFIX + "batch";
    /** Which sampler. */
    public static final String SAMPLER = PREFIX + "sampler";
    /** Sampling steps. */
    public static final String STEPS = PREFIX + "steps";
    /** Scale of guidance. */
    public static final String GUIDANCE = PREFIX + "guidance";
    /** How much of a picture SDEdit gives up. */
    public static final String SDEDIT_STRENGTH = PREFIX + "sdedit.strength";
    /** How much of what lies under the mask is given up. */
    public static final String INPAINTING_STRENGTH = PREFIX + "inpainting.strength";
    /** Weights of U2-Net. */
    public static final String U2NET_FILE = PREFIX + "saliency.u2net.file";
    /** Margin of masks. */
    public static final String MASK_DILATION_PX = PREFIX + "mask.dilation.px";
    /** Least share of a mask. */
    public static final String MASK_MIN_SHARE = PREFIX + "mask.min.share";
    /** Largest share of a mask. */
    public static final String MASK_MAX_SHARE = PREFIX + "mask.max.share";

    /** Keys of the generator alone. */
    public static final ConfigDef DEFINITION = new ConfigDef()
            .define(
                    BASE_MODEL,
                    Type.STRING,
                    ConfigDef.NO_DEFAULT_VALUE,
                    Rules.notBlank(),
                    Importance.HIGH,
                    "Folder of the base model in the diffusers layout, with its model_index.json. A network with mask"
                            + " channels draws SALIENCY_INPAINTING alone.")
            .define(
                    ALIAS,
                    Type.STRING,
                    CheckpointKeys.LATEST,
                    Rules.modelName(),
                    Importance.HIGH,
                    "Alias of the model line whose version draws; until there is one the base model does.")
            .define(
                    TRUST,
                    Type.STRING,
                    null,
                    Rules.notBlank(),
                    Importance.HIGH,
                    "File of the publisher's public keys (PEM): versions signed with another key are refused, and the one"
                            + " in use stays.")
            .define(
                    UNSIGNED_ALLOWED,
                    Type.BOOLEAN,
                    false,
                    Importance.MEDIUM,
                    "Whether versions are taken without looking at signatures, from anybody who can write to the cluster.")
            .define(
                    VERSIONS_DIRECTORY,
                    Type.STRING,
                    "data/generator-versions",
                    Rules.notBlank(),
                    Importance.MEDIUM,
                    "Folder of the versions received, one for each worker.")
            .define(
                    THREADS,
                    Type.INT,
                    0,
                    Rules.between(0, 1024),
                    Importance.MEDIUM,
                    "CPU threads of one tensor operation, for the whole process; 0 leaves the library's choice.")
            .define(
                    INSTANCE,
                    Type.STRING,
                    "",
                    Importance.MEDIUM,
                    "Name of this worker, in answers and in subscriber-status; host and process number by default. Two"
                            + " workers that run at once must not share one.")
            .define(
                    GROUP_TYPE,
                    Type.STRING,
                    GroupType.CONSUMER.text(),
                    Rules.oneOf(Arrays.stream(GroupType.values())
                            .map(GroupType::text)
                            .toArray(String[]::new)),
                    Importance.MEDIUM,
                    "How workers share requests: consumer (partitions belong to workers, answered exactly once) or share"
                            + " (any number of workers on a partition, answered at least once; Kafka 4.2 and newer).")
            .define(
                    GROUP,
                    Type.STRING,
                    "realalign-generators",
                    Rules.notBlank(),
                    Importance.LOW,
                    "Name of the group. A group is of one type for ever: change both together.")
            .define(
                    REQUESTS_MAX,
                    Type.INT,
                    16,
                    Rules.between(1, 1000),
                    Importance.MEDIUM,
                    "Requests taken at once, which are drawn kind by kind and answered together: a few batches.")
            .define(
                    RESOLUTION_PX,
                    Type.INT,
                    0,
                    Rules.between(0, 4096),
                    Importance.HIGH,
                    "Width and height of the pictures, the curator's curation.resolution.px; 0 for what the base model was"
                            + " trained at. Requests of another size are refused.")
            .define(
                    BATCH,
                    Type.INT,
                    4,
                    Rules.between(1, 256),
                    Importance.MEDIUM,
                    "Pictures drawn together at most: bounds the memory in use.")
            .define(
                    SAMPLER,
                    Type.STRING,
                    SamplerChoice.MODEL.text(),
                    Rules.oneOf(Arrays.stream(SamplerChoice.values())
                            .map(SamplerChoice::text)
                            .toArray(String[]::new)),
                    Importance.MEDIUM,
                    "Sampler: the model's own, or dpm-solver (DPM-Solver++), which is good in 20 steps and fewer.")
            .define(STEPS, Type.INT, 50, Rules.between(1, 1000), Importance.HIGH, "Sampling steps of a whole run.")
            .define(
                    GUIDANCE,
                    Type.DOUBLE,
                    7.5,
                    Rules.atLeast(0),
                    Importance.MEDIUM,
                    "Scale of classifier-free guidance; 1 and less draws with the caption alone, in half the time.")
            .define(
                    SDEDIT_STRENGTH,
                    Type.DOUBLE,
                    0.6,
                    Rules.between(0.01, 1),
                    Importance.MEDIUM,
                    "Share of the steps that SDEDIT runs from the noised picture: the larger, the less is left of it.")
            .define(
                    INPAINTING_STRENGTH,
                    Type.DOUBLE,
                    1.0,
                    Rules.between(0.01, 1),
                    Importance.LOW,
                    "Share of the steps that SALIENCY_INPAINTING runs; 1 draws what lies under the mask from noise alone.")
            .define(
                    U2NET_FILE,
                    Type.STRING,
                    null,
                    Rules.notBlank(),
                    Importance.MEDIUM,
                    "Converted weights of U2-Net or U2-NetP, which find what stands out; without them the spectral residual"
                            + " does, which needs none.")
            .define(
                    MASK_DILATION_PX,
                    Type.INT,
                    -1,
                    Rules.between(-1, 512),
                    Importance.LOW,
                    "Margin by which masks grow, in pixels; -1 for none with U2-Net and a sixteenth of the picture's side with"
                            + " the spectral residual, which marks only where a thing is most striking.")
            .define(
                    MASK_MIN_SHARE,
                    Type.DOUBLE,
                    0.01,
                    Rules.between(0, 1),
                    Importance.LOW,
                    "Least share of a picture that its mask must cover; below it the request is refused with EMPTY_MASK.")
            .define(
                    MASK_MAX_SHARE,
                    Type.DOUBLE,
                    0.95,
                    Rules.between(0, 1),
                    Importance.LOW,
                    "Largest share of a picture that its mask may cover; above it the request is refused with FULL_MASK.")
            .define(
                    JudgeSettings.PICKSCORE_MODEL,
                    Type.STRING,
                    null,
                    Rules.notBlank(),
                    Importance.MEDIUM,
                    "Folder of PickScore's weights as a transformers CLIPModel, with vocab.json and merges.txt beside them:"
                            + " gives the score PICKSCORE, on the scale divided by 26. Without it requests for the score are"
                            + " refused.")
            .define(
                    JudgeSettings.AESTHETIC_MODEL,
                    Type.STRING,
                    null,
                    Rules.notBlank(),
                    Importance.LOW,
                    "Folder of the CLIP model under LAION's aesthetic predictor (ViT-L/14) as a transformers CLIPModel, with"
                            + " vocab.json and merges.txt beside it: gives the score AESTHETIC.")
            .define(
                    JudgeSettings.AESTHETIC_HEAD,
                    Type.STRING,
                    null,
                    Rules.notBlank(),
                    Importance.LOW,
                    "Converted weights of LAION's aesthetic predictor.")
            .define(
                    JudgeSettings.PHOTOGRAPH_MODEL,
                    Type.STRING,
                    null,
                    Rules.notBlank(),
                    Importance.MEDIUM,
                    "Folder of a CLIP model as a transformers CLIPModel, with vocab.json and merges.txt beside it: gives the"
                            + " verdict of the gate NOT_A_PHOTOGRAPH. Without it requests for the verdict are refused.")
            .define(
                    JudgeSettings.PHOTOGRAPH_MIN_SHARE,
                    Type.DOUBLE,
                    0.5,
                    Rules.between(0, 1),
                    Importance.LOW,
                    "Share of \"a photograph\" among words for paintings, drawings, cartoons, renderings and screenshots"
                            + " below which a picture is NOT_A_PHOTOGRAPH.");

    /**
     * Reads configuration.
     *
     * @throws dev.realalign.runtime.UserErrorException naming every problem
     */
    public static GeneratorConfig from(Map<String, String> given) {
        return from(ServiceConfig.definedBy(
                        ClusterConfig.DEFINITION, StoreConfig.BLOBS, ModelConfig.DEFINITION, DEFINITION)
                .rule(
                        List.of(TRUST, UNSIGNED_ALLOWED),
                        c -> c.optionalText(TRUST).isPresent() != c.flag(UNSIGNED_ALLOWED),
                        "nothing says whose versions to trust, or two things do. Set " + TRUST
                                + " to a file with the publisher's public key, or " + UNSIGNED_ALLOWED + " to true.")
                .rule(
                        List.of(JudgeSettings.AESTHETIC_MODEL, JudgeSettings.AESTHETIC_HEAD),
                        c -> c.optionalText(JudgeSettings.AESTHETIC_MODEL).isPresent()
                                == c.optionalText(JudgeSettings.AESTHETIC_HEAD).isPresent(),
                        "the aesthetic predictor needs both. Set both or neither.")
                .rule(
                        List.of(MASK_MIN_SHARE, MASK_MAX_SHARE),
                        c -> c.number(MASK_MIN_SHARE) < c.number(MASK_MAX_SHARE),
                        "no mask fits between them. Lower the first or raise the second.")
                .read(given));
    }

    private static GeneratorConfig from(ServiceConfig config) {
        String model = ModelConfig.name(config);
        return new GeneratorConfig(
                ClusterConfig.from(config),
                config.uri(StoreConfig.BLOB_STORE),
                model,
                config.text(ALIAS),
                config.optionalText(TRUST).map(Path::of),
                config.path(VERSIONS_DIRECTORY).resolve(model),
                config.path(BASE_MODEL),
                config.integer(THREADS),
                "generator-" + (config.text(INSTANCE).isEmpty() ? hostAndProcess() : config.text(INSTANCE)),
                config.choice(GROUP_TYPE, GroupType.class),
                config.text(GROUP),
                config.integer(REQUESTS_MAX),
                new DrawSettings(
                        config.integer(RESOLUTION_PX),
                        config.integer(BATCH),
                        config.choice(SAMPLER, SamplerChoice.class),
                        config.integer(STEPS),
                        config.number(GUIDANCE),
                        config.number(SDEDIT_STRENGTH),
                        config.number(INPAINTING_STRENGTH),
                        config.optionalText(U2NET_FILE).map(Path::of).orElse(null),
                        config.integer(MASK_DILATION_PX) < 0
                                ? OptionalInt.empty()
                                : OptionalInt.of(config.integer(MASK_DILATION_PX)),
                        config.number(MASK_MIN_SHARE),
                        config.number(MASK_MAX_SHARE)),
                new JudgeSettings(
                        config.optionalText(JudgeSettings.PICKSCORE_MODEL)
                                .map(Path::of)
                                .orElse(null),
                        config.optionalText(JudgeSettings.AESTHETIC_MODEL)
                                .map(Path::of)
                                .orElse(null),
                        config.optionalText(JudgeSettings.AESTHETIC_HEAD)
                                .map(Path::of)
                                .orElse(null),
                        config.optionalText(JudgeSettings.PHOTOGRAPH_MODEL)
                                .map(Path::of)
                                .orElse(null),
                        config.number(JudgeSettings.PHOTOGRAPH_MIN_SHARE)));
    }

    private static String hostAndProcess() {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            host = "unknown-host";
        }
        return host + "-" + ProcessHandle.current().pid();
    }
}
