package dev.realalign.publisher;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ModelConfig;
import dev.realalign.runtime.Rules;
import dev.realalign.runtime.ServiceConfig;
import dev.realalign.runtime.StoreConfig;
import dev.realalign.schemas.CheckpointLayout;
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
 * @param candidatesKept decided candidates that stay in the store
 */
public record PublisherConfig(
        ClusterConfig cluster,
        String model,
        CheckpointLayout store,
        Optional<Path> signingKey,
        double heldOutRatioLimit,
        boolean unmeasuredAllowed,
        int candidatesKept) {
    /** File of the private key. */
    public static final String SIGNING_KEY = "publisher.signing.key";
    /** Whether versions may go unsigned. */
    public static final String UNSIGNED_ALLOWED = "publisher.unsigned.allowed";
    /** Largest ratio of the held-out errors. */
    public static final String HELD_OUT_RATIO_LIMIT = "publisher.gate.held.out.ratio.max";
    /** Whether unmeasured candidates may be published. */
    public static final String UNMEASURED_ALLOWED = "publisher.gate.unmeasured.allowed";
    /** Decided candidates that stay. */
    public static final String CANDIDATES_KEPT = "publisher.candidates.kept";

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
                    1.1,
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
                    CANDIDATES_KEPT,
                    Type.INT,
                    3,
                    Rules.between(1, 1_000_000),
                    Importance.LOW,
                    "Candidates that stay in the checkpoint store after they were decided; the trainer restarts from the"
                            + " newest.");

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
                .read(given);
        return new PublisherConfig(
                ClusterConfig.from(config),
                ModelConfig.name(config),
                CheckpointLayout.of(StoreConfig.checkpoints(config)),
                config.optionalText(SIGNING_KEY).map(Path::of),
                config.number(HELD_OUT_RATIO_LIMIT),
                config.flag(UNMEASURED_ALLOWED),
                config.integer(CANDIDATES_KEPT));
    }

    /** Consumer group under which the consumed offsets are kept. */
    String group() {
        return "realalign-publisher-" + model;
    }

    /** Transactional id: whoever takes it over fences the publisher before. */
    String transactionalId() {
        return "publisher-" + model;
    }
}
