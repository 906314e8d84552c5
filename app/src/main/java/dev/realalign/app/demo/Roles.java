package dev.realalign.app.demo;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.evaluate.CandidateEvaluation;
import dev.realalign.app.metrics.Health;
import dev.realalign.app.metrics.Meters;
import dev.realalign.app.metrics.PublishingCounts;
import dev.realalign.app.metrics.RoleMeters;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.curator.CuratorService;
import dev.realalign.generator.GeneratorConfig;
import dev.realalign.generator.GeneratorService;
import dev.realalign.generator.draw.SamplerChoice;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.publisher.PublisherService;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ModelConfig;
import dev.realalign.runtime.Service;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.signing.KeyFileException;
import dev.realalign.schemas.signing.SigningKey;
import dev.realalign.schemas.signing.TrustedKeys;
import dev.realalign.schemas.signing.VerificationKey;
import dev.realalign.subscriber.CheckpointSubscriber;
import dev.realalign.subscriber.Follow;
import dev.realalign.subscriber.SubscriberState;
import dev.realalign.subscriber.SubscriptionException;
import dev.realalign.trainer.TrainerConfig;
import dev.realalign.trainer.TrainerService;
import dev.realalign.trainer.learn.HeldOutMeasure;
import dev.realalign.trainer.learn.StepMetrics;
import dev.realalign.trainer.loop.LoopSettings;
import dev.realalign.trainer.stage.StagePlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/** Every role of the house in this process, over an embedded cluster. */
final class Roles implements AutoCloseable {
    /** Records the feed may be ahead of the trainer: enough to keep every stage busy. */
    private static final long LEAST_AHEAD = 512;

    private static final int BATCHES_AHEAD = 8;

    /** Few steps without guidance: what so small a model draws of them is worse than a photograph in any case. */
    private static final String TINY_MODEL_STEPS = "8";

    /** A few of every kind that a network makes, so many as the trainer's processor can spare. */
    private static final String GENERATED_TOO = ",TEXT_TO_IMAGE:6,SDEDIT:6,SALIENCY_INPAINTING:6";

    private static final String GENERATED_DEADLINE_MS = "30000";

    private final EmbeddedCluster cluster;
    private final CuratorService curator;
    /** None in a deterministic demo, which has perturbed negatives alone. */
    private final Optional<GeneratorService> generator;

    private final TrainerService trainer;
    private final PublisherService publisher;
    private final CheckpointSubscriber subscriber;
    private final Path into;
    private final String line;
    private final StagePlan stages;
    private final long feedAhead;
    private final PublishingCounts publishings = new PublishingCounts();
    private final Set<Long> received = new ConcurrentSkipListSet<>();

    /**
     * Starts them all; their topics must exist.
     *
     * @param cluster the cluster they talk over, which stays the caller's
     * @param configuration configuration of all roles
     * @param line model line
     * @param into folder of the subscriber
     */
    Roles(EmbeddedCluster cluster, Map<String, String> configuration, String line, Path into) {
        this.cluster = cluster;
        this.into = into;
        this.line = line;
        curator = new CuratorService(CuratorConfig.from(configuration));
        TrainerConfig training = TrainerConfig.from(configuration);
        PublisherConfig publishing = PublisherConfig.from(configuration);
        generator = training.loop().deterministic()
                ? Optional.empty()
                : Optional.of(new GeneratorService(generating(configuration, publishing)));
        trainer = new TrainerService(training);
        stages = training.learner().stages();
        feedAhead = Math.max(LEAST_AHEAD, (long) BATCHES_AHEAD * training.loop().batchPairs());
        publisher = new PublisherService(publishing, publishings, CandidateEvaluation::open);
        receivedOnDisk().forEach(version -> received.add(version.version()));
        try {
            CheckpointSubscriber.Builder builder = CheckpointSubscriber.of(line, into, client(configuration));
            trust(publishing, builder);
            subscriber = builder.follow(new Follow.AllVersions())
                    .keepPrevious(Integer.MAX_VALUE)
                    .onVersion(version -> received.add(version.version()))
                    .start();
        } catch (SubscriptionException e) {
            throw UserErrorException.failure(e.getMessage() + ".", e);
        }
        services().forEach(Service::start);
    }

    /** The subscriber trusts exactly the key that this publisher signs with. */
    private static void trust(PublisherConfig publishing, CheckpointSubscriber.Builder subscriber) {
        publicKey(publishing).ifPresentOrElse(key -> subscriber.trust(TrustedKeys.of(key)), subscriber::allowUnsigned);
    }

    /** So does the generator, unless the user says otherwise; it reads the key from a file. */
    private static GeneratorConfig generating(Map<String, String> configuration, PublisherConfig publishing) {
        Map<String, String> given = new HashMap<>(configuration);
        if (!given.containsKey(GeneratorConfig.TRUST) && !given.containsKey(GeneratorConfig.UNSIGNED_ALLOWED)) {
            publicKey(publishing)
                    .ifPresentOrElse(
                            key -> given.put(
                                    GeneratorConfig.TRUST,
                                    written(key, Path.of(given.get(GeneratorConfig.VERSIONS_DIRECTORY)))
                                            .toString()),
                            () -> given.put(GeneratorConfig.UNSIGNED_ALLOWED, "true"));
        }
        return GeneratorConfig.from(given);
    }

    private static Path written(VerificationKey key, Path folder) {
        Path file = folder.resolve("trusted.pub");
        try {
            Files.createDirectories(folder);
            return Files.writeString(file, key.pem());
        } catch (IOException e) {
            throw UserErrorException.failure(file + " cannot be written (" + e.getMessage() + ").", e);
        }
    }

    private static Optional<VerificationKey> publicKey(PublisherConfig publishing) {
        try {
            return publishing.signingKey().isEmpty()
                    ? Optional.empty()
                    : Optional.of(SigningKey.read(publishing.signingKey().get()).publicKey());
        } catch (KeyFileException e) {
            throw UserErrorException.usage(e.getMessage() + ".");
        }
    }

    /** What fits a house in one folder, below anything the user gives. */
    static Map<String, String> defaults(HouseSettings house, int resolution) {
        DemoFolder folder = new DemoFolder(house.data());
        String model = house.model().toAbsolutePath().toString();
        Map<String, String> defaults = new HashMap<>(folder.stores());
        defaults.put(ModelConfig.MODEL, house.line());
        defaults.put(PublisherConfig.SIGNING_KEY, folder.keys().privateKey().toString());
        defaults.put(CuratorConfig.STATE_DIRECTORY, folder.curator().toString());
        defaults.put(CuratorConfig.STANDBY_REPLICAS, "0");
        defaults.put(TrainerConfig.BASE_MODEL, model);
        defaults.put(CuratorConfig.RESOLUTION_PX, Integer.toString(resolution));
        defaults.put(GeneratorConfig.BASE_MODEL, model);
        defaults.put(GeneratorConfig.RESOLUTION_PX, Integer.toString(resolution));
        defaults.put(GeneratorConfig.VERSIONS_DIRECTORY, folder.generator().toString());
        defaults.put(GeneratorConfig.INSTANCE, "demo");
        defaults.put(
                TrainerConfig.INSTANCE,
                "demo"); // one house at a time uses a folder: it need not wait for its own lease
        return defaults;
    }

    /** Generated negatives that a small model draws on the processor that trains it. */
    static Map<String, String> quickDrawing() {
        return Map.of(
                CuratorConfig.NEGATIVE_MIX,
                CuratorConfig.PERTURBATIONS + GENERATED_TOO,
                CuratorConfig.GENERATED_DEADLINE_MS,
                GENERATED_DEADLINE_MS,
                GeneratorConfig.SAMPLER,
                SamplerChoice.DPM_SOLVER.text(),
                GeneratorConfig.STEPS,
                TINY_MODEL_STEPS,
                GeneratorConfig.GUIDANCE,
                "1",
                GeneratorConfig.BATCH,
                "8");
    }

    /** Triples that give this many versions at the configured cadence: full batches up to each candidate, and a full held-out set. */
    static long triplesFor(int versions, Map<String, String> configuration) {
        LoopSettings loop = TrainerConfig.from(configuration).loop();
        return (long) versions * loop.candidateEvery() * loop.batchPairs()
                + loop.holdOut().maximum();
    }

    /** Whether so many records of real-images are more than the trainer will come to soon: feeding on would only take its processor time. */
    boolean isTooFarAhead(long fed, Census census) {
        long trained = trainer.progress()
                .map(progress -> progress.nextOffsets().values().stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .orElse(0L);
        long unjudged = fed - census.triples() - census.rejections();
        return unjudged + census.triplesEnd() - trained > feedAhead;
    }

    /** The trainer's progress as the summary shows it, once there is any. */
    Optional<Snapshot.Training> training() {
        return trainer.progress().map(progress -> {
            StepMetrics last = progress.last();
            HeldOutMeasure heldOut = progress.heldOut();
            return new Snapshot.Training(
                    progress.step(),
                    progress.stage().toString(),
                    progress.triples(),
                    last == null ? OptionalDouble.empty() : OptionalDouble.of(last.loss()),
                    last == null ? OptionalDouble.empty() : OptionalDouble.of(last.implicitAccuracy()),
                    heldOut == null ? OptionalDouble.empty() : OptionalDouble.of(heldOut.preferredRatio()),
                    progress.heldOutPairs(),
                    progress.pairsPerSecond());
        });
    }

    /** The stages of training. */
    StagePlan stages() {
        return stages;
    }

    TrainerService trainer() {
        return trainer;
    }

    /** How many versions the subscriber has received, in this run and before. */
    int received() {
        return received.size();
    }

    /** The versions on the subscriber's disk. */
    List<DemoReport.Received> receivedOnDisk() {
        return ReceivedVersions.in(into);
    }

    private List<Service> services() {
        List<Service> services = new ArrayList<>(List.of(curator));
        generator.ifPresent(services::add);
        services.addAll(List.of(trainer, publisher));
        return services;
    }

    /**
     * Says what has ended unasked, if anything has.
     *
     * @throws UserErrorException what the user can mend
     * @throws IllegalStateException any other failure of a role
     */
    void requireAlive() {
        UserErrorException death = cluster.died().getNow(null);
        if (death != null) {
            throw death;
        }
        for (Service service : services()) {
            Throwable failure = service.failure().orElse(null);
            if (failure instanceof UserErrorException mistake) {
                throw mistake;
            }
            if (failure != null) {
                throw new IllegalStateException("the " + service.name() + " failed", failure);
            }
        }
    }

    /** Registers the meters of every role. */
    void register(Meters meters) {
        services().forEach(service -> RoleMeters.service(meters, service));
        RoleMeters.curator(meters, curator.counts());
        generator.ifPresent(worker -> RoleMeters.generator(meters, worker::counts));
        RoleMeters.trainer(meters, trainer::progress);
        RoleMeters.publisher(meters, publishings);
        RoleMeters.subscriber(meters, line, subscriber::state, InstantSource.system());
    }

    /** How they fare together. */
    Health health() {
        return Health.of(services());
    }

    /** What keeps the subscriber from receiving, while something does. */
    Optional<String> subscriberTrouble() {
        return subscriber.state().trouble().map(SubscriberState.Trouble::message);
    }

    /** Ends every role that still runs, downstream last. */
    @Override
    public void close() {
        services().forEach(Service::close);
        subscriber.close();
    }

    private static Map<String, Object> client(Map<String, String> configuration) {
        ClusterConfig cluster = ClusterConfig.from(configuration);
        Map<String, Object> client = new HashMap<>(cluster.consumer("demo-subscriber"));
        client.putAll(cluster.registry());
        return client;
    }
}
