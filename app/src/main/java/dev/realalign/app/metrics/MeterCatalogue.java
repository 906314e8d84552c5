package dev.realalign.app.metrics;

import static dev.realalign.app.metrics.Meter.counter;
import static dev.realalign.app.metrics.Meter.gauge;
import static dev.realalign.app.metrics.Meter.histogram;

import java.util.List;
import java.util.Locale;

/** Every meter of every role: the content of docs/metrics.md. */
public final class MeterCatalogue {
    /**
     * The meters of a role.
     *
     * @param title heading
     * @param introduction who has them, in a sentence or two
     * @param meters the meters, in reading order
     */
    public record Section(String title, String introduction, List<Meter> meters) {}

    static final Meter SERVICE_STATE = gauge(
            "realalign_service_state",
            "1 for the state a role is in (STARTING, RUNNING, STOPPED, FAILED), 0 for the others.",
            "service",
            "state");
    static final Meter MEMORY =
            gauge("jvm_memory_used_bytes", "Memory of the Java machine in use, by area and pool.", "area", "id");
    static final Meter CPU = gauge("process_cpu_usage", "Share of all processors this process uses, 0 to 1.");
    static final Meter UPTIME = gauge("process_uptime_seconds", "How long this process has run.");
    static final Meter RESIDENT = gauge(
            "process_resident_memory_bytes",
            "Memory of this process in use, the Java heap and the native libraries included; NaN where the system is not"
                    + " Linux.");
    static final Meter TENSORS = gauge(
            "realalign_tensors_open",
            "Native arrays of the tensor engine that this process holds open; in a steady state it does not grow.");

    static final Meter IMAGES = counter(
            "realalign_curator_images_total",
            "Verdicts of this process. An aborted transaction's are counted again when its records are judged again.",
            "verdict",
            "reason");
    static final Meter SHADOW = counter(
            "realalign_curator_shadow_rejections_total",
            "Times a gate in shadow mode would have rejected a picture.",
            "reason");

    static final Meter ANSWERS_DROPPED = counter(
            "realalign_curator_answers_dropped_total",
            "Answers of generators and band owners that no image waited for: late, doubled or nobody's.");
    static final Meter DEADLINES_PASSED = counter(
            "realalign_curator_deadlines_passed_total",
            "Images that stopped waiting for a generator because their time was up.");

    static final Meter NEGATIVES =
            counter("realalign_generator_negatives_total", "Negatives this process made, of all kinds.");
    static final Meter REFUSALS =
            counter("realalign_generator_refusals_total", "Requests this process refused with a reason.");
    static final Meter LATE =
            counter("realalign_generator_late_total", "Requests passed over because nobody waited for them any more.");
    static final Meter UNDECODABLE =
            counter("realalign_generator_undecodable_total", "Records passed over because they are no requests.");

    static final Meter STEPS =
            counter("realalign_trainer_steps_total", "Optimizer steps in the life of the line; restarts keep it.");
    static final Meter TRIPLES =
            counter("realalign_trainer_triples_total", "Triples trained in the life of the line; restarts keep it.");
    static final Meter SKIPPED =
            counter("realalign_trainer_skipped_total", "Records of this run consumed without being trained.", "reason");
    static final Meter NOT_APPLIED = counter(
            "realalign_trainer_steps_not_applied_total", "Steps of this run whose loss or gradient was not finite.");
    static final Meter CANDIDATES = counter("realalign_trainer_candidates_total", "Candidates announced in this run.");
    static final Meter CANDIDATE_STEP =
            gauge("realalign_trainer_candidate_step", "Step of the newest announced candidate.");
    static final Meter OPEN_PAIRS = gauge("realalign_trainer_open_pairs", "Pairs waiting in the open batch.");
    static final Meter LOSS = gauge("realalign_trainer_loss", "The objective's loss at the last step.");
    static final Meter MARGIN = gauge("realalign_trainer_margin", "d_l - d_w at the last step.");
    static final Meter IMPLICIT_ACCURACY = gauge(
            "realalign_trainer_implicit_accuracy",
            "Share of the last step's pairs the policy tells apart better than the reference, 0 to 1.");
    static final Meter D_W = gauge(
            "realalign_trainer_d_w",
            "Policy's error less the reference's on preferred images at the last step; negative is better.");
    static final Meter D_L =
            gauge("realalign_trainer_d_l", "Policy's error less the reference's on rejected images at the last step.");
    static final Meter GRADIENT_FACTOR =
            gauge("realalign_trainer_gradient_factor", "Mean gradient factor of the last step.");
    static final Meter GRADIENT_NORM =
            gauge("realalign_trainer_gradient_norm", "2-norm of the last step's gradients before clipping.");
    static final Meter LEARNING_RATE = gauge("realalign_trainer_learning_rate", "Learning rate of the last step.");
    static final Meter ADAPTER_NORM = gauge(
            "realalign_trainer_adapter_norm",
            "2-norm of the adapter's up matrices together after the last step; they are zero before training.");
    static final Meter HELD_OUT_RATIO = gauge(
            "realalign_trainer_held_out_preferred_ratio",
            "m_w / r_w on the held-out set: above 1, real images are predicted worse than before training.");
    static final Meter HELD_OUT_MARGIN = gauge("realalign_trainer_held_out_margin", "d_l - d_w on the held-out set.");
    static final Meter HELD_OUT_PAIRS = gauge("realalign_trainer_held_out_pairs", "Pairs in the held-out set.");
    static final Meter PAIRS_PER_SECOND =
            gauge("realalign_trainer_pairs_per_second", "Pairs trained per second of training, over the last steps.");
    static final Meter IDLE_RATIO = gauge(
            "realalign_trainer_idle_ratio",
            "Share of the time spent waiting for triples, over the last steps, 0 to 1.");
    static final Meter HEADROOM = gauge(
            "realalign_trainer_headroom_seconds",
            "How long the oldest triple not taken yet stays in the log; NaN when none waits or none expires.");
    static final Meter SESSION = gauge("realalign_trainer_session", "Number of the session in the life of the line.");
    static final Meter RESTING = gauge(
            "realalign_trainer_resting",
            "1 while training rests after such an alarm, until somebody resumes it; else 0.",
            "alarm");
    static final Meter RESERVOIR =
            gauge("realalign_trainer_reservoir_triples", "Triples in the reservoir, which may be trained again.");
    static final Meter REFERENCE_STEP = gauge(
            "realalign_trainer_reference_step",
            "Last step behind the reference's weights; 0 for those of the beginning.");

    static final Meter PUBLISHING_STEPS = counter(
            "realalign_publisher_steps_total",
            "Boundaries passed by this process: TAKEN counts candidates, COMMITTED decisions, RETIRED retired versions.",
            "step");

    static final Meter SUBSCRIBER_VERSION =
            gauge("realalign_subscriber_version", "Version in use; NaN before the first.", "model");
    static final Meter SUBSCRIBER_AGE = gauge(
            "realalign_subscriber_version_age_seconds",
            "Time since the version in use was announced; NaN before the first.",
            "model");
    static final Meter SUBSCRIBER_WAITING =
            gauge("realalign_subscriber_waiting", "Versions known and not delivered yet.", "model");
    static final Meter SUBSCRIBER_FAILURES =
            gauge("realalign_subscriber_failures", "Attempts that failed in a row; 0 when nothing is wrong.", "model");

    static final Meter BROKERS = gauge("kafka_brokers", "Brokers of the cluster.");
    static final Meter PARTITIONS = gauge("kafka_topic_partitions", "Partitions of a topic.", "topic");
    static final Meter TOPIC_END = gauge(
            "kafka_topic_partition_current_offset",
            "Offset after the last committed record of a partition.",
            "topic",
            "partition");
    static final Meter TOPIC_OLDEST = gauge(
            "kafka_topic_partition_oldest_offset", "Offset of a partition's oldest record.", "topic", "partition");
    static final Meter GROUP_OFFSET = gauge(
            "kafka_consumergroup_current_offset",
            "Committed offset; absent when nothing was committed.",
            "consumergroup",
            "topic",
            "partition");
    static final Meter GROUP_OFFSET_SUM = gauge(
            "kafka_consumergroup_current_offset_sum",
            "Sum of a group's committed offsets in a topic; absent when nothing was committed.",
            "consumergroup",
            "topic");
    static final Meter LAG = gauge(
            "kafka_consumergroup_lag",
            "Records not read yet; never negative, absent when nothing was committed.",
            "consumergroup",
            "topic",
            "partition");
    static final Meter LAG_SUM = gauge(
            "kafka_consumergroup_lag_sum",
            "Records of a topic not read yet; absent when nothing was committed.",
            "consumergroup",
            "topic");
    static final Meter MEMBERS = gauge(
            "kafka_consumergroup_members",
            "Members of a group; a trainer's are those of its lease. A publisher reads without joining its group.",
            "consumergroup");
    static final Meter LAG_SECONDS = gauge(
            "kafka_consumergroup_lag_seconds",
            "Age of the oldest unread record, 0 without lag, absent when unknown. The label says how it was found: EXACT from"
                    + " the record, SAMPLED to within the time between two samples.",
            "consumergroup",
            "topic",
            "partition",
            "source");
    static final Meter LAG_STATUS = gauge(
            "realalign_lag_status",
            "1 for the status of a partition: OK, NO_COMMIT, UNKNOWN, WARNING, REWIND, STALLED or STOPPED; its other"
                    + " statuses are absent.",
            "consumergroup",
            "topic",
            "partition",
            "status");
    static final Meter LAG_TREND = gauge(
            "realalign_lag_trend",
            "1 for a growing lag, 0 for a steady one, -1 for a shrinking one, absent when unknown.",
            "consumergroup",
            "topic",
            "partition");
    static final Meter LAG_SLOPE = gauge(
            "realalign_lag_slope",
            "Records by which the lag grows in a second, absent when unknown.",
            "consumergroup",
            "topic",
            "partition");
    static final Meter LAG_CATCH_UP = gauge(
            "realalign_lag_catch_up_seconds",
            "Time until the lag is gone at this pace; absent unless the lag shrinks or is gone.",
            "consumergroup",
            "topic",
            "partition");
    static final Meter SAMPLE_SECONDS =
            gauge("realalign_lag_sample_seconds", "How long the newest sample took; NaN before the first.");
    static final Meter SAMPLE_AGE = gauge(
            "realalign_lag_sample_age_seconds",
            "Time since the newest sample: when it grows, the lag above is not the present one. NaN before the first.");

    static final Meter IMAGE_TO_WEIGHTS = histogram(
            "realalign_image_to_weights_seconds",
            "Time of pictures from one station to the next: accepted, triple, trained, published, subscriber; and total, from"
                    + " ingest to the first subscriber.",
            "hop");
    static final Meter STALENESS = gauge(
            "realalign_model_staleness_seconds",
            "How long there has been a newer version than the one a subscriber serves; 0 for the newest.",
            "subscriber",
            "model");
    static final Meter FUNNEL_REJECTIONS = counter(
            "realalign_funnel_rejections_total",
            "Rejections read from image-rejections since the start, by reason; gate says whether the reason's gate can be"
                    + " switched (SWITCHABLE) or always stands (FIXED).",
            "reason",
            "gate");
    static final Meter FUNNEL_DECISIONS = counter(
            "realalign_funnel_decisions_total",
            "Decisions about candidates read from publishing-log since the start.",
            "verdict");

    private static final List<Section> SECTIONS = List.of(
            new Section(
                    "Every process",
                    "Whatever runs, once `metrics.port` is set.",
                    List.of(SERVICE_STATE, MEMORY, RESIDENT, TENSORS, CPU, UPTIME)),
            new Section(
                    "Curator",
                    "`realalign curate`, and the demo.",
                    List.of(IMAGES, SHADOW, ANSWERS_DROPPED, DEADLINES_PASSED)),
            new Section(
                    "Negative generator",
                    "`realalign negatives`, and the demo.",
                    List.of(NEGATIVES, REFUSALS, LATE, UNDECODABLE)),
            new Section(
                    "Trainer",
                    "`realalign train`, and the demo. All are NaN (counters 0) before the first session, and those of a step"
                            + " before the first step.",
                    List.of(
                            STEPS,
                            TRIPLES,
                            SKIPPED,
                            NOT_APPLIED,
                            CANDIDATES,
                            CANDIDATE_STEP,
                            OPEN_PAIRS,
                            LOSS,
                            MARGIN,
                            IMPLICIT_ACCURACY,
                            D_W,
                            D_L,
                            GRADIENT_FACTOR,
                            GRADIENT_NORM,
                            LEARNING_RATE,
                            ADAPTER_NORM,
                            HELD_OUT_RATIO,
                            HELD_OUT_MARGIN,
                            HELD_OUT_PAIRS,
                            PAIRS_PER_SECOND,
                            IDLE_RATIO,
                            HEADROOM,
                            SESSION,
                            RESTING,
                            RESERVOIR,
                            REFERENCE_STEP)),
            new Section("Publisher", "`realalign publish`, and the demo.", List.of(PUBLISHING_STEPS)),
            new Section(
                    "Subscriber",
                    "`realalign subscribe`, and the demo.",
                    List.of(SUBSCRIBER_VERSION, SUBSCRIBER_AGE, SUBSCRIBER_WAITING, SUBSCRIBER_FAILURES)),
            new Section(
                    "Lag",
                    "`realalign lag --watch` with `metrics.port`, and the demo. The first nine and their labels are those of"
                            + " kafka_exporter, so that Grafana's dashboard 7589 works unchanged. Families with a label begin"
                            + " with the first sample.",
                    List.of(
                            BROKERS,
                            PARTITIONS,
                            TOPIC_END,
                            TOPIC_OLDEST,
                            GROUP_OFFSET,
                            GROUP_OFFSET_SUM,
                            LAG,
                            LAG_SUM,
                            MEMBERS,
                            LAG_SECONDS,
                            LAG_STATUS,
                            LAG_TREND,
                            LAG_SLOPE,
                            LAG_CATCH_UP,
                            SAMPLE_SECONDS,
                            SAMPLE_AGE)),
            new Section(
                    "From image to weights",
                    "Where lag is measured too: read from the topics, from the moment the process starts. Of preference-triples"
                            + " one partition is followed, a random part of the pictures. A histogram has the series"
                            + " `_bucket`, `_count` and `_sum`, and `_max` for the largest of the last minutes.",
                    List.of(IMAGE_TO_WEIGHTS, STALENESS, FUNNEL_REJECTIONS, FUNNEL_DECISIONS)));

    private MeterCatalogue() {}

    /** The sections of the page. */
    public static List<Section> sections() {
        return SECTIONS;
    }

    /** The page in Markdown, ending with a line end. */
    public static String markdown() {
        StringBuilder page = new StringBuilder();
        page.append("# Metrics\n\n");
        page.append("This page is made from the catalogue in the program; a test fails when it is stale.\n\n");
        page.append(
                "A process with `metrics.port` answers `/metrics` in Prometheus' text format, `/healthz` with 503 once a ");
        page.append(
                "role of it has failed, and `/readyz` with 503 until every role is at work. It listens on loopback unless ");
        page.append(
                "`metrics.host` says otherwise. Grafana dashboards and Prometheus rules that use these meters lie in ");
        page.append("[docker/](../docker/).\n");
        for (Section section : SECTIONS) {
            page.append("\n## ").append(section.title()).append("\n\n");
            page.append(section.introduction()).append("\n\n");
            page.append("| name | kind | labels | meaning |\n|---|---|---|---|\n");
            section.meters().forEach(meter -> page.append("| `")
                    .append(meter.name())
                    .append("` | ")
                    .append(meter.kind().name().toLowerCase(Locale.ROOT))
                    .append(" | ")
                    .append(String.join(", ", meter.labels()))
                    .append(" | ")
                    .append(meter.meaning())
                    .append(" |\n"));
        }
        page.append("\n## Kafka clients\n\n");
        page.append(
                "Of the hundreds of numbers that Kafka's clients and Kafka Streams keep, these are passed on, for every ");
        page.append("client of the process, under the names that Micrometer's binders give them:\n\n");
        page.append("| name | labels |\n|---|---|\n");
        KafkaClientMeters.rows().forEach(row -> page.append("| `")
                .append(row.name())
                .append("` | ")
                .append(row.label())
                .append(" |\n"));
        return page.toString();
    }
}
