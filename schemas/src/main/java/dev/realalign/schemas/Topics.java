package dev.realalign.schemas;

import dev.realalign.schemas.Topic.Partitioning;
import dev.realalign.schemas.Topic.Retention;
import java.time.Duration;
import java.util.List;

/**
 * Every topic of RealAlign Stream. Creation, checks and documentation come from this catalogue.
 *
 * <p>All of them take the broker's time ({@code LogAppendTime}): event time and ingest time are fields, so that an old
 * photograph is neither expired at once nor years late.
 */
public final class Topics {
    private static final long GIB = 1024L * 1024 * 1024;
    private static final String IMAGE_KEY = "image id, 64 lower-case hexadecimal digits";
    private static final String MODEL_KEY = "model";

    /** Real images as they came in. */
    public static final Topic<String, RealImage> REAL_IMAGES = Topic.keyedByText(
            "real-images",
            IMAGE_KEY,
            RealImage.class,
            Partitioning.BY_IMAGE,
            new Retention.Delete(Duration.ofDays(7), 16 * GIB),
            true,
            "Real images with their captions, inline or by reference, waiting for a verdict of the curator.");

    /** Images that became no triple, each with its reason. */
    public static final Topic<String, ImageRejection> IMAGE_REJECTIONS = Topic.keyedByText(
            "image-rejections",
            "image id, or the key of the rejected record as it came",
            ImageRejection.class,
            Partitioning.BY_IMAGE,
            new Retention.Delete(Duration.ofDays(30), GIB),
            false,
            "Records of real-images that became no triple, each with a reason and the evidence.");

    /** Perceptual hashes on their way to the owners of their bands. */
    public static final Topic<String, SimilarityQuestion> SIMILARITY_QUESTIONS = Topic.keyedByText(
            "similarity-questions",
            "band and its value, such as 3-1f",
            SimilarityQuestion.class,
            Partitioning.BY_IMAGE,
            new Retention.Delete(Duration.ofDays(7), GIB),
            false,
            "Among the curators: perceptual hashes on their way to whoever owns their bands.");

    /** What the owners of the bands answer. */
    public static final Topic<String, SimilarityAnswer> SIMILARITY_ANSWERS = Topic.keyedByText(
            "similarity-answers",
            IMAGE_KEY,
            SimilarityAnswer.class,
            Partitioning.BY_IMAGE,
            new Retention.Delete(Duration.ofDays(7), GIB),
            false,
            "Among the curators: whether a picture is near to one that was accepted, or to a generated negative.");

    /** What the curator asks of the generators. */
    public static final Topic<String, NegativeRequest> NEGATIVE_REQUESTS = Topic.keyedByText(
            "negative-requests",
            IMAGE_KEY,
            NegativeRequest.class,
            Partitioning.BY_IMAGE,
            new Retention.Delete(Duration.ofDays(7), GIB),
            false,
            "What the curator asks of the negative generators: a negative, scores, or the verdict of a model-backed gate.");

    /** What the generators answer. */
    public static final Topic<String, GeneratedNegative> GENERATED_NEGATIVES = Topic.keyedByText(
            "generated-negatives",
            IMAGE_KEY,
            GeneratedNegative.class,
            Partitioning.BY_IMAGE,
            new Retention.Delete(Duration.ofDays(7), 16 * GIB),
            true,
            "Answers of the negative generators, each with the version that generated, its seed and its parameters.");

    /** What the trainer learns from. */
    public static final Topic<String, PreferenceTriple> PREFERENCE_TRIPLES = Topic.keyedByText(
            "preference-triples",
            IMAGE_KEY,
            PreferenceTriple.class,
            Partitioning.BY_IMAGE,
            new Retention.Delete(Duration.ofDays(90), 64 * GIB),
            true,
            "A caption, a real image and a worse counterpart of it, at training resolution.");

    /** What was trained, step by step. */
    public static final Topic<String, LedgerEntry> TRAINING_LEDGER = Topic.keyedByText(
            "training-ledger",
            MODEL_KEY,
            LedgerEntry.class,
            Partitioning.SINGLE,
            new Retention.Forever(),
            false,
            "What every step trained, planned before it is trained, and what was consumed without being trained.");

    /** Candidates the trainer wrote. */
    public static final Topic<String, CheckpointCandidate> CHECKPOINT_CANDIDATES = Topic.keyedByText(
            "checkpoint-candidates",
            MODEL_KEY,
            CheckpointCandidate.class,
            Partitioning.SINGLE,
            new Retention.Forever(),
            false,
            "Checkpoints the trainer wrote and read back; a candidate exists only through its record.");

    /** Published versions. */
    public static final Topic<String, CheckpointVersion> CHECKPOINTS = Topic.keyedByText(
            "checkpoints",
            "model/version, the version with eight digits",
            CheckpointVersion.class,
            Partitioning.SINGLE,
            new Retention.Compact(),
            false,
            "Published versions, immutable and numbered without gaps.");

    /** Where aliases point. */
    public static final Topic<String, CheckpointAlias> CHECKPOINT_ALIASES = Topic.keyedByText(
            "checkpoint-aliases",
            "model/alias",
            CheckpointAlias.class,
            Partitioning.SINGLE,
            new Retention.Compact(),
            false,
            "The version each alias points to, with the digest of its manifest.");

    /** What the publisher decided. */
    public static final Topic<String, PublishingDecision> PUBLISHING_LOG = Topic.keyedByText(
            "publishing-log",
            MODEL_KEY,
            PublishingDecision.class,
            Partitioning.SINGLE,
            new Retention.Forever(),
            false,
            "Every decision of the publisher, accepted or not, with its reason.");

    /** What people ask of the publisher. */
    public static final Topic<String, CheckpointCommand> CHECKPOINT_COMMANDS = Topic.keyedByText(
            "checkpoint-commands",
            MODEL_KEY,
            CheckpointCommand.class,
            Partitioning.SINGLE,
            new Retention.Delete(Duration.ofDays(30), GIB),
            false,
            "Promotions, rollbacks, releases and pins that people ask of the publisher; publishing-log holds the answers.");

    /** Which version every subscriber serves. */
    public static final Topic<String, SubscriberStatus> SUBSCRIBER_STATUS = Topic.keyedByText(
            "subscriber-status",
            "subscriber",
            SubscriberStatus.class,
            Partitioning.SINGLE,
            new Retention.Compact(),
            false,
            "Which version every subscriber serves, and what keeps it from a newer one.");

    /** Partitions of the image topics unless configured otherwise. */
    public static final int DEFAULT_IMAGE_PARTITIONS = 3;

    private static final List<Topic<?, ?>> ALL = List.of(
            REAL_IMAGES,
            IMAGE_REJECTIONS,
            SIMILARITY_QUESTIONS,
            SIMILARITY_ANSWERS,
            NEGATIVE_REQUESTS,
            GENERATED_NEGATIVES,
            PREFERENCE_TRIPLES,
            TRAINING_LEDGER,
            CHECKPOINT_CANDIDATES,
            CHECKPOINTS,
            CHECKPOINT_ALIASES,
            PUBLISHING_LOG,
            CHECKPOINT_COMMANDS,
            SUBSCRIBER_STATUS);

    private Topics() {}

    /** Every topic, upstream first. */
    public static List<Topic<?, ?>> all() {
        return ALL;
    }
}
