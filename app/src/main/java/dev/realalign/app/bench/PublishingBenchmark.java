package dev.realalign.app.bench;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.publisher.PublisherService;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.Service;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.BaseModel;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.LedgerMark;
import dev.realalign.schemas.Measures;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.signing.SigningKey;
import dev.realalign.schemas.signing.TrustedKeys;
import dev.realalign.subscriber.CheckpointSubscriber;
import dev.realalign.subscriber.ReceivedVersion;
import dev.realalign.trainer.kafka.KafkaLedgerLog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * From a candidate to verified files on a subscriber's disk: the real publisher and the real subscriber over the embedded
 * broker, on one machine. The candidate is of the size of a rank 4 adapter of Stable Diffusion 1.5 with its moving average,
 * an optimizer state of twice that, and the errors of 64 held-out images at 8 timesteps.
 */
public final class PublishingBenchmark {
    private static final String MODEL = "bench";
    private static final int RANK = 4;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String DIGEST = Sha256.hex("bench".getBytes(StandardCharsets.UTF_8));
    /** The four kinds of linear layer that are adapted. */
    private static final List<String> TARGETS = List.of("to_q", "to_k", "to_v", "to_out.0");
    /** Widths of the U-Net's sixteen transformer blocks, from the first down block over the middle to the last up block. */
    private static final List<Integer> WIDTHS =
            List.of(320, 320, 640, 640, 1280, 1280, 1280, 1280, 1280, 1280, 640, 640, 640, 320, 320, 320);
    /** Width of the text that the second attention of each block reads. */
    private static final int TEXT_WIDTH = 768;

    private final int versions;
    private final Path folder;

    /**
     * A benchmark.
     *
     * @param versions versions to publish and measure, after two that are not measured
     * @param folder empty folder for broker, store and subscriber
     */
    public PublishingBenchmark(int versions, Path folder) {
        this.versions = versions;
        this.folder = folder;
    }

    /**
     * What was measured, in seconds, one figure a version, in order.
     *
     * @param parameters numbers in the adapter
     * @param bytes size of the files a subscriber gets with a version, manifest and signature apart
     * @param announced from the moment the announcement was sent to the call of the subscriber's listener, when every file
     *     is on its disk, signature and hashes verified, and {@code current} points to it
     * @param stepEnd the same from the moment the trainer begins to write the candidate: writing, forcing to the disk and
     *     reading back included
     */
    public record Report(long parameters, long bytes, List<Double> announced, List<Double> stepEnd) {}

    /** Runs, for a few seconds. */
    public Report run() throws IOException, InterruptedException {
        try (EmbeddedCluster embedded = EmbeddedCluster.start(EmbeddedOptions.in(folder.resolve("cluster")))) {
            CheckpointLayout store = new CheckpointLayout(folder.resolve("store"));
            Map<String, String> given = new HashMap<>(embedded.properties());
            given.put("model.name", MODEL);
            given.put("checkpoint.store.uri", CheckpointLayout.location(store.root()));
            SigningKey key = SigningKey.generate();
            Path keyFile = folder.resolve("bench.key");
            key.write(keyFile);
            given.put(PublisherConfig.SIGNING_KEY, keyFile.toString());
            ClusterConfig cluster = ClusterConfig.from(embedded.properties());
            ClusterSetup.prepare(cluster, Topics.all());
            BlockingQueue<Received> received = new LinkedBlockingQueue<>();
            try (PublisherService publisher = new PublisherService(PublisherConfig.from(given));
                    CheckpointSubscriber subscriber = CheckpointSubscriber.of(
                                    MODEL, folder.resolve("into"), cluster.reader("bench-subscriber"))
                            .trust(TrustedKeys.of(key.publicKey()))
                            .onVersion(version -> received.add(new Received(version, System.nanoTime())))
                            .start();
                    KafkaProducer<String, CheckpointCandidate> trainer = trainer(cluster)) {
                publisher.start();
                return measure(store, publisher, trainer, received);
            }
        }
    }

    private record Received(ReceivedVersion version, long nanos) {}

    private static KafkaProducer<String, CheckpointCandidate> trainer(ClusterConfig cluster) {
        Map<String, Object> client = cluster.producer("bench-trainer");
        client.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, KafkaLedgerLog.transactionalId(MODEL));
        KafkaProducer<String, CheckpointCandidate> producer = new KafkaProducer<>(
                client,
                Topics.CHECKPOINT_CANDIDATES.keySerializer(),
                Topics.CHECKPOINT_CANDIDATES.valueSerializer(cluster.registry()));
        producer.initTransactions();
        return producer;
    }

    private Report measure(
            CheckpointLayout store,
            PublisherService publisher,
            KafkaProducer<String, CheckpointCandidate> trainer,
            BlockingQueue<Received> received)
            throws IOException, InterruptedException {
        List<Double> announced = new ArrayList<>();
        List<Double> stepEnd = new ArrayList<>();
        long bytes = 0;
        int unmeasured = 2;
        for (int i = 1; i <= versions + unmeasured; i++) {
            try (TensorScope scope = TensorScope.open()) {
                Map<String, Tensor> adapter = adapter(i);
                long begun = System.nanoTime();
                CheckpointCandidate candidate = write(store, i, adapter);
                long sent = System.nanoTime();
                announce(trainer, candidate);
                Received version = await(received, publisher);
                if (version.version().version() != i) {
                    throw new IllegalStateException(
                            "version " + version.version().version() + " came where version " + i + " was due");
                }
                bytes = version.version().manifest().files().stream()
                        .mapToLong(FileEntry::size)
                        .sum();
                if (i > unmeasured) {
                    announced.add((version.nanos() - sent) / 1e9);
                    stepEnd.add((version.nanos() - begun) / 1e9);
                }
            }
        }
        return new Report(parameters(), bytes, announced, stepEnd);
    }

    private static Received await(BlockingQueue<Received> received, Service publisher) throws InterruptedException {
        Received version = received.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        if (version == null) {
            Throwable failure = publisher.failure().orElse(null);
            throw UserErrorException.failure(
                    "no version arrived within " + PATIENCE.toSeconds() + " seconds"
                            + (failure == null ? "" : ": " + failure.getMessage()) + ".",
                    failure);
        }
        return version;
    }

    private static void announce(KafkaProducer<String, CheckpointCandidate> trainer, CheckpointCandidate candidate)
            throws InterruptedException {
        trainer.beginTransaction();
        try {
            trainer.send(new ProducerRecord<>(Topics.CHECKPOINT_CANDIDATES.name(), MODEL, candidate))
                    .get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the candidate could not be announced", e);
        }
        trainer.commitTransaction();
    }

    private static CheckpointCandidate write(CheckpointLayout store, long step, Map<String, Tensor> adapter)
            throws IOException {
        String name = CheckpointLayout.candidateName(step, 1);
        Path place = store.candidate(MODEL, name);
        Map<String, Double> metrics = Map.of(Measures.HELD_OUT_PREFERRED_RATIO, 1.0);
        Map<String, Long> next = Map.of("preference-triples-0", step * 16);
        List<FileEntry> files = new ArrayList<>();
        CandidateManifest manifest;
        try (StoreFolder.Draft draft = StoreFolder.draft(place)) {
            SafeTensors.write(draft.file(CheckpointLayout.ADAPTER), adapter, Map.of());
            SafeTensors.write(draft.file(CheckpointLayout.EMA), adapter, Map.of());
            SafeTensors.write(draft.file(CheckpointLayout.OPTIMIZER), moments(adapter), Map.of());
            draft.write(CheckpointLayout.HELD_OUT_ERRORS, errors().toBytes());
            for (String file : List.of(
                    CheckpointLayout.ADAPTER,
                    CheckpointLayout.EMA,
                    CheckpointLayout.OPTIMIZER,
                    CheckpointLayout.HELD_OUT_ERRORS)) {
                files.add(FileEntry.of(draft.file(file)));
            }
            manifest = new CandidateManifest(
                    CandidateManifest.FORMAT,
                    MODEL,
                    name,
                    step,
                    step * 16,
                    next,
                    new BaseModel("stable-diffusion-v1-5", DIGEST),
                    AdapterShape.lora(RANK, RANK, TARGETS),
                    new ObjectiveSettings("dpo", "beta / 2", Map.of()),
                    Map.of("run", 0L),
                    null,
                    null,
                    metrics,
                    null,
                    null,
                    files,
                    Instant.now(),
                    "",
                    DIGEST,
                    new LedgerMark(1, step, DIGEST));
            draft.write(CheckpointLayout.MANIFEST, manifest.toBytes());
            draft.finish();
        }
        for (FileEntry file : manifest.files()) {
            file.verify(place.resolve(file.name()));
        }
        return CheckpointCandidate.newBuilder()
                .setModel(MODEL)
                .setCandidate(name)
                .setDigest(manifest.digest())
                .setLocation(CheckpointLayout.location(place))
                .setStep(step)
                .setTriples(manifest.triples())
                .setNextOffsets(next)
                .setMetrics(metrics)
                .setCreatedAt(manifest.createdAt())
                .build();
    }

    /** Input and output width of every adapted layer, by its name in the file. */
    private static Map<String, int[]> layers() {
        Map<String, int[]> layers = new HashMap<>();
        for (int block = 0; block < WIDTHS.size(); block++) {
            int width = WIDTHS.get(block);
            for (String attention : List.of("attn1", "attn2")) {
                for (String target : TARGETS) {
                    boolean readsText = attention.equals("attn2") && (target.equals("to_k") || target.equals("to_v"));
                    layers.put(
                            "unet.blocks." + block + "." + attention + "." + target,
                            new int[] {readsText ? TEXT_WIDTH : width, width});
                }
            }
        }
        return layers;
    }

    private static long parameters() {
        return layers().values().stream()
                .mapToLong(widths -> (long) RANK * (widths[0] + widths[1]))
                .sum();
    }

    private static Map<String, Tensor> adapter(long seed) {
        Map<String, Tensor> adapter = new HashMap<>();
        layers().forEach((name, widths) -> {
            adapter.put(name + ".lora_A.weight", Tensor.randn(seed, RANK, widths[0]));
            adapter.put(name + ".lora_B.weight", Tensor.randn(seed, widths[1], RANK));
        });
        return adapter;
    }

    private static Map<String, Tensor> moments(Map<String, Tensor> adapter) {
        Map<String, Tensor> moments = new HashMap<>();
        adapter.forEach((name, tensor) -> {
            moments.put(name + ".first", tensor);
            moments.put(name + ".second", tensor);
        });
        return moments;
    }

    private static HeldOutErrors errors() {
        return HeldOutErrors.of(IntStream.range(0, 64)
                .boxed()
                .flatMap(image -> IntStream.range(0, 8)
                        .mapToObj(slot -> new HeldOutErrors.Measurement(
                                Sha256.hex(("image " + image).getBytes(StandardCharsets.UTF_8)),
                                slot,
                                62 + 125 * slot,
                                0.1 + image / 1000.0,
                                0.2,
                                0.1,
                                0.2)))
                .toList());
    }
}
