package dev.realalign.curator;

import dev.realalign.curator.gate.GateLimits;
import dev.realalign.curator.gate.GateModes;
import dev.realalign.curator.gate.RightsPolicy;
import dev.realalign.curator.negative.NegativeMix;
import dev.realalign.curator.negative.NegativeMixes;
import dev.realalign.curator.pair.PairLimits;
import dev.realalign.curator.pair.PairSettings;
import dev.realalign.curator.similar.Bands;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.Rules;
import dev.realalign.runtime.ServiceConfig;
import dev.realalign.runtime.StoreConfig;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.streams.StreamsConfig;

/**
 * What the curator needs to know.
 *
 * @param cluster where the brokers and the registry are
 * @param blobStore where pictures too large for a record are, and those that wait
 * @param pairs what verdicts and negatives depend on
 * @param similarity when pictures look alike
 * @param generated what is asked of the generators
 * @param gateVersion version of the gates and digest of their settings, for rejections
 * @param curatorVersion version of the curation and digest of all its settings, for triples
 * @param applicationId name of the Kafka Streams application: consumer group and prefix of its changelog topics
 * @param stateDirectory where the store of first records is kept between starts, one for each process
 * @param threads stream threads
 * @param standbyReplicas copies of the store that other processes keep ready
 * @param commitInterval how long a triple may wait before it is visible
 * @param threadRestarts restarts of failed stream threads that are tolerated within {@code restartWindow}
 * @param restartWindow see {@code threadRestarts}
 * @param waitingKeep how old the picture of an image that waited becomes before it is swept
 */
public record CuratorConfig(
        ClusterConfig cluster,
        URI blobStore,
        PairSettings pairs,
        SimilaritySettings similarity,
        GeneratedSettings generated,
        String gateVersion,
        String curatorVersion,
        String applicationId,
        Path stateDirectory,
        int threads,
        int standbyReplicas,
        Duration commitInterval,
        int threadRestarts,
        Duration restartWindow,
        Duration waitingKeep) {

    /** Width and height of both halves of a pair. */
    public static final String RESOLUTION_PX = "curation.resolution.px";
    /** Colour behind transparent pixels. */
    public static final String BACKGROUND = "curation.background";
    /** Largest file. */
    public static final String MAX_BYTES = "curation.gate.max.bytes";
    /** Largest picture. */
    public static final String MAX_PIXELS = "curation.gate.max.px";
    /** Shortest shorter side. */
    public static final String MIN_SIDE_PX = "curation.gate.min.side.px";
    /** Longest shape. */
    public static final String MAX_ASPECT_RATIO = "curation.gate.max.aspect.ratio";
    /** Which gates are on, off or in shadow mode. */
    public static final String GATE_MODES = "curation.gate.modes";
    /** Licences that may be learned from. */
    public static final String LICENCES_ALLOWED = "curation.gate.licences.allowed";
    /** Licences that may not. */
    public static final String LICENCES_DENIED = "curation.gate.licences.denied";
    /** Least contrast. */
    public static final String MIN_LUMA_DEVIATION_LEVELS = "curation.gate.min.luma.deviation.levels";
    /** Most of a picture that may be black, or white. */
    public static final String MAX_EXPOSURE_SHARE = "curation.gate.max.exposure.share";
    /** Least sharpness. */
    public static final String MIN_SHARPNESS = "curation.gate.min.sharpness.squared.levels";
    /** Colourfulness that the running mean begins at. */
    public static final String COLOURFULNESS_START_LEVELS = "curation.gate.colourfulness.start.levels";
    /** How slowly the running mean forgets. */
    public static final String COLOURFULNESS_HALF_LIFE_IMAGES = "curation.gate.colourfulness.half.life.images";
    /** Least gap by PickScore. */
    public static final String MIN_PICKSCORE_GAP = "curation.gate.gap.min.pickscore";
    /** Least perceptual distance of a pair. */
    public static final String MIN_DISTANCE = "curation.gate.gap.min.distance";
    /** Greatest perceptual distance of a pair. */
    public static final String MAX_DISTANCE = "curation.gate.gap.max.distance";
    /** How many of the last pairs are the best. */
    public static final String TOP_SHARE = "curation.gate.top.share";
    /** How many the last pairs are. */
    public static final String TOP_WINDOW_PAIRS = "curation.gate.top.window.pairs";
    /** How near pictures are that look alike. */
    public static final String SIMILAR_DISTANCE_BITS = "curation.gate.similar.max.distance.bits";
    /** Pictures that must never be learned from. */
    public static final String HELD_OUT_IMAGES = "curation.gate.held.out.images";
    /** The default mix: no kind that waits for a generator. */
    public static final String PERTURBATIONS = "PATCH_DISPLACEMENT:25,LOCAL_WARP:25,LOCAL_BLUR:15,LOCAL_NOISE:15,"
            + "RESAMPLE_BLUR:5,JPEG_ARTEFACTS:5,SENSOR_NOISE:5,COLOUR_CAST:5";

    /** How often each kind of negative is drawn. */
    public static final String NEGATIVE_MIX = "curation.negative.mix";
    /** The same for some sources. */
    public static final String NEGATIVE_MIX_BY_SOURCE = "curation.negative.mix.by.source";
    /** How long an image waits for a generator. */
    public static final String GENERATED_DEADLINE_MS = "curation.generated.deadline.ms";
    /** Scores wanted. */
    public static final String GENERATED_SCORES = "curation.generated.scores";
    /** Least difference of a pair. */
    public static final String NEGATIVE_MIN_RMS_LEVELS = "curation.negative.min.rms.levels";
    /** Seed of the run. */
    public static final String SEED = "curation.seed";

    /** Name of the Kafka Streams application. */
    public static final String APPLICATION_ID = "curator.application.id";
    /** Where state is kept. */
    public static final String STATE_DIRECTORY = "curator.state.dir";
    /** Stream threads. */
    public static final String THREADS = "curator.threads";
    /** Copies of the state. */
    public static final String STANDBY_REPLICAS = "curator.standby.replicas";
    /** Longest wait before results are visible. */
    public static final String COMMIT_INTERVAL_MS = "curator.commit.interval.ms";
    /** Restarts tolerated. */
    public static final String THREAD_RESTARTS = "curator.thread.restarts";
    /** Time within which restarts are counted. */
    public static final String RESTART_WINDOW_MS = "curator.thread.restarts.window.ms";
    /** How long pictures of images that waited stay. */
    public static final String WAITING_KEEP_MS = "curator.waiting.keep.ms";

    /** Changes whenever the same bytes under the same settings could get another verdict. */
    static final int GATE_VERSION = 3;
    /** Changes whenever the same bytes under the same settings could make another pair. */
    static final int CURATION_VERSION = 2;

    private static final String CURATION_PREFIX = "curation.";
    private static final String GATE_PREFIX = "curation.gate.";
    private static final int DIGEST_DIGITS_SHOWN = 12;
    private static final Pattern COLOUR = Pattern.compile("#[0-9a-fA-F]{6}");

    /** Records of 256 KiB and more wait in memory before they are judged: few of them, not Streams' thousand. */
    private static final int RECORDS_BUFFERED = 64;

    /**
     * Two PNGs of noise at this resolution still fit into the largest record; they are what a triple is made of.
     *
     * @see dev.realalign.schemas.Topic#MAX_PICTURE_RECORD_BYTES
     */
    private static final int MAX_RESOLUTION_PX = 768;

    /** Keys of the curator alone. */
    public static final ConfigDef DEFINITION = new ConfigDef()
            .define(
                    RESOLUTION_PX,
                    Type.INT,
                    512,
                    Rules.between(8, MAX_RESOLUTION_PX),
                    Importance.HIGH,
                    "Width and height of both pictures of a triple: the resolution the model trains at.")
            .define(
                    BACKGROUND,
                    Type.STRING,
                    "#ffffff",
                    Rules.text("a colour such as #ffffff", text -> COLOUR.matcher(text)
                            .matches()),
                    Importance.LOW,
                    "Colour laid behind transparent pixels.")
            .define(
                    MAX_BYTES,
                    Type.LONG,
                    32L * 1024 * 1024,
                    Rules.between(1, 1024L * 1024 * 1024),
                    Importance.MEDIUM,
                    "Largest picture file; larger ones are rejected as TOO_MANY_BYTES.")
            .define(
                    MAX_PIXELS,
                    Type.LONG,
                    50_000_000L,
                    Rules.between(1, 500_000_000L),
                    Importance.MEDIUM,
                    "Largest picture in pixels; larger ones are rejected as PIXEL_BOMB before they are decoded. Decoding"
                            + " takes 3 to 8 bytes of memory for each pixel and thread.")
            .define(
                    MIN_SIDE_PX,
                    Type.INT,
                    0,
                    Rules.between(0, 10_000),
                    Importance.MEDIUM,
                    "Shortest allowed shorter side; shorter ones are rejected as TOO_SMALL. 0 stands for the resolution,"
                            + " so that no picture is enlarged.")
            .define(
                    MAX_ASPECT_RATIO,
                    Type.DOUBLE,
                    4.0,
                    Rules.between(1, 1000),
                    Importance.LOW,
                    "Largest allowed ratio of the longer to the shorter side; the square cut keeps one part in so many.")
            .define(
                    GATE_MODES,
                    Type.LIST,
                    "",
                    Rules.list(
                            "GATE:on, GATE:shadow or GATE:off for gates of docs/curation.md that can be switched",
                            GateModes::parse),
                    Importance.MEDIUM,
                    "Gates whose mode differs from their default: on rejects, shadow records and counts what it would have"
                            + " rejected, off does not ask.")
            .define(
                    LICENCES_ALLOWED,
                    Type.LIST,
                    "",
                    Importance.MEDIUM,
                    "Licences that may be learned from, without regard to case; a name that ends in * stands for all that"
                            + " begin so. When any is named, a picture of unknown licence is rejected too. Empty for all.")
            .define(
                    LICENCES_DENIED,
                    Type.LIST,
                    "",
                    Importance.MEDIUM,
                    "Licences that may not be learned from, also when allowed; written as those.")
            .define(
                    MIN_LUMA_DEVIATION_LEVELS,
                    Type.DOUBLE,
                    2.0,
                    Rules.between(0, 127),
                    Importance.LOW,
                    "Least standard deviation of the luma, of 255 levels; less is rejected as FLAT.")
            .define(
                    MAX_EXPOSURE_SHARE,
                    Type.DOUBLE,
                    0.95,
                    Rules.between(0, 1),
                    Importance.LOW,
                    "Largest share of pixels that are black (luma 5 or less), and that are white (250 or more); more is"
                            + " rejected as BADLY_EXPOSED.")
            .define(
                    MIN_SHARPNESS,
                    Type.DOUBLE,
                    2.0,
                    Rules.between(0, 10_000),
                    Importance.LOW,
                    "Least variance of the Laplacian of the luma at the training resolution, in squared levels; less is"
                            + " rejected as BLURRED.")
            .define(
                    COLOURFULNESS_START_LEVELS,
                    Type.DOUBLE,
                    43.66,
                    Rules.between(0, 255),
                    Importance.LOW,
                    "Colourfulness that the running mean of a partition begins at; the default is the mean over the reals"
                            + " of RealAlign's HPDv3 run.")
            .define(
                    COLOURFULNESS_HALF_LIFE_IMAGES,
                    Type.DOUBLE,
                    1_000.0,
                    Rules.between(1, 1e9),
                    Importance.LOW,
                    "Pictures of a partition after which an old colourfulness has half of its weight left in the running"
                            + " mean.")
            .define(
                    MIN_PICKSCORE_GAP,
                    Type.DOUBLE,
                    0.02,
                    Rules.between(-1, 1),
                    Importance.MEDIUM,
                    "Where generators score with PickScore: the real picture's score minus the negative's must be above this,"
                            + " both divided by 26; less is rejected as GAP_TOO_SMALL. The default is RealAlign's.")
            .define(
                    MIN_DISTANCE,
                    Type.DOUBLE,
                    0.005,
                    Rules.between(0, 1),
                    Importance.MEDIUM,
                    "Without PickScore: least perceptual distance of a pair, 0 for equal pictures and 1 at most; less is"
                            + " rejected as GAP_TOO_SMALL.")
            .define(
                    MAX_DISTANCE,
                    Type.DOUBLE,
                    0.7,
                    Rules.between(0, 1),
                    Importance.MEDIUM,
                    "Without PickScore: greatest perceptual distance of a pair; more is GAP_TOO_LARGE.")
            .define(
                    TOP_SHARE,
                    Type.DOUBLE,
                    0.5,
                    Rules.between(0.001, 1),
                    Importance.MEDIUM,
                    "Share of the last pairs of a partition that are the best: by PickScore of the real picture where"
                            + " generators score, otherwise by perceptual distance. Others are NOT_IN_TOP. For the best K of the"
                            + " last N, K divided by N.")
            .define(
                    TOP_WINDOW_PAIRS,
                    Type.INT,
                    1_000,
                    Rules.between(10, 10_000),
                    Importance.LOW,
                    "Pairs of a partition that a pair is ranked against, the last ones before it.")
            .define(
                    SIMILAR_DISTANCE_BITS,
                    Type.INT,
                    Bands.GREATEST_DISTANCE,
                    Rules.between(0, Bands.GREATEST_DISTANCE),
                    Importance.MEDIUM,
                    "Bits of 64 in which the perceptual hashes of two pictures may differ while they count as near: for"
                            + " NEAR_DUPLICATE, HELD_OUT_LEAK and OWN_OUTPUT.")
            .define(
                    HELD_OUT_IMAGES,
                    Type.LIST,
                    "",
                    Importance.MEDIUM,
                    "Files and folders of pictures that the model is measured on; pictures near to one of them are"
                            + " rejected as HELD_OUT_LEAK. Read at start.")
            .define(
                    NEGATIVE_MIX,
                    Type.LIST,
                    PERTURBATIONS,
                    Rules.list(
                            "KIND:weight, at least 70 % of the perturbations' weight on local kinds",
                            NegativeMix::parse),
                    Importance.MEDIUM,
                    "How often each kind of negative is drawn; docs/curation.md shows the kinds. TEXT_TO_IMAGE, SDEDIT and"
                            + " SALIENCY_INPAINTING wait for a negative-generator; a perturbation stands in when none"
                            + " comes.")
            .define(
                    NEGATIVE_MIX_BY_SOURCE,
                    Type.LIST,
                    "",
                    Rules.list("SOURCES=KIND:weight;KIND:weight", NegativeMixes::parse),
                    Importance.LOW,
                    "Mixes of some sources, such as album/*=SDEDIT:1;LOCAL_WARP:1: a name that ends in * stands for all"
                            + " sources that begin so, and the first that matches counts.")
            .define(
                    GENERATED_DEADLINE_MS,
                    Type.LONG,
                    120_000L,
                    Rules.between(1_000, 86_400_000L),
                    Importance.MEDIUM,
                    "How long an image waits for a negative-generator before a perturbation stands in.")
            .define(
                    GENERATED_SCORES,
                    Type.LIST,
                    "",
                    Importance.LOW,
                    "Scores that the generators are asked for, such as PICKSCORE; every image then waits for them.")
            .define(
                    NEGATIVE_MIN_RMS_LEVELS,
                    Type.DOUBLE,
                    4.0,
                    Rules.between(4, 128),
                    Importance.LOW,
                    "Least root mean square difference of a pair, of 255 levels: closer negatives are made stronger, then"
                            + " by another kind, and at last the picture is rejected as NEGATIVE_TOO_CLOSE.")
            .define(
                    SEED,
                    Type.LONG,
                    0L,
                    Importance.LOW,
                    "Mixed into the seed of every negative; another seed gives every picture another negative.")
            .define(
                    APPLICATION_ID,
                    Type.STRING,
                    "realalign-curator",
                    Rules.text(
                            "letters, digits, dots, hyphens or underscores", text -> text.matches("[A-Za-z0-9._-]+")),
                    Importance.MEDIUM,
                    "Name of the Kafka Streams application: its consumer group and the prefix of its changelog topic. All"
                            + " curators of a cluster share it.")
            .define(
                    STATE_DIRECTORY,
                    Type.STRING,
                    "data/curator-state",
                    Rules.notBlank(),
                    Importance.MEDIUM,
                    "Folder of the store of first records, one for each process. It is rebuilt from the cluster when lost.")
            .define(
                    THREADS,
                    Type.INT,
                    1,
                    Rules.between(1, 64),
                    Importance.MEDIUM,
                    "Stream threads; more than there are partitions stay idle.")
            .define(
                    STANDBY_REPLICAS,
                    Type.INT,
                    1,
                    Rules.between(0, 5),
                    Importance.LOW,
                    "Copies of the store that other curators keep ready to take over.")
            .define(
                    COMMIT_INTERVAL_MS,
                    Type.LONG,
                    100L,
                    Rules.between(10, 5_000),
                    Importance.LOW,
                    "Longest time a triple waits before readers see it.")
            .define(
                    THREAD_RESTARTS,
                    Type.INT,
                    8,
                    Rules.between(0, 1000),
                    Importance.LOW,
                    "Failed stream threads that are replaced within curator.thread.restarts.window.ms; one more and the"
                            + " curator stops with the reason.")
            .define(
                    RESTART_WINDOW_MS,
                    Type.LONG,
                    600_000L,
                    Rules.between(1_000, 86_400_000L),
                    Importance.LOW,
                    "Time within which restarts of stream threads are counted.")
            .define(
                    WAITING_KEEP_MS,
                    Type.LONG,
                    600_000L,
                    Rules.between(1_000, 604_800_000L),
                    Importance.LOW,
                    "How long the pictures of images that waited stay in the blob store. Those of images that still wait are"
                            + " renewed four times in this time, and stay.");

    /**
     * From properties.
     *
     * @throws dev.realalign.runtime.UserErrorException for usage, with every problem
     */
    public static CuratorConfig from(Map<String, String> given) {
        ServiceConfig config = ServiceConfig.definedBy(ClusterConfig.DEFINITION, StoreConfig.BLOBS, DEFINITION)
                .rule(
                        List.of(MIN_DISTANCE, MAX_DISTANCE),
                        c -> c.number(MIN_DISTANCE) <= c.number(MAX_DISTANCE),
                        "no pair could pass; lower the first or raise the second")
                .rule(
                        List.of(GENERATED_DEADLINE_MS, WAITING_KEEP_MS),
                        c -> c.longInteger(GENERATED_DEADLINE_MS) <= c.longInteger(WAITING_KEEP_MS),
                        "a generator could be late for a picture that was swept; raise the second")
                .read(given);
        return new CuratorConfig(
                ClusterConfig.from(config),
                config.uri(StoreConfig.BLOB_STORE),
                pairs(config),
                new SimilaritySettings(
                        config.integer(SIMILAR_DISTANCE_BITS),
                        config.words(HELD_OUT_IMAGES).stream().map(Path::of).toList()),
                new GeneratedSettings(config.duration(GENERATED_DEADLINE_MS), config.words(GENERATED_SCORES)),
                version(GATE_VERSION, config.digest(GATE_PREFIX)),
                version(CURATION_VERSION, config.digest(CURATION_PREFIX)),
                config.text(APPLICATION_ID),
                config.path(STATE_DIRECTORY),
                config.integer(THREADS),
                config.integer(STANDBY_REPLICAS),
                config.duration(COMMIT_INTERVAL_MS),
                config.integer(THREAD_RESTARTS),
                config.duration(RESTART_WINDOW_MS),
                config.duration(WAITING_KEEP_MS));
    }

    /**
     * What verdicts and negatives depend on, without a cluster: for measuring what the curator would make.
     *
     * @throws dev.realalign.runtime.UserErrorException for usage, with every problem
     */
    public static PairSettings pairSettings(Map<String, String> given) {
        return pairs(ServiceConfig.definedBy(DEFINITION).read(given));
    }

    private static PairSettings pairs(ServiceConfig config) {
        int resolution = config.integer(RESOLUTION_PX);
        int minSide = config.integer(MIN_SIDE_PX);
        return new PairSettings(
                resolution,
                Integer.parseInt(config.text(BACKGROUND).substring(1), 16),
                new GateLimits(
                        config.longInteger(MAX_BYTES),
                        config.longInteger(MAX_PIXELS),
                        minSide == 0 ? resolution : minSide,
                        config.number(MAX_ASPECT_RATIO),
                        config.number(MIN_LUMA_DEVIATION_LEVELS),
                        config.number(MAX_EXPOSURE_SHARE),
                        config.number(MIN_SHARPNESS),
                        config.number(COLOURFULNESS_START_LEVELS),
                        config.number(COLOURFULNESS_HALF_LIFE_IMAGES)),
                new RightsPolicy(config.words(LICENCES_ALLOWED), config.words(LICENCES_DENIED)),
                GateModes.parse(config.words(GATE_MODES)),
                new NegativeMixes(
                        NegativeMix.parse(config.words(NEGATIVE_MIX)),
                        NegativeMixes.parse(config.words(NEGATIVE_MIX_BY_SOURCE))),
                config.number(NEGATIVE_MIN_RMS_LEVELS),
                new PairLimits(
                        config.number(MIN_PICKSCORE_GAP),
                        config.number(MIN_DISTANCE),
                        config.number(MAX_DISTANCE),
                        config.number(TOP_SHARE),
                        config.integer(TOP_WINDOW_PAIRS)),
                config.longInteger(SEED));
    }

    private static String version(int version, String digest) {
        return version + "-" + digest.substring(0, DIGEST_DIGITS_SHOWN);
    }

    /** Properties of the Kafka Streams application. */
    public Map<String, Object> streams() {
        Map<String, Object> streams = new HashMap<>();
        streams.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, "classic");
        streams.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, -1);
        streams.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, RECORDS_BUFFERED);
        streams.put(StreamsConfig.consumerPrefix("max.poll.records"), RECORDS_BUFFERED);
        streams.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, SmallStateMemory.class);
        streams.putAll(cluster.streams());
        streams.put(StreamsConfig.APPLICATION_ID_CONFIG, applicationId);
        streams.put(StreamsConfig.STATE_DIR_CONFIG, stateDirectory.toString());
        streams.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, threads);
        streams.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, standbyReplicas);
        streams.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, commitInterval.toMillis());
        streams.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_GLOBAL_ENABLED_CONFIG, true);
        streams.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        streams.put(StreamsConfig.ENSURE_EXPLICIT_INTERNAL_RESOURCE_NAMING_CONFIG, true);
        return streams;
    }

    /** Settings of the stores' changelog topics: the newest entry of every key for ever. */
    static Map<String, String> changelogSettings() {
        return Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
    }
}
