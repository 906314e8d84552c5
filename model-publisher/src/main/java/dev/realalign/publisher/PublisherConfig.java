package dev.realalign.publisher;

import dev.realalign.publisher.catalogue.CatalogueSettings;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ModelConfig;
import dev.realalign.runtime.Rules;
import dev.realalign.runtime.ServiceConfig;
import dev.realalign.runtime.StoreConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.Measures;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;

/**
 * What a publisher needs to know.
 *
 * @param cluster how to reach Kafka and the schema registry
 * @param model model line to publish
 * @param store where candidates lie and versions go
 * @param signingKey file of the private key that versions are signed with; absent where they are deliberately not
 * @param heldOutRatioLimit largest m_w / r_w on the held-out set that may be published
 * @param unmeasuredAllowed whether a candidate without that measure may be published
 * @param parentIncreaseLimit largest relative increase of the held-out error over the parent's that may be published
 * @param secondOpinion what candidates are measured on once more; empty where they are not
 * @param retention what stays in the store
 * @param catalogue where versions can be read over HTTP
 */
public record PublisherConfig(
        ClusterConfig cluster,
        String model,
        CheckpointLayout store,
        Optional<Path> signingKey,
        double heldOutRatioLimit,
        boolean unmeasuredAllowed,
        double parentIncreaseLimit,
        Optional<SecondOpinionSettings> secondOpinion,
        Retention retention,
        CatalogueSettings catalogue) {
    /** File of the private key. */
    public static final String SIGNING_KEY = "publisher.signing.key";
    /** Whether versions may go unsigned. */
    public static final String UNSIGNED_ALLOWED = "publisher.unsigned.allowed";
    /** Largest ratio of the held-out errors. */
    public static final String HELD_OUT_RATIO_LIMIT = "publisher.gate.held.out.ratio.max";
    /** Whether unmeasured candidates may be published. */
    public static final String UNMEASURED_ALLOWED = "publisher.gate.unmeasured.allowed";
    /** Largest relative increase over the parent. */
    public static final String PARENT_INCREASE_LIMIT = "publisher.gate.parent.increase.max";
    /** Real pictures for a second opinion. */
    public static final String EVALUATION_IMAGES = "publisher.gate.evaluation.images";
    /** Base model for a second opinion. */
    public static final String EVALUATION_BASE_MODEL = "publisher.gate.evaluation.base.model";
    /** Pictures a second opinion uses. */
    public static final String EVALUATION_COUNT = "publisher.gate.evaluation.count";
    /** Bands a second opinion measures in. */
    public static final String EVALUATION_BANDS = "publisher.gate.evaluation.bands";
    /** Largest relative increase a second opinion allows. */
    public static final String EVALUATION_INCREASE_LIMIT = "publisher.gate.evaluation.increase.max";
    /** Longest time of a second opinion. */
    public static final String EVALUATION_TIMEOUT_MS = "publisher.gate.evaluation.timeout.ms";
    /** Newest versions that stay. */
    public static final String VERSIONS_KEPT = "publisher.retention.versions";
    /** Days of which the last version stays. */
    public static final String DAYS_KEPT = "publisher.retention.days";
    /** How long a retired version's folder stays. */
    public static final String GRACE_MS = "publisher.retention.grace.ms";
    /** How long a silent subscriber holds its version. */
    public static final String SUBSCRIBER_MEMORY_MS = "publisher.retention.subscriber.ms";
    /** Versions whose candidates stay. */
    public static final String REWINDABLE = "publisher.candidates.rewindable";
    /** Port of the catalogue. */
    public static final String HTTP_PORT = "publisher.http.port";
    /** Address of the catalogue. */
    public static final String HTTP_HOST = "publisher.http.host";
    /** Token of the catalogue. */
    public static final String HTTP_TOKEN_FILE = "publisher.http.token.file";
    /** Decided candidates that stay. */
    public static final String CANDIDATES_KEPT = "publisher.candidates.kept";

    /** Pictures a second opinion needs, as {@link ParentGate} does: an interval over fewer means nothing. */
    public static final int FEWEST_EVALUATED = ParentGate.FEWEST_IMAGES;

    private static final int FEWEST_TOKEN_CHARACTERS = 16;

    /** Keys of the publisher alone. */
    public static final ConfigDef DEFINITION = new ConfigDef()
            .define(
                    SIGNING_KEY,
                    Type.STRING,
                    null,
                    Rules.notBlank(),
                    Importance.HIGH,
                    "Private key file that versions are signed with; realalign keys generate makes one. Without it, "
                            + UNSIGNED_ALLOWED + " must be true.")
            .define(
                    UNSIGNED_ALLOWED,
                    Type.BOOLEAN,
                    false,
                    Importance.MEDIUM,
                    "Whether versions are published unsigned when no key is named; subscribers then must allow unsigned"
                            + " versions too.")
            .define(
                    HELD_OUT_RATIO_LIMIT,
                    Type.DOUBLE,
                    Measures.HELD_OUT_PREFERRED_RATIO_LIMIT,
                    Rules.positive(),
                    Importance.HIGH,
                    "Largest error on the held-out real images, as a multiple of the reference's, with which a candidate"
                            + " becomes a version.")
            .define(
                    UNMEASURED_ALLOWED,
                    Type.BOOLEAN,
                    false,
                    Importance.MEDIUM,
                    "Whether a candidate becomes a version that was never measured on held-out images, such as one of a"
                            + " trainer that holds none out.")
            .define(
                    PARENT_INCREASE_LIMIT,
                    Type.DOUBLE,
                    0.01,
                    Rules.positive(),
                    Importance.HIGH,
                    "Largest relative increase of the error on held-out real images over the parent version's, on the same"
                            + " images, noises and timesteps, with which a candidate becomes a version.")
            .define(
                    EVALUATION_IMAGES,
                    Type.STRING,
                    null,
                    Rules.notBlank(),
                    Importance.MEDIUM,
                    "Real pictures that never go into the stream: a folder, a .zip, a .tar, or a .csv or .jsonl of paths"
                            + " with captions. On them the publisher measures each candidate as realalign evaluate does,"
                            + " against the plain base model, before it becomes a version. Without, it does not.")
            .define(
                    EVALUATION_BASE_MODEL,
                    Type.STRING,
                    null,
                    Rules.notBlank(),
                    Importance.MEDIUM,
                    "Folder of the base model that the line trains on, for " + EVALUATION_IMAGES + ".")
            .define(
                    EVALUATION_COUNT,
                    Type.INT,
                    64,
                    Rules.between(FEWEST_EVALUATED, 4000),
                    Importance.LOW,
                    "Pictures of " + EVALUATION_IMAGES
                            + " to use at most, drawn from all of them; they stay in memory.")
            .define(
                    EVALUATION_BANDS,
                    Type.INT,
                    4,
                    Rules.between(1, 100),
                    Importance.LOW,
                    "Parts of the noise schedule in each of which every picture is measured once.")
            .define(
                    EVALUATION_INCREASE_LIMIT,
                    Type.DOUBLE,
                    0.0,
                    Rules.atLeast(0),
                    Importance.MEDIUM,
                    "Largest relative increase of the error on those pictures over the plain model's with which a"
                            + " candidate becomes a version. It is refused where the whole 95 % interval lies above.")
            .define(
                    EVALUATION_TIMEOUT_MS,
                    Type.LONG,
                    120_000L,
                    Rules.atLeast(1_000),
                    Importance.LOW,
                    "Longest time to measure one candidate; commands wait as long. A candidate that was not measured in"
                            + " time is refused.")
            .define(
                    CANDIDATES_KEPT,
                    Type.INT,
                    3,
                    Rules.between(1, 1_000_000),
                    Importance.LOW,
                    "Candidates that stay in the checkpoint store after they were decided; the trainer restarts from the"
                            + " newest.")
            .define(
                    REWINDABLE,
                    Type.INT,
                    3,
                    Rules.between(0, 1_000_000),
                    Importance.LOW,
                    "Newest versions whose candidates stay, with those that aliases point to, so that a rollback can take"
                            + " training back to them; 0 keeps none for that.")
            .define(
                    VERSIONS_KEPT,
                    Type.INT,
                    0,
                    Rules.between(0, 1_000_000),
                    Importance.MEDIUM,
                    "Newest versions that stay. Older ones are deleted unless an alias or a live subscriber holds them;"
                            + " 0 deletes none. See realalign checkpoints retain --dry-run.")
            .define(
                    DAYS_KEPT,
                    Type.INT,
                    30,
                    Rules.between(0, 100_000),
                    Importance.LOW,
                    "Days back (UTC) for which the last version of each day stays.")
            .define(
                    GRACE_MS,
                    Type.LONG,
                    3_600_000L,
                    Rules.atLeast(0),
                    Importance.LOW,
                    "How long the folder of a deleted version stays after no topic names it any more, for subscribers that"
                            + " are fetching it.")
            .define(
                    SUBSCRIBER_MEMORY_MS,
                    Type.LONG,
                    604_800_000L,
                    Rules.atLeast(0),
                    Importance.LOW,
                    "How long after its last report a subscriber that did not say goodbye still holds its version.")
            .define(
                    HTTP_PORT,
                    Type.INT,
                    0,
                    Rules.between(0, 65_535),
                    Importance.MEDIUM,
                    "Port of the read-only HTTP catalogue of versions; 0 runs none.")
            .define(
                    HTTP_HOST,
                    Type.STRING,
                    "127.0.0.1",
                    Rules.notBlank(),
                    Importance.MEDIUM,
                    "Address the catalogue listens on. Any other than a loopback address needs a token.")
            .define(
                    HTTP_TOKEN_FILE,
                    Type.STRING,
                    null,
                    Rules.notBlank(),
                    Importance.MEDIUM,
                    "File that holds the token clients must show as Authorization: Bearer, at least "
                            + FEWEST_TOKEN_CHARACTERS + " characters. The connection is not encrypted: put a proxy with"
                            + " TLS before it where others can listen.");

    /**
     * Reads configuration.
     *
     * @throws dev.realalign.runtime.UserErrorException naming every problem
     */
    public static PublisherConfig from(Map<String, String> given) {
        ServiceConfig config = ServiceConfig.definedBy(
                        ClusterConfig.DEFINITION, ModelConfig.DEFINITION, StoreConfig.CHECKPOINTS, DEFINITION)
                .rule(
                        List.of(SIGNING_KEY, UNSIGNED_ALLOWED),
                        c -> c.optionalText(SIGNING_KEY).isPresent() || c.flag(UNSIGNED_ALLOWED),
                        "name a key (realalign keys generate makes one), or allow unsigned versions on purpose")
                .rule(
                        List.of(EVALUATION_IMAGES, EVALUATION_BASE_MODEL),
                        c -> c.optionalText(EVALUATION_IMAGES).isPresent()
                                == c.optionalText(EVALUATION_BASE_MODEL).isPresent(),
                        "name both, or neither for candidates that are not measured once more")
                .rule(
                        List.of(HTTP_HOST, HTTP_TOKEN_FILE),
                        c -> c.integer(HTTP_PORT) == 0
                                || c.optionalText(HTTP_TOKEN_FILE).isPresent()
                                || isLoopback(c.text(HTTP_HOST)),
                        "name a file with a token, or listen on 127.0.0.1 only.")
                .read(given);
        return new PublisherConfig(
                ClusterConfig.from(config),
                ModelConfig.name(config),
                CheckpointLayout.of(StoreConfig.checkpoints(config)),
                config.optionalText(SIGNING_KEY).map(Path::of),
                config.number(HELD_OUT_RATIO_LIMIT),
                config.flag(UNMEASURED_ALLOWED),
                config.number(PARENT_INCREASE_LIMIT),
                secondOpinion(config),
                new Retention(
                        policy(config),
                        config.duration(GRACE_MS),
                        config.integer(CANDIDATES_KEPT),
                        config.integer(REWINDABLE)),
                new CatalogueSettings(
                        config.text(HTTP_HOST),
                        config.integer(HTTP_PORT),
                        config.optionalText(HTTP_TOKEN_FILE).map(PublisherConfig::token)));
    }

    private static Optional<SecondOpinionSettings> secondOpinion(ServiceConfig config) {
        return config.optionalText(EVALUATION_IMAGES)
                .map(images -> new SecondOpinionSettings(
                        Path.of(images),
                        Path.of(config.text(EVALUATION_BASE_MODEL)),
                        config.integer(EVALUATION_COUNT),
                        config.integer(EVALUATION_BANDS),
                        config.number(EVALUATION_INCREASE_LIMIT),
                        config.duration(EVALUATION_TIMEOUT_MS)));
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    private static String token(String file) {
        String token;
        try {
            token = Files.readString(Path.of(file)).strip();
        } catch (IOException | InvalidPathException e) {
            throw UserErrorException.usage(HTTP_TOKEN_FILE + " is \"" + file + "\": it cannot be read ("
                    + e.getClass().getSimpleName() + "). Name a text file that holds the token and nothing else.");
        }
        if (token.length() < FEWEST_TOKEN_CHARACTERS || token.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            throw UserErrorException.usage(
                    HTTP_TOKEN_FILE + " is \"" + file + "\": its token must have at least " + FEWEST_TOKEN_CHARACTERS
                            + " visible ASCII characters. Write one with: openssl rand -hex 32 > FILE");
        }
        return token;
    }

    /** Which versions stay, for whoever wants to know without being a publisher. */
    public static RetentionPolicy retentionPolicy(Map<String, String> given) {
        return policy(ServiceConfig.definedBy(DEFINITION).read(given));
    }

    private static RetentionPolicy policy(ServiceConfig config) {
        return new RetentionPolicy(
                config.integer(VERSIONS_KEPT), config.integer(DAYS_KEPT), config.duration(SUBSCRIBER_MEMORY_MS));
    }

    /** The gate this configuration describes. */
    Gate gate() {
        return Gate.all(List.of(
                new HeldOutRatioGate(heldOutRatioLimit, unmeasuredAllowed),
                StopConditionsGate.DEFAULT,
                new ParentGate(parentIncreaseLimit, unmeasuredAllowed)));
    }

    /** Consumer group under which the consumed offsets are kept. */
    String group() {
        return group(model);
    }

    /** The consumer group of a line's publisher. */
    public static String group(String model) {
        return "realalign-publisher-" + model;
    }

    /** Transactional id: whoever takes it over fences the publisher before. */
    String transactionalId() {
        return "publisher-" + model;
    }
}
