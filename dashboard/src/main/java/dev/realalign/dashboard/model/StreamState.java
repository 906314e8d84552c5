package dev.realalign.dashboard.model;

import dev.realalign.dashboard.model.FlowView.Edge;
import dev.realalign.dashboard.model.FlowView.Mood;
import dev.realalign.dashboard.model.FlowView.Node;
import dev.realalign.runtime.LagEvaluation;
import dev.realalign.runtime.LagReport;
import dev.realalign.runtime.LagSample;
import dev.realalign.runtime.LagStatus;
import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.SubscriberStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Everything the page shows of one model line. Records and samples go in from the threads that read, sections come out for
 * those that serve; every method may be called from any thread. What it holds is bounded, however long it runs.
 */
public final class StreamState {
    private static final int CURVE_POINTS = 400;
    private static final int NEWEST_STEPS = 50;
    private static final Duration LONG_QUIET = Duration.ofSeconds(30);

    private final String model;
    private final StageGroups groups;
    private final String brokers;
    private final String registryUrl;
    private final Instant startedAt;

    private final TrainingCurve training = new TrainingCurve();
    private final RejectionTally rejections = new RejectionTally();
    private final VersionBook versions = new VersionBook();
    private final NewestTriples triples;
    private final Map<Stage, Instant> missingSince = new EnumMap<>(Stage.class);
    private final RateMeter fed = new RateMeter();
    private final RateMeter judged = new RateMeter();
    private final RateMeter requested = new RateMeter();
    private final RateMeter answered = new RateMeter();
    private final RateMeter rejected = new RateMeter();
    private final RateMeter trained = new RateMeter();
    private final RateMeter candidates = new RateMeter();
    private final RateMeter published = new RateMeter();

    private List<GroupLag> lags = List.of();
    private boolean sampled;
    private Reachability broker = Reachability.UNKNOWN;
    private Reachability registry = Reachability.UNKNOWN;
    private OptionalLong fedTotal = OptionalLong.empty();
    private OptionalLong judgedTotal = OptionalLong.empty();
    private @Nullable Instant fedMovedAt;
    private long requests;
    private long answers;
    private boolean caughtUp;
    private long undecodable;
    private long versionBookChanges;
    private long tripleChanges;

    /**
     * Nothing known yet.
     *
     * @param model model line
     * @param groups groups under which its stages are seen
     * @param brokers where the brokers are, for alarms
     * @param registryUrl where the registry is, for alarms
     * @param tripleBytes most bytes of the newest triples' pictures
     * @param startedAt when the dashboard began
     */
    public StreamState(
            String model, StageGroups groups, String brokers, String registryUrl, long tripleBytes, Instant startedAt) {
        this.model = model;
        this.groups = groups;
        this.brokers = brokers;
        this.registryUrl = registryUrl;
        this.startedAt = startedAt;
        this.triples = new NewestTriples(tripleBytes);
    }

    /** A rejection was read. */
    public synchronized void take(ImageRejection rejection) {
        rejections.take(rejection);
    }

    /** Older rejections than those read are left out. */
    public synchronized void leftOlderRejectionsOut() {
        rejections.leftOlderOut();
    }

    /** A request to a generator was read. */
    public synchronized void take(NegativeRequest request) {
        requests++;
    }

    /** An entry of the ledger was read; those of other lines are passed over. */
    public synchronized void take(LedgerEntry entry) {
        if (entry.getModel().equals(model)) {
            training.take(entry);
        }
    }

    /** A candidate was read; those of other lines are passed over. */
    public synchronized void take(CheckpointCandidate candidate) {
        if (candidate.getModel().equals(model)) {
            versions.take(candidate);
            versionBookChanges++;
        }
    }

    /** A version was read; those of other lines are passed over. */
    public synchronized void take(CheckpointVersion version) {
        if (version.getModel().equals(model)) {
            versions.take(version);
            versionBookChanges++;
        }
    }

    /** A decision was read; those of other lines are passed over. */
    public synchronized void take(PublishingDecision decision) {
        if (decision.getModel().equals(model)) {
            versions.take(decision);
            versionBookChanges++;
        }
    }

    /** An alias was read; those of other lines are passed over. */
    public synchronized void take(CheckpointAlias alias) {
        if (alias.getModel().equals(model)) {
            versions.take(alias);
            versionBookChanges++;
        }
    }

    /** A subscriber's report was read; those about other lines are passed over. */
    public synchronized void take(SubscriberStatus status) {
        if (status.getModel().equals(model)) {
            versions.take(status);
            versionBookChanges++;
        }
    }

    /** A subscriber's record was withdrawn. */
    public synchronized void forgetSubscriber(String name) {
        versions.forgetSubscriber(name);
        versionBookChanges++;
    }

    /** A version's record was withdrawn. */
    public synchronized void forgetVersion(String key) {
        String prefix = model + "/";
        if (key.startsWith(prefix) && key.substring(prefix.length()).matches("\\d{1,8}")) {
            versions.forgetVersion(Long.parseLong(key.substring(prefix.length())));
            versionBookChanges++;
        }
    }

    /** A triple was read. */
    public synchronized void take(PreferenceTriple triple, int partition, long offset) {
        triples.take(triple, partition, offset);
        tripleChanges++;
    }

    /** A record could not be decoded and is left out. */
    public synchronized void passOver() {
        undecodable++;
    }

    /** The topics were read to the end they had when the dashboard began. */
    public synchronized void caughtUp() {
        caughtUp = true;
    }

    /** The broker did not answer. */
    public synchronized void brokerFailed(String reason, Instant now) {
        broker = broker.failed(reason, now);
        sampled = false;
        missingSince.clear();
    }

    /** The registry answered. */
    public synchronized void registryAnswered(Instant now) {
        registry = registry.answered(now);
    }

    /** The registry did not answer. */
    public synchronized void registryFailed(String reason, Instant now) {
        registry = registry.failed(reason, now);
    }

    /**
     * A sample of the cluster.
     *
     * @param report lag with its verdicts; real-images among its topics
     */
    public synchronized void sample(LagReport report) {
        Instant now = report.sample().at();
        broker = broker.answered(now);
        for (Stage stage : Stage.values()) {
            boolean absent = stage.joinsAGroup()
                    && (!stage.dispensable() || requests > 0)
                    && report.sample().members().getOrDefault(groups.of(stage), 0) == 0;
            if (absent) {
                missingSince.putIfAbsent(stage, now);
            } else {
                missingSince.remove(stage);
            }
        }
        sampled = true;
        lags = byGroup(report.partitions());
        judgedTotal = judgedOf(lags);
        judgedTotal.ifPresent(count -> judged.read(count, now));
        // real-images has plain writers and so no transaction markers: its end offsets count records
        long fedRecords = report.sample().topics().stream()
                .filter(range -> range.topic().equals(Stage.CURATOR.topic()))
                .mapToLong(LagSample.PartitionRange::end)
                .sum();
        if (fedTotal.isEmpty() || fedTotal.getAsLong() != fedRecords) {
            fedMovedAt = now;
        }
        fedTotal = OptionalLong.of(fedRecords);
        fed.read(fedRecords, now);
        if (caughtUp) {
            rejected.read(rejections.read(), now);
            trained.read(training.trained(), now);
            requested.read(requests, now);
            // the topic of answers holds pictures and transaction markers: neither is to be read for a number
            GroupLag generator = lagOf(Stage.GENERATOR);
            if (generator != null && generator.records() != null) {
                // the two numbers are read at different moments: what has been answered stays so
                answers = Math.max(answers, requests - generator.records());
                answered.read(answers, now);
            }
            candidates.read(versions.candidatesRead(), now);
            published.read(versions.versionsRead(), now);
        }
    }

    /** Those of this line's stages, upstream first. */
    private List<GroupLag> byGroup(List<LagEvaluation> partitions) {
        List<GroupLag> found = new ArrayList<>();
        for (Stage stage : Stage.values()) {
            List<LagEvaluation> own = partitions.stream()
                    .filter(p -> p.lag().group().equals(groups.of(stage))
                            && p.lag().topic().equals(stage.topic()))
                    .toList();
            if (!own.isEmpty()) {
                found.add(GroupLag.of(own));
            }
        }
        return found;
    }

    private static OptionalLong judgedOf(List<GroupLag> lags) {
        return lags.stream()
                .filter(lag -> Stage.CURATOR.role().equals(lag.stage()) && lag.records() != null)
                .flatMap(lag -> lag.partitions().stream())
                .map(GroupLag.Partition::committed)
                .filter(committed -> committed != null)
                .mapToLong(Long::longValue)
                .reduce(Long::sum);
    }

    /** What of the present goes into the history, by column. */
    public synchronized Map<String, Double> forHistory() {
        Map<String, Double> columns = new LinkedHashMap<>();
        put(columns, "rate fed", fed.perSecond());
        put(columns, "rate accepted", accepted());
        put(columns, "rate rejected", rejected.perSecond());
        put(columns, "rate trained", trained.perSecond());
        for (GroupLag lag : lags) {
            for (GroupLag.Partition partition : lag.partitions()) {
                String place = lag.group() + " " + lag.topic() + " " + partition.partition();
                if (partition.records() != null) {
                    columns.put("records " + place, (double) partition.records());
                }
                if (partition.seconds() != null) {
                    columns.put("seconds " + place, partition.seconds());
                }
            }
        }
        return columns;
    }

    private static void put(Map<String, Double> columns, String name, OptionalDouble value) {
        value.ifPresent(number -> columns.put(name, number));
    }

    private OptionalDouble accepted() {
        OptionalDouble all = judged.perSecond();
        OptionalDouble refused = rejected.perSecond();
        return all.isPresent() && refused.isPresent()
                ? OptionalDouble.of(Math.max(0, all.getAsDouble() - refused.getAsDouble()))
                : OptionalDouble.empty();
    }

    /** A picture of one of the newest triples, PNG. */
    public synchronized Optional<byte[]> triplePicture(String key, String name) {
        return triples.picture(key, name);
    }

    /** Bytes of all triple pictures held. */
    synchronized long tripleBytes() {
        return triples.bytes();
    }

    /**
     * Changes when the section may have changed; sections that change all the time have a stamp that does too.
     *
     * @param tick number of the look
     */
    public synchronized long stamp(Section section, long tick) {
        return switch (section) {
            case STATUS, FLOW, LAG -> tick;
            case REJECTIONS -> rejections.read();
            case TRIPLES -> tripleChanges;
            case TRAINING -> training.entries();
            case VERSIONS -> versionBookChanges;
        };
    }

    /** A section as it stands now, as JSON. */
    public synchronized String json(Section section, Instant now) {
        return Json.write(
                switch (section) {
                    case STATUS -> status(now);
                    case FLOW -> flow(now);
                    case LAG -> lags;
                    case REJECTIONS -> rejections.view();
                    case TRIPLES -> triples.view();
                    case TRAINING -> new Training(
                            training.view(CURVE_POINTS), number(training.idleRatio(NEWEST_STEPS)));
                    case VERSIONS -> versions.view();
                });
    }

    private record Training(TrainingCurve.View curve, @Nullable Double idleNow) {}

    private record Status(
            String model,
            Instant now,
            Instant startedAt,
            boolean caughtUp,
            Reachability broker,
            Reachability registry,
            List<Alarm> alarms,
            @Nullable Long fed,
            @Nullable Long judged,
            @Nullable Long rejected) {}

    private Status status(Instant now) {
        return new Status(
                model,
                now,
                startedAt,
                caughtUp,
                broker,
                registry,
                alarms(now),
                number(fedTotal),
                number(judgedTotal),
                rejections.view().complete() && caughtUp ? rejections.read() : null);
    }

    private List<Alarm> alarms(Instant now) {
        return AlarmRules.alarms(
                new AlarmRules.Facts(
                        brokers,
                        registryUrl,
                        broker,
                        registry,
                        lags,
                        missingSince,
                        versions,
                        rejections.view(),
                        training.notApplied(NEWEST_STEPS),
                        training.pause(),
                        judgedTotal,
                        undecodable),
                now);
    }

    private FlowView flow(Instant now) {
        boolean blind = broker.isDown() || !sampled;
        CheckpointVersion newest = versions.newest();
        List<Node> nodes = List.of(
                new Node("feed", "Feed", blind ? Mood.UNKNOWN : Mood.GOOD, feedDoes(now), List.of()),
                stage(Stage.CURATOR, "Curator", curatorDoes(), blind),
                new Node(
                        "rejected",
                        "Rejected",
                        blind ? Mood.UNKNOWN : Mood.GOOD,
                        String.format(Locale.ROOT, "%,d with a reason", rejections.read()),
                        List.of()),
                generator(blind),
                trainer(now, blind),
                stage(Stage.PUBLISHER, "Publisher", publisherDoes(), blind),
                subscribers(newest, blind));
        List<Edge> edges = List.of(
                edge("feed", "curator", "images", fed.perSecond(), fedTotal, lagOf(Stage.CURATOR)),
                edge(
                        "curator",
                        "rejected",
                        "rejections",
                        rejected.perSecond(),
                        OptionalLong.of(rejections.read()),
                        null),
                generatorEdge("curator", "generator", "requests", requested, lagOf(Stage.GENERATOR)),
                generatorEdge("generator", "curator", "answers", answered, null),
                edge("curator", "trainer", "triples", accepted(), acceptedTotal(), lagOf(Stage.TRAINER)),
                edge(
                        "trainer",
                        "publisher",
                        "candidates",
                        candidates.perSecond(),
                        OptionalLong.of(versions.candidatesRead()),
                        lagOf(Stage.PUBLISHER)),
                new Edge(
                        "publisher",
                        "subscribers",
                        "versions",
                        number(published.perSecond()),
                        newest == null ? 0L : newest.getVersion(),
                        versionsBehind(newest),
                        null,
                        Mood.GOOD));
        return new FlowView(nodes, edges);
    }

    private Node trainer(Instant now, boolean blind) {
        Node node = stage(Stage.TRAINER, "Trainer", trainerDoes(now), blind);
        if (blind || missingSince.containsKey(Stage.TRAINER)) {
            return node;
        }
        return training.pause()
                .map(pause -> pause.isOver()
                        ? new Node(node.id(), node.name(), Mood.GOOD, "its plan is over", node.members())
                        : new Node(node.id(), node.name(), Mood.BAD, "rests after an alarm", node.members()))
                .orElse(node);
    }

    private Node generator(boolean blind) {
        return isGeneratorUnused()
                ? new Node(Stage.GENERATOR.role(), "Generator", Mood.UNUSED, "not in use", List.of())
                : stage(Stage.GENERATOR, "Generator", generatorDoes(), blind);
    }

    private Edge generatorEdge(String from, String to, String what, RateMeter meter, @Nullable GroupLag lag) {
        return isGeneratorUnused()
                ? new Edge(from, to, what, null, null, null, null, Mood.UNUSED)
                : edge(from, to, what, meter.perSecond(), OptionalLong.empty(), lag);
    }

    /** Whether its topic is known to be empty, or not there. */
    private boolean isGeneratorUnused() {
        return caughtUp && requests == 0;
    }

    private OptionalLong acceptedTotal() {
        return judgedTotal.isPresent() && rejections.view().complete() && caughtUp
                ? OptionalLong.of(Math.max(0, judgedTotal.getAsLong() - rejections.read()))
                : OptionalLong.empty();
    }

    private @Nullable GroupLag lagOf(Stage stage) {
        return lags.stream()
                .filter(lag -> stage.role().equals(lag.stage()))
                .findFirst()
                .orElse(null);
    }

    private Node stage(Stage stage, String name, String doing, boolean blind) {
        GroupLag lag = lagOf(stage);
        List<String> who = lag == null ? List.of() : lag.owners();
        if (blind) {
            return new Node(stage.role(), name, Mood.UNKNOWN, "not known", who);
        }
        if (missingSince.containsKey(stage)) {
            boolean waits = lag != null && lag.records() != null && lag.records() > 0;
            Mood mood = waits && !stage.dispensable() ? Mood.BAD : Mood.WARN;
            return new Node(stage.role(), name, mood, "not running", who);
        }
        return new Node(stage.role(), name, lag == null ? Mood.GOOD : mood(lag.status()), doing, who);
    }

    private static Mood mood(LagStatus status) {
        return switch (status) {
            case OK, NO_COMMIT, UNKNOWN -> Mood.GOOD;
            case WARNING, REWIND -> Mood.WARN;
            case STALLED, STOPPED -> Mood.BAD;
        };
    }

    private static Edge edge(
            String from, String to, String what, OptionalDouble perSecond, OptionalLong total, @Nullable GroupLag lag) {
        return new Edge(
                from,
                to,
                what,
                number(perSecond),
                number(total),
                lag == null ? null : lag.records(),
                lag == null ? null : lag.seconds(),
                lag == null ? Mood.GOOD : mood(lag.status()));
    }

    private String feedDoes(Instant now) {
        if (fedTotal.isEmpty()) {
            return "not known";
        }
        if (fed.perSecond().orElse(0) > 0) {
            return "pictures come in";
        }
        return fedMovedAt == null ? "quiet" : "quiet for " + span(Duration.between(fedMovedAt, now));
    }

    private String curatorDoes() {
        return judged.perSecond().orElse(0) > 0 ? "judges pictures" : "waits for pictures";
    }

    private String generatorDoes() {
        return answered.perSecond().orElse(0) > 0 ? "answers requests" : "waits for requests";
    }

    private String trainerDoes(Instant now) {
        Long open = training.openStep();
        Instant done = training.lastDoneAt();
        if (open != null && (done == null || Duration.between(done, now).compareTo(LONG_QUIET) < 0)) {
            return "trains step " + open;
        }
        Long last = training.lastStep();
        if (last == null || done == null) {
            return "waits for its first batch";
        }
        return "step " + last + ", waits for " + span(Duration.between(done, now));
    }

    private String publisherDoes() {
        PublishingDecision last = versions.lastAboutACandidate();
        if (last == null) {
            return "waits for a candidate";
        }
        return last.getVersion() == null ? "refused " + last.getCandidate() : "published version " + last.getVersion();
    }

    private Node subscribers(@Nullable CheckpointVersion newest, boolean blind) {
        List<SubscriberStatus> live =
                versions.subscribers().stream().filter(s -> !s.getStopped()).toList();
        List<String> who = live.stream()
                .map(s -> Texts.shortened(s.getSubscriber(), 60)
                        + (s.getVersion() == null ? " has none yet" : " serves version " + s.getVersion()))
                .toList();
        boolean trouble = live.stream().anyMatch(s -> !s.getProblem().isEmpty());
        long up = live.stream()
                .filter(s -> newest != null && s.getVersion() != null && s.getVersion() == newest.getVersion())
                .count();
        String doing = live.isEmpty()
                ? "none reports"
                : newest == null
                        ? "wait for a version"
                        : up + " of " + live.size() + " on version " + newest.getVersion();
        return new Node(
                "subscribers",
                "Subscribers",
                blind ? Mood.UNKNOWN : trouble ? Mood.WARN : Mood.GOOD,
                blind ? "not known" : doing,
                who);
    }

    private @Nullable Long versionsBehind(@Nullable CheckpointVersion newest) {
        if (newest == null) {
            return null;
        }
        OptionalLong oldest = versions.subscribers().stream()
                .filter(s -> !s.getStopped()
                        && (s.getFollows().equals("alias latest")
                                || s.getFollows().equals("all versions")))
                .mapToLong(s -> s.getVersion() == null ? 0 : s.getVersion())
                .min();
        return oldest.isEmpty() ? null : Math.max(0, newest.getVersion() - oldest.getAsLong());
    }

    private static String span(Duration time) {
        long seconds = Math.max(0, time.toSeconds());
        return seconds < 90 ? seconds + " s" : seconds < 5_400 ? seconds / 60 + " min" : seconds / 3_600 + " h";
    }

    private static @Nullable Double number(OptionalDouble value) {
        return value.isPresent() ? value.getAsDouble() : null;
    }

    private static @Nullable Long number(OptionalLong value) {
        return value.isPresent() ? value.getAsLong() : null;
    }
}
