package dev.realalign.curator;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;

/**
 * Runs the whole curator again over everything real-images still holds, as an application of its own that writes to topics of
 * its own, and compares its verdicts with those of the stream. Unlike {@link Replay} it decodes every picture, makes every
 * pair and builds every state anew. What is fed meanwhile is left to the stream.
 */
public final class StatefulReplay {
    private static final Duration LOOK = Duration.ofMillis(500);

    private final CuratorConfig config;
    private final CuratorTopics verdicts;

    private StatefulReplay(CuratorConfig config, CuratorTopics verdicts) {
        this.config = config;
        this.verdicts = verdicts;
    }

    /**
     * Runs and compares.
     *
     * @param given the configuration to judge by, as the user gave it, and where the cluster is
     * @param to topic for the triples, which gets a second one for the rejections beside it
     * @param progress told how many verdicts fell, of how many
     * @throws UserErrorException when the topics hold something already, the configuration is wrong, or the curator fails
     */
    public static ReplayReport run(Map<String, String> given, String to, Replay.Progress progress)
            throws InterruptedException {
        CuratorConfig stream = CuratorConfig.from(given);
        Map<String, String> second = new HashMap<>(given);
        String application = stream.applicationId() + "-replay-" + to;
        second.put(CuratorConfig.APPLICATION_ID, application);
        second.put(
                CuratorConfig.STATE_DIRECTORY,
                stream.stateDirectory().resolveSibling("replay-" + to).toString());
        second.put(CuratorConfig.STANDBY_REPLICAS, "0");
        return new StatefulReplay(CuratorConfig.from(second), CuratorTopics.named(to)).run(progress);
    }

    private ReplayReport run(Replay.Progress progress) throws InterruptedException {
        verdicts.prepareEmpty(config.cluster());
        try (Admin admin = Admin.create(config.cluster().admin())) {
            removeTraces(admin);
            Map<TopicPartition, Long> begins = offsets(admin, OffsetSpec.earliest());
            Map<TopicPartition, Long> ends = offsets(admin, OffsetSpec.latest());
            try {
                curate(admin, begins, ends, progress);
            } finally {
                removeTraces(admin);
            }
            return compare(begins, ends);
        } catch (KafkaException e) {
            throw UserErrorException.failure(
                    "The cluster at " + config.cluster().bootstrapServers() + " cannot be asked ("
                            + RecordReader.rootMessage(e) + "): start it, or correct "
                            + ClusterConfig.BOOTSTRAP_SERVERS + ".",
                    e);
        }
    }

    /** Runs until every record that was there is committed, and as many verdicts have fallen. */
    private void curate(
            Admin admin, Map<TopicPartition, Long> begins, Map<TopicPartition, Long> ends, Replay.Progress progress)
            throws InterruptedException {
        long records = ends.entrySet().stream()
                .mapToLong(end -> end.getValue() - begins.getOrDefault(end.getKey(), 0L))
                .sum();
        try (CuratorService service = new CuratorService(config, verdicts)) {
            service.start();
            boolean done = records == 0;
            while (!done) {
                if (service.state().isEnd()) {
                    Throwable failure = service.failure().orElse(null);
                    throw failure instanceof UserErrorException mistake
                            ? mistake
                            : UserErrorException.failure("The second curator ended before it was done.", failure);
                }
                Thread.sleep(LOOK.toMillis());
                long fallen = service.counts().all();
                progress.show(Math.min(fallen, records), records);
                done = fallen >= records && isCommitted(admin, begins, ends);
            }
        }
    }

    private boolean isCommitted(Admin admin, Map<TopicPartition, Long> begins, Map<TopicPartition, Long> ends) {
        Map<TopicPartition, OffsetAndMetadata> committed =
                await(admin.listConsumerGroupOffsets(config.applicationId()).partitionsToOffsetAndMetadata());
        return ends.entrySet().stream()
                .filter(end -> end.getValue() > begins.getOrDefault(end.getKey(), 0L))
                .allMatch(end -> {
                    OffsetAndMetadata offset = committed.get(end.getKey());
                    return offset != null && offset.offset() >= end.getValue();
                });
    }

    private Map<TopicPartition, Long> offsets(Admin admin, OffsetSpec which) {
        Map<TopicPartition, OffsetSpec> asked =
                await(admin.describeTopics(List.of(Topics.REAL_IMAGES.name())).allTopicNames()).values().stream()
                        .flatMap(topic -> topic.partitions().stream())
                        .collect(Collectors.toMap(
                                info -> new TopicPartition(Topics.REAL_IMAGES.name(), info.partition()),
                                info -> which));
        Map<TopicPartition, ListOffsetsResultInfo> found =
                await(admin.listOffsets(asked).all());
        return found.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue()
                .offset()));
    }

    /** Verdicts of both runs on the same records, partition by partition. */
    private ReplayReport compare(Map<TopicPartition, Long> begins, Map<TopicPartition, Long> ends) {
        ReplayReport.Tally tally = new ReplayReport.Tally();
        List<String> old = List.of(
                CuratorTopics.OF_THE_STREAM.triples().name(),
                CuratorTopics.OF_THE_STREAM.rejections().name());
        List<String> fresh =
                List.of(verdicts.triples().name(), verdicts.rejections().name());
        try (VerdictReader before = new VerdictReader(config.cluster(), old, false);
                VerdictReader after = new VerdictReader(config.cluster(), fresh, false)) {
            for (int partition : after.partitions()) {
                Map<RecordPosition, String> verdictsBefore = new HashMap<>();
                before.read(partition, verdict -> {
                    RecordPosition record = record(verdict);
                    TopicPartition of = new TopicPartition(Topics.REAL_IMAGES.name(), record.getPartition());
                    if (record.getOffset() >= begins.getOrDefault(of, 0L)
                            && record.getOffset() < ends.getOrDefault(of, 0L)) {
                        verdictsBefore.put(record, name(verdict));
                    }
                    return true;
                });
                after.read(partition, verdict -> {
                    String earlier = verdictsBefore.remove(record(verdict));
                    if (earlier != null) {
                        tally.add(earlier, name(verdict));
                    } else if (isAmong(record(verdict), ends)) {
                        tally.add(ReplayReport.NO_VERDICT, name(verdict));
                    }
                    return true;
                });
                verdictsBefore.values().forEach(earlier -> tally.add(earlier, ReplayReport.NO_VERDICT));
            }
        }
        return tally.report();
    }

    private static boolean isAmong(RecordPosition record, Map<TopicPartition, Long> ends) {
        return record.getOffset()
                < ends.getOrDefault(new TopicPartition(Topics.REAL_IMAGES.name(), record.getPartition()), 0L);
    }

    private static RecordPosition record(SpecificRecord verdict) {
        return verdict instanceof PreferenceTriple triple ? triple.getRecord() : ((ImageRejection) verdict).getRecord();
    }

    private static String name(SpecificRecord verdict) {
        return verdict instanceof ImageRejection rejection ? rejection.getReason() : Rejudged.ACCEPTED;
    }

    /** Removes what the second application leaves on the cluster and on this disk, its verdicts apart. */
    private void removeTraces(Admin admin) {
        String prefix = config.applicationId() + "-";
        List<String> internal = await(admin.listTopics().names()).stream()
                .filter(name -> (name.startsWith(prefix) && name.endsWith("-changelog"))
                        || verdicts.between().stream()
                                .anyMatch(topic -> topic.name().equals(name)))
                .toList();
        await(admin.deleteTopics(internal).all());
        if (await(admin.listGroups().all()).stream()
                .anyMatch(group -> group.groupId().equals(config.applicationId()))) {
            await(admin.deleteConsumerGroups(List.of(config.applicationId())).all());
        }
        Path state = config.stateDirectory();
        if (!Files.isDirectory(state)) {
            return;
        }
        try (Stream<Path> files = Files.walk(state)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The state folder " + state + " of the replay cannot be removed (" + e.getMessage()
                            + "): remove it by hand.",
                    e);
        }
    }

    private <T> T await(KafkaFuture<T> answer) {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException answered
                    ? answered
                    : new KafkaException("the brokers do not answer", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw UserErrorException.failure("The replay was interrupted.", e);
        }
    }
}
