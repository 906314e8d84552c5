package dev.realalign.trainer.kafka;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.UndecodableRecordException;
import dev.realalign.trainer.loop.TripleSource;
import dev.realalign.trainer.plan.Delivery;
import dev.realalign.trainer.plan.Skipped;
import dev.realalign.trainer.triple.SkipReason;
import dev.realalign.trainer.triple.TrainingPair;
import dev.realalign.trainer.triple.UnusableTripleException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads preference-triples in a thread of its own: polls, decodes, and keeps a bounded store of deliveries ready while
 * the trainer computes. It assigns itself every partition and is in no group's membership, so a step may take as long as
 * it likes. Full stores pause the partitions; nothing is dropped and memory stays bounded whatever the backlog.
 */
public final class KafkaTripleSource implements TripleSource {
    private static final Logger log = LoggerFactory.getLogger(KafkaTripleSource.class);
    private static final String TOPIC = Topics.PREFERENCE_TRIPLES.name();
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration REGISTRY_RETRY = Duration.ofSeconds(1);

    private final Consumer<byte[], byte[]> consumer;
    private final Deserializer<PreferenceTriple> decoder;
    private final int resolution;
    private final long maxBufferedBytes;
    private final @Nullable Duration retention;
    private final InstantSource clock;
    private final List<TopicPartition> partitions;
    private final Thread reader = new Thread(this::read, "trainer-reader");

    private final LinkedBlockingQueue<Buffered> ready = new LinkedBlockingQueue<>();
    private final AtomicLong bufferedBytes = new AtomicLong();
    /** Deliveries put into the store, per partition: the offset after the last. Written by the reader. */
    private final Map<Integer, Long> positions = new ConcurrentHashMap<>();
    /** Deliveries taken out of the store, per partition: the offset after the last. Written by the trainer. */
    private final Map<Integer, Long> taken = new ConcurrentHashMap<>();

    private final ConcurrentLinkedQueue<Runnable> requests = new ConcurrentLinkedQueue<>();
    private final AtomicReference<@Nullable SortedMap<Integer, Long>> toCommit = new AtomicReference<>();
    private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    private volatile @Nullable RuntimeException failure;
    private volatile boolean closing;
    private boolean started;

    /**
     * A delivery in the store.
     *
     * @param delivery the delivery
     * @param appended when its record was appended, in milliseconds since the epoch
     */
    private record Buffered(Delivery delivery, long appended) {}

    /**
     * @param consumer a consumer of committed records with {@code auto.offset.reset=none}; closed with this source
     * @param decoder decoder of values; closed with this source
     * @param resolution width and height the model trains at, in pixels
     * @param maxBufferedBytes decoded pictures kept ready, in bytes, beyond which reading pauses
     * @param retention how long records stay in the log, null for ever
     * @param clock time of day, which the brokers' is compared with
     */
    KafkaTripleSource(
            Consumer<byte[], byte[]> consumer,
            Deserializer<PreferenceTriple> decoder,
            int resolution,
            long maxBufferedBytes,
            @Nullable Duration retention,
            InstantSource clock) {
        this.consumer = consumer;
        this.decoder = decoder;
        this.resolution = resolution;
        this.maxBufferedBytes = maxBufferedBytes;
        this.retention = retention;
        this.clock = clock;
        this.partitions = new ArrayList<>();
        List<PartitionInfo> found = consumer.partitionsFor(TOPIC);
        if (found == null || found.isEmpty()) {
            throw UserErrorException.failure(
                    "Topic " + TOPIC + " does not exist. Start the curator once, or create the topic.");
        }
        found.stream()
                .map(info -> new TopicPartition(TOPIC, info.partition()))
                .sorted(Comparator.comparingInt(TopicPartition::partition))
                .forEach(partitions::add);
    }

    /**
     * Opens the topic.
     *
     * @param consumer properties of a consumer of committed records
     * @param registry properties of the registry client
     * @param group group under which lag tools see the trainer's progress
     * @param retention how long records stay in the log, null for ever
     */
    public static KafkaTripleSource open(
            Map<String, Object> consumer,
            Map<String, Object> registry,
            String group,
            int resolution,
            long maxBufferedBytes,
            @Nullable Duration retention) {
        Map<String, Object> settings = new HashMap<>(consumer);
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        settings.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 32);
        settings.putIfAbsent(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 8 * 1024 * 1024);
        return new KafkaTripleSource(
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer()),
                Topics.PREFERENCE_TRIPLES.valueDeserializer(registry),
                resolution,
                maxBufferedBytes,
                retention,
                InstantSource.system());
    }

    @Override
    public SortedMap<Integer, Long> beginnings() {
        return ask(c -> numbers(c.beginningOffsets(partitions)));
    }

    @Override
    public SortedMap<Integer, Long> ends() {
        return ask(c -> numbers(c.endOffsets(partitions)));
    }

    private static SortedMap<Integer, Long> numbers(Map<TopicPartition, Long> offsets) {
        SortedMap<Integer, Long> numbers = new TreeMap<>();
        offsets.forEach((partition, offset) -> numbers.put(partition.partition(), offset));
        return numbers;
    }

    /** Asks the consumer in the thread it belongs to, which looks up between polls. */
    private <T> T ask(Function<Consumer<byte[], byte[]>, T> question) {
        if (!started) {
            return question.apply(consumer);
        }
        CompletableFuture<T> answer = new CompletableFuture<>();
        requests.add(() -> {
            try {
                answer.complete(question.apply(consumer));
            } catch (RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        while (true) {
            try {
                return answer.get(POLL.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                throwFailure();
            } catch (ExecutionException e) {
                throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptException(e);
            }
        }
    }

    @Override
    public void start(SortedMap<Integer, Long> nextOffsets) {
        consumer.assign(partitions);
        for (TopicPartition partition : partitions) {
            Long offset = nextOffsets.get(partition.partition());
            if (offset == null) {
                throw new IllegalArgumentException("no offset to begin at for " + partition);
            }
            consumer.seek(partition, offset);
            positions.put(partition.partition(), offset);
            taken.put(partition.partition(), offset);
        }
        started = true;
        reader.setDaemon(true);
        reader.start();
    }

    @Override
    public Optional<Delivery> take(Duration wait) throws InterruptedException {
        Buffered buffered = ready.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
        if (buffered == null) {
            throwFailure();
            return Optional.empty();
        }
        Delivery delivery = buffered.delivery();
        bufferedBytes.addAndGet(-weight(delivery));
        taken.put(delivery.partition(), delivery.offset() + 1);
        return Optional.of(delivery);
    }

    private void throwFailure() {
        RuntimeException found = failure;
        if (found != null) {
            throw found;
        }
    }

    @Override
    public boolean passed(SortedMap<Integer, Long> ends) {
        throwFailure();
        // positions pass transaction markers, which are never delivered; they are written after what they count
        return ends.entrySet().stream().allMatch(end -> positions.getOrDefault(end.getKey(), 0L) >= end.getValue())
                && ready.isEmpty();
    }

    @Override
    public Optional<Duration> headroom() {
        Buffered oldest = ready.peek(); // partitions are read side by side: no other waits much longer
        if (retention == null || oldest == null) {
            return Optional.empty();
        }
        return Optional.of(Duration.ofMillis(oldest.appended() + retention.toMillis() - clock.millis()));
    }

    @Override
    public List<Delivery> fetch(SortedMap<Integer, SortedSet<Long>> offsets) {
        if (started) {
            throw new IllegalStateException("single records are read before the stream is");
        }
        Map<TopicPartition, SortedSet<Long>> missing = new HashMap<>();
        offsets.forEach((number, wanted) -> missing.put(new TopicPartition(TOPIC, number), new TreeSet<>(wanted)));
        List<Delivery> found = new ArrayList<>();
        consumer.assign(missing.keySet());
        consumer.resume(consumer.paused()); // an earlier call may have paused them
        missing.forEach((partition, wanted) -> consumer.seek(partition, wanted.first()));
        try {
            while (!missing.isEmpty()) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    SortedSet<Long> wanted = missing.get(new TopicPartition(TOPIC, record.partition()));
                    if (wanted != null && wanted.remove(record.offset())) {
                        found.add(decode(record));
                    }
                }
                missing.entrySet().removeIf(partition -> isOver(partition.getKey(), partition.getValue()));
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptException("interrupted while reading again what is to be trained again");
                }
            }
        } catch (OffsetOutOfRangeException e) {
            throw expired(e.offsetOutOfRangePartitions(), offsets);
        }
        found.sort(Comparator.comparingInt(Delivery::partition).thenComparingLong(Delivery::offset));
        return found;
    }

    /** Whether nothing more is to be found in a partition; what is not in the log any more is left out. */
    private boolean isOver(TopicPartition partition, SortedSet<Long> wanted) {
        if (wanted.isEmpty() || consumer.position(partition) > wanted.last()) {
            consumer.pause(List.of(partition));
            return true;
        }
        return false;
    }

    private UserErrorException expired(Map<TopicPartition, Long> lost, SortedMap<Integer, SortedSet<Long>> offsets) {
        List<String> ranges = new ArrayList<>();
        consumer.beginningOffsets(lost.keySet()).forEach((partition, beginning) -> {
            SortedSet<Long> gone =
                    offsets.getOrDefault(partition.partition(), new TreeSet<>()).headSet(beginning);
            ranges.add(
                    gone.isEmpty()
                            ? "offset " + lost.get(partition) + " of " + partition + " is beyond the end of the log"
                            : "offsets " + gone.first() + " to " + gone.last() + " of " + partition + " have expired");
        });
        ranges.sort(Comparator.naturalOrder());
        return UserErrorException.failure("Steps that no candidate holds yet cannot be repeated: "
                + String.join("; ", ranges)
                + ". Restore the newest candidate from a backup, or train under another model"
                + " name; lengthen the retention of " + TOPIC + " beyond the time between two candidates.");
    }

    @Override
    public void report(SortedMap<Integer, Long> nextOffsets) {
        toCommit.set(new TreeMap<>(nextOffsets));
    }

    // ---- the reader's thread --------------------------------------------------------------------------------------

    private void read() {
        try {
            while (!closing) {
                for (Runnable request = requests.poll(); request != null; request = requests.poll()) {
                    request.run();
                }
                holdBack();
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    Delivery delivery = decode(record);
                    bufferedBytes.addAndGet(weight(delivery));
                    ready.add(new Buffered(delivery, record.timestamp()));
                }
                for (TopicPartition partition : partitions) {
                    positions.put(partition.partition(), consumer.position(partition));
                }
                commit();
            }
        } catch (WakeupException e) {
            log.debug("closed while waiting for the schema registry");
        } catch (OffsetOutOfRangeException e) {
            failure = lost(e.offsetOutOfRangePartitions());
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    /** Pauses reading while the store is full. */
    private void holdBack() {
        boolean full = bufferedBytes.get() >= maxBufferedBytes;
        Collection<TopicPartition> paused = consumer.paused();
        if (full && paused.isEmpty()) {
            consumer.pause(partitions);
        } else if (!full && !paused.isEmpty()) {
            consumer.resume(partitions);
        }
    }

    /** Bytes a delivery holds on to. */
    private static long weight(Delivery delivery) {
        if (!(delivery instanceof Delivery.Usable usable)) {
            return 0;
        }
        TrainingPair pair = usable.pair();
        return (long) pair.preferred().elements()
                + pair.rejected().elements()
                + pair.triple().getReal().remaining()
                + pair.triple().getNegative().remaining();
    }

    private Delivery decode(ConsumerRecord<byte[], byte[]> record) {
        String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        try {
            PreferenceTriple triple = triple(record);
            return new Delivery.Usable(record.partition(), record.offset(), TrainingPair.of(key, triple, resolution));
        } catch (UnusableTripleException e) {
            return new Delivery.Unusable(
                    new Skipped(record.partition(), record.offset(), key, e.reason(), e.explanation()));
        }
    }

    private PreferenceTriple triple(ConsumerRecord<byte[], byte[]> record) throws UnusableTripleException {
        while (true) {
            try {
                PreferenceTriple triple = record.value() == null ? null : decoder.deserialize(TOPIC, record.value());
                if (triple == null) {
                    throw new UnusableTripleException(SkipReason.UNREADABLE_RECORD, "the record is empty");
                }
                return triple;
            } catch (KafkaException e) {
                UndecodableRecordException undecodable = new UndecodableRecordException(
                        new TopicPartition(record.topic(), record.partition()), record.offset(), e);
                if (!undecodable.mayPass()) {
                    throw new UnusableTripleException(
                            SkipReason.UNREADABLE_RECORD, String.valueOf(undecodable.getMessage()));
                }
                log.warn("{}; trying again", undecodable.getMessage());
                waitForRegistry();
            }
        }
    }

    private void waitForRegistry() {
        long until = System.nanoTime() + REGISTRY_RETRY.toNanos();
        while (System.nanoTime() < until) {
            if (closing) {
                throw new WakeupException();
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    /** Commits what the trainer reported; a partition read and trained to its end counts its last markers too. */
    private void commit() {
        SortedMap<Integer, Long> reported = toCommit.get();
        if (reported == null) {
            return;
        }
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        reported.forEach((number, next) -> {
            TopicPartition partition = new TopicPartition(TOPIC, number);
            boolean allTrained = next.equals(taken.get(number)) && ready.isEmpty();
            long offset = allTrained ? Math.max(next, positions.getOrDefault(number, next)) : next;
            OffsetAndMetadata commit = new OffsetAndMetadata(offset);
            if (!commit.equals(committed.get(partition))) {
                offsets.put(partition, commit);
            }
        });
        if (!offsets.isEmpty()) {
            committed.putAll(offsets);
            consumer.commitAsync(offsets, (asked, trouble) -> {
                if (trouble != null) {
                    log.warn("lag tools will see an old offset: {}", trouble.getMessage());
                    asked.keySet().forEach(committed::remove);
                }
            });
        }
    }

    private UserErrorException lost(Map<TopicPartition, Long> wanted) {
        Map<TopicPartition, Long> beginnings = consumer.beginningOffsets(wanted.keySet());
        List<String> ranges = new ArrayList<>();
        wanted.forEach((partition, offset) -> {
            long beginning = beginnings.getOrDefault(partition, 0L);
            ranges.add(
                    offset < beginning
                            ? "offsets " + offset + " to " + (beginning - 1) + " of " + partition
                                    + " have expired before they were trained"
                            : "offset " + offset + " of " + partition + " is due next, but the log ends before it:"
                                    + " the topic was deleted or cut");
        });
        return UserErrorException.failure("The trainer cannot go on without a gap: " + String.join("; ", ranges)
                + ". Start it once with --accept-gap to give them up, and lengthen the retention of " + TOPIC + ".");
    }

    @Override
    public void close() {
        closing = true;
        try {
            if (started) {
                reader.join(TimeUnit.SECONDS.toMillis(30));
                if (failure == null) {
                    commit();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            consumer.close(); // sends what was committed
            decoder.close();
        }
    }
}
