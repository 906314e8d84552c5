package dev.realalign.tests.publishing;

import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.BaseModel;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.LedgerMark;
import dev.realalign.schemas.Measures;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.schemas.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes candidates and announces them in transactions, as the trainer does, without training anything. */
public final class TrainerStandIn implements AutoCloseable {
    private static final String DIGEST = Sha256.hex("anything".getBytes(StandardCharsets.UTF_8));

    private final String model;
    private final CheckpointLayout store;
    private final Serializer<CheckpointCandidate> values;
    private final KafkaProducer<String, byte[]> producer;

    public TrainerStandIn(ClusterConfig cluster, String model, Path store) {
        this.model = model;
        this.store = new CheckpointLayout(store);
        this.values = Topics.CHECKPOINT_CANDIDATES.valueSerializer(cluster.registry());
        Map<String, Object> client = cluster.producer("stand-in-" + model);
        client.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "trainer-" + model);
        this.producer = new KafkaProducer<>(client, new StringSerializer(), new ByteArraySerializer());
        producer.initTransactions();
    }

    /**
     * Writes a candidate that nobody knows of yet.
     *
     * @param heldOutRatio its measured error on held-out real images, against the reference's
     */
    public CheckpointCandidate write(long step, double heldOutRatio) throws IOException {
        try (TensorScope scope = TensorScope.open()) {
            return write(
                    step,
                    heldOutRatio,
                    Map.of(
                            "unet.mid.attn1.to_q.lora_A.weight", Tensor.randn(step, 4, 64),
                            "unet.mid.attn1.to_q.lora_B.weight", Tensor.randn(step, 64, 4)));
        }
    }

    /**
     * Writes a candidate.
     *
     * @param adapter tensors of an adapter of rank 4 at layers to_q, under PEFT's names
     */
    public CheckpointCandidate write(long step, double heldOutRatio, Map<String, Tensor> adapter) throws IOException {
        String name = CheckpointLayout.candidateName(step, 1);
        Path place = store.candidate(model, name);
        Map<String, Double> metrics = Map.of(Measures.HELD_OUT_PREFERRED_RATIO, heldOutRatio);
        Map<String, Long> next = Map.of("preference-triples-0", step * 8);
        try (StoreFolder.Draft draft = StoreFolder.draft(place)) {
            SafeTensors.write(draft.file(CheckpointLayout.ADAPTER), adapter, Map.of());
            CandidateManifest manifest = new CandidateManifest(
                    CandidateManifest.FORMAT,
                    model,
                    name,
                    step,
                    step * 8,
                    next,
                    new BaseModel("tiny-base", DIGEST),
                    AdapterShape.lora(4, 4, List.of("to_q")),
                    new ObjectiveSettings("dpo", "beta / 2", Map.of()),
                    Map.of("run", 7L),
                    null,
                    null,
                    metrics,
                    null,
                    null,
                    List.of(FileEntry.of(draft.file(CheckpointLayout.ADAPTER))),
                    Instant.parse("2026-01-02T03:04:05Z"),
                    "",
                    DIGEST,
                    new LedgerMark(1, step, DIGEST));
            draft.write(CheckpointLayout.MANIFEST, manifest.toBytes());
            draft.finish();
            return CheckpointCandidate.newBuilder()
                    .setModel(model)
                    .setCandidate(name)
                    .setDigest(manifest.digest())
                    .setLocation(CheckpointLayout.location(place))
                    .setStep(step)
                    .setTriples(step * 8)
                    .setNextOffsets(next)
                    .setMetrics(metrics)
                    .setCreatedAt(manifest.createdAt())
                    .build();
        }
    }

    /** Announces a candidate. */
    public void announce(CheckpointCandidate candidate) throws ExecutionException, InterruptedException {
        send(values.serialize(Topics.CHECKPOINT_CANDIDATES.name(), candidate));
    }

    void announceGarbage() throws ExecutionException, InterruptedException {
        send("not avro".getBytes(StandardCharsets.UTF_8));
    }

    /** Announces and takes it back: nobody may ever see it. */
    void announceAndAbort(CheckpointCandidate candidate) throws ExecutionException, InterruptedException {
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(
                        Topics.CHECKPOINT_CANDIDATES.name(),
                        model,
                        values.serialize(Topics.CHECKPOINT_CANDIDATES.name(), candidate)))
                .get();
        producer.abortTransaction();
    }

    private void send(byte[] value) throws ExecutionException, InterruptedException {
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(Topics.CHECKPOINT_CANDIDATES.name(), model, value))
                .get();
        producer.commitTransaction();
    }

    @Override
    public void close() {
        producer.close();
        values.close();
    }
}
