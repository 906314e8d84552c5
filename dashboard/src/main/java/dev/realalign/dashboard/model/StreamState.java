package dev.realalign.dashboard.model;

import dev.realalign.dashboard.model.FlowView.Edge;
import dev.realalign.dashboard.model.FlowView.Mood;
import dev.realalign.dashboard.model.FlowView.Node;
import dev.realalign.runtime.PartitionLag;
import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.SubscriberStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
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
    private final String brokers;
    private final String registryUrl;
    private final Instant startedAt;

    private final TrainingCurve training = new TrainingCurve();
    private final RejectionTally rejections = new RejectionTally();
    private final VersionBook versions = new VersionBook();
    private final NewestTriples triples;
    private final Map<String, LagTrend> trends = new LinkedHashMap<>();
    private final Map<Stage, Instant> missingSince = new EnumMap<>(Stage.class);
    private final RateMeter fed = new RateMeter();
    private final RateMeter judged = new RateMeter();
    private final RateMeter rejected = new RateMeter();
    private final RateMeter trained = new RateMeter();
    private final RateMeter candidates = new RateMeter();
    private final RateMeter published = new RateMeter();

    private List<LagTrend.View> lags = List.of();
    private @Nullable Map<Stage, Members> members;
    private Reachability broker = Reachability.UNKNOWN;
    private Reachability registry = Reachability.UNKNOWN;
    private OptionalLong fedTotal = OptionalLong.empty();
    private OptionalLong judgedTotal = OptionalLong.empty();
    private @Nullable Instant fedMovedAt;
    private boolean caughtUp;
    private long undecodable;
    private long versionBookChanges;
    private long tripleChanges;

    /**
     * Nothing known yet.
     *
     * @param model model line
     * @param brokers where the brokers are, for alarms
     * @param registryUrl where the registry is, for alarms
     * @param tripleBytes most bytes of the newest triples' pictures
     * @param startedAt when the dashboard began
     */
    public StreamState(String model, String brokers, String registryUrl, long tripleBytes, Instant startedAt) {
        this.model = model;
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

    /** The broker answered. */
    public synchronized void brokerAnswered(Instant now) {
        broker = broker.answered(now);
    }

    /** The broker did not answer. */
    public synchronized void brokerFailed(String reason, Instant now) {
        broker = broker.failed(reason, now);
        members = null;
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
     * @param sampled lag of every partition of every group
     * @param present members of the stages; a stage without an entry has none
     * @param fedRecords records ever fed into real-images
     */
    public synchronized void sample(
            List<PartitionLag> sampled, Collection<Members> present, OptionalLong fedRecords, Instant now) {
        Map<Stage, Members> byStage = new EnumMap<>(Stage.class);
        present.forEach(of -> byStage.put(of.stage(), of));
        members = byStage;
        for (Stage stage : Stage.values()) {
            Members of = byStage.get(stage);
            if (of == null || (of.working().isEmpty() && of.standingBy().isEmpty())) {
                missingSince.putIfAbsent(stage, now);
            } else {
                missingSince.remove(stage);
            }
        }
        lags = judge(sampled, now);
        judgedTotal = judgedOf(sampled);
        judgedTotal.ifPresent(count -> judged.read(count, now));
        if (fedRecords.isPresent()) {
            if (fedTotal.isEmpty() || fedTotal.getAsLong() != fedRecords.getAsLong()) {
                fedMovedAt = now;
            }
            fedTotal = fedRecords;
            fed.read(fedRecords.getAsLong(), now);
        }
        if (caughtUp) {
            rejected.read(rejections.read(), now);
            trained.read(training.trained(), now);
            candidates.read(versions.candidatesRead(), now);
            published.read(versions.versionsRead(), now);
        }
    }

    private List<LagTrend.View> judge(List<PartitionLag> sampled, Instant now) {
        Map<String, List<PartitionLag>> byGroup = new TreeMap<>();
        sampled.forEach(lag ->
                byGroup.computeIfAbsent(key(lag), key -> new ArrayList<>()).add(lag));
        trends.keySet().retainAll(byGroup.keySet());
        List<LagTrend.View> views = new ArrayList<>();
        byGroup.forEach((key, partitions) -> {
            PartitionLag first = partitions.get(0);
            List<String> owners = Stage.reading(first.topic())
                    .flatMap(stage -> Optional.ofNullable(members == null ? null : members.get(stage)))
                    .map(Members::working)
                    .orElse(List.of());
            views.add(trends.computeIfAbsent(key, k -> new LagTrend())
                    .take(first.group(), first.topic(), partitions, owners, now));
        });
        return views;
    }

    private static String key(PartitionLag lag) {
        return lag.group() + "/" + lag.topic();
    }

    private static OptionalLong judgedOf(List<PartitionLag> sampled) {
        List<PartitionLag> curator = sampled.stream()
                .filter(lag -> Stage.reading(lag.topic()).orElse(null) == Stage.CURATOR
                        && lag.committed().isPresent())
                .toList();
        return curator.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(curator.stream()
                        .mapToLong(lag -> lag.committed().orElse(0))
                        .sum());
    }

    /** What of the present goes into the history, by column. */
    public synchronized Map<String, Double> forHistory() {
        Map<String, Double> columns = new LinkedHashMap<>();
        put(columns, "rate fed", fed.perSecond());
        put(columns, "rate accepted", accepted());
        put(columns, "rate rejected", rejected.perSecond());
        put(columns, "rate trained", trained.perSecond());
        for (LagTrend.View lag : lags) {
            for (LagTrend.PartitionView partition : lag.partitions()) {
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
                        members,
                        missingSince,
                        versions,
                        rejections.view(),
                        training.notApplied(NEWEST_STEPS),
                        fed.perSecond(),
                        judgedTotal.isPresent() ? OptionalDouble.of(judgedTotal.getAsLong()) : OptionalDouble.empty(),
                        undecodable),
                now);
    }

    private FlowView flow(Instant now) {
        boolean blind = broker.isDown() || members == null;
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
                stage(Stage.TRAINER, "Trainer", trainerDoes(now), blind),
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

    private OptionalLong acceptedTotal() {
        return judgedTotal.isPresent() && rejections.view().complete() && caughtUp
                ? OptionalLong.of(Math.max(0, judgedTotal.getAsLong() - rejections.read()))
                : OptionalLong.empty();
    }

    private LagTrend.@Nullable View lagOf(Stage stage) {
        return lags.stream()
                .filter(lag -> stage.role().equals(lag.stage()))
                .findFirst()
                .orElse(null);
    }

    private Node stage(Stage stage, String name, String doing, boolean blind) {
        Members of = members == null ? null : members.get(stage);
        List<String> who = new ArrayList<>();
        if (of != null) {
            who.addAll(of.working());
            of.standingBy().forEach(member -> who.add(member + " (standing by)"));
        }
        LagTrend.View lag = lagOf(stage);
        if (blind) {
            return new Node(stage.role(), name, Mood.UNKNOWN, "not known", who);
        }
        if (who.isEmpty()) {
            boolean waits = lag != null && lag.records() != null && lag.records() > 0;
            return new Node(stage.role(), name, waits ? Mood.BAD : Mood.WARN, "not running", who);
        }
        return new Node(stage.role(), name, lag == null ? Mood.GOOD : mood(lag.status()), doing, who);
    }

    private static Mood mood(LagTrend.Status status) {
        return switch (status) {
            case UNKNOWN, OK -> Mood.GOOD;
            case CATCHING_UP, FALLING_BEHIND -> Mood.WARN;
            case STANDING_STILL -> Mood.BAD;
        };
    }

    private static Edge edge(
            String from,
            String to,
            String what,
            OptionalDouble perSecond,
            OptionalLong total,
            LagTrend.@Nullable View lag) {
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
                .filter(s -> !s.getStopped() && s.getFollows().startsWith("alias latest"))
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
