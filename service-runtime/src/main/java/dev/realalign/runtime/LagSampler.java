package dev.realalign.runtime;

import dev.realalign.runtime.LagRules.FirstUnread;
import dev.realalign.runtime.LagSample.PartitionRange;
import dev.realalign.runtime.PartitionLag.Owner;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ShareGroupDescription;
import org.apache.kafka.clients.admin.ShareMemberDescription;
import org.apache.kafka.clients.admin.SharePartitionOffsetInfo;
import org.apache.kafka.clients.admin.StreamsGroupDescription;
import org.apache.kafka.clients.admin.StreamsGroupMemberAssignment;
import org.apache.kafka.clients.admin.StreamsGroupMemberDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Measures the lag of groups from outside, also of those whose process is gone: consumer groups of both protocols, streams
 * groups and share groups. Committed offsets are read first, last stable offsets second.
 *
 * <p>The age of the first unread record comes from earlier samples of the partition's end where they reach back far enough.
 * Where they do not, where a group has not moved since the last sample (what is left may be nothing but transaction
 * markers), or where exact times are wanted, the record itself is read, within a time limit; the answer is remembered until
 * the group moves. Not for use by several threads at once.
 */
public final class LagSampler implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration LONGEST_LOOK = Duration.ofSeconds(1);
    private static final int FETCH_BYTES = 8 * 1024 * 1024;
    private static final int PARTITION_FETCH_BYTES = 16 * 1024;

    private final ClusterConfig cluster;
    private final Clock clock;
    private final Duration look;
    private final boolean exact;
    private final Admin admin;
    private final KafkaConsumer<byte[], byte[]> reader;

    private final Map<TopicPartition, OffsetTimes> times = new HashMap<>();
    private final Map<Reading, Long> before = new HashMap<>();
    private final Map<Reading, Looked> looks = new HashMap<>();

    /** A group in a partition. */
    private record Reading(String group, TopicPartition partition) {}

    /**
     * What a look at a partition found.
     *
     * @param committed where it began
     * @param end end of the partition then
     */
    private record Looked(long committed, long end, FirstUnread found) {
        boolean stillHolds(long committed, long end) {
            return this.committed == committed && (found instanceof FirstUnread.At || this.end == end);
        }
    }

    /** A group's members: how many there are, and who reads which partition. */
    private record Members(int count, Map<TopicPartition, Owner> owners) {
        static final Members NONE = new Members(0, Map.of());
    }

    /** A sampler of ages that are sampled, and exact where that costs little. */
    public LagSampler(ClusterConfig cluster) {
        this(cluster, false);
    }

    /**
     * A sampler that looks for first unread records for at most a second a sample.
     *
     * @param exact whether every age comes from a record's own timestamp
     */
    public LagSampler(ClusterConfig cluster, boolean exact) {
        this(cluster, Clock.systemUTC(), exact, LONGEST_LOOK);
    }

    private LagSampler(ClusterConfig cluster, Clock clock, boolean exact, Duration look) {
        this.cluster = cluster;
        this.clock = clock;
        this.exact = exact;
        this.look = look;
        this.admin = AdminCalls.open(cluster);
        Map<String, Object> settings = cluster.consumer("lag-sampler");
        settings.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, FETCH_BYTES);
        settings.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, PARTITION_FETCH_BYTES);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        this.reader = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /**
     * Looks once.
     *
     * @param choice groups to measure
     * @param moreTopics topics whose offsets are wanted although no group reads them; those that do not exist are left out
     * @throws UserErrorException for failure when the cluster does not answer
     */
    public LagSample sample(LagTarget.Choice choice, Collection<String> moreTopics) {
        Map<String, GroupType> types = types();
        List<LagTarget> targets = new ArrayList<>();
        choice.among(types.keySet()).forEach(targets::add);

        Map<String, Map<TopicPartition, Long>> committed = committed(targets, types);
        Map<String, Map<TopicPartition, SharePartitionOffsetInfo>> shared = shared(targets, types);
        Map<String, Set<TopicPartition>> begun = new HashMap<>();
        committed.forEach((group, offsets) -> begun.put(group, offsets.keySet()));
        shared.forEach((group, offsets) -> begun.put(group, offsets.keySet()));
        Set<TopicPartition> partitions = partitions(targets, begun, moreTopics);
        Map<TopicPartition, Long> ends = offsets(partitions, OffsetSpec.latest());
        Instant at = clock.instant();
        shared.forEach((group, offsets) -> committed.put(group, asCommitted(offsets, ends)));
        Map<TopicPartition, Long> oldest = offsets(partitions, OffsetSpec.earliest());
        Map<String, Members> members = members(targets, types);
        int brokers = AdminCalls.await(cluster, admin.describeCluster().nodes()).size();
        remember(at, ends);

        Map<Reading, Long> now = new HashMap<>();
        Set<Reading> asked = new HashSet<>();
        for (LagTarget target : targets) {
            Map<TopicPartition, Long> own = committed.getOrDefault(target.group(), Map.of());
            ends.keySet().stream()
                    .filter(p -> reads(target, own, p))
                    .map(p -> new Reading(target.group(), p))
                    .forEach(reading -> {
                        asked.add(reading);
                        Long offset = own.get(reading.partition());
                        if (offset != null) {
                            now.put(reading, offset);
                        }
                    });
        }
        Map<Reading, FirstUnread> first = firstUnread(now, ends);
        Instant after = clock.instant();
        Map<String, String> workers = targets.stream()
                .collect(Collectors.toMap(LagTarget::group, t -> t.workers().orElse(t.group()), (a, b) -> a));
        List<PartitionLag> lags = new ArrayList<>();
        for (Reading reading : asked) {
            TopicPartition partition = reading.partition();
            Long offset = now.get(reading);
            String worker = workers.getOrDefault(reading.group(), reading.group());
            boolean another = !worker.equals(reading.group());
            lags.add(LagRules.lag(
                    reading.group(),
                    partition.topic(),
                    partition.partition(),
                    offset == null ? OptionalLong.empty() : OptionalLong.of(offset),
                    ends.getOrDefault(partition, 0L),
                    first.getOrDefault(reading, new FirstUnread.Unknown()),
                    owner(members.getOrDefault(worker, Members.NONE), partition, another),
                    after));
        }
        lags.sort(Comparator.comparing(PartitionLag::group)
                .thenComparing(PartitionLag::topic)
                .thenComparingInt(PartitionLag::partition));
        before.clear();
        before.putAll(now);
        looks.keySet().retainAll(asked);
        Map<String, Integer> counts = new HashMap<>();
        workers.forEach((group, worker) ->
                counts.put(group, members.getOrDefault(worker, Members.NONE).count()));
        return new LagSample(at, lags, ranges(oldest, ends), counts, brokers);
    }

    private static boolean reads(LagTarget target, Map<TopicPartition, Long> committed, TopicPartition partition) {
        return target.topics().isEmpty()
                ? committed.containsKey(partition)
                : target.topics().contains(partition.topic());
    }

    /** Whoever works for another group reads all of that group's partitions. */
    private static Optional<Owner> owner(Members members, TopicPartition partition, boolean another) {
        return another
                ? members.owners().values().stream().findFirst()
                : Optional.ofNullable(members.owners().get(partition));
    }

    private static List<PartitionRange> ranges(Map<TopicPartition, Long> oldest, Map<TopicPartition, Long> ends) {
        List<PartitionRange> ranges = new ArrayList<>();
        ends.forEach((partition, end) -> ranges.add(
                new PartitionRange(partition.topic(), partition.partition(), oldest.getOrDefault(partition, 0L), end)));
        ranges.sort(Comparator.comparing(PartitionRange::topic).thenComparingInt(PartitionRange::partition));
        return ranges;
    }

    private Map<String, GroupType> types() {
        Map<String, GroupType> types = new TreeMap<>();
        for (GroupListing group : AdminCalls.await(cluster, admin.listGroups().all())) {
            types.put(group.groupId(), group.type().orElse(GroupType.CLASSIC));
        }
        return types;
    }

    /** Committed offsets of consumer and streams groups. */
    private Map<String, Map<TopicPartition, Long>> committed(List<LagTarget> targets, Map<String, GroupType> types) {
        Map<String, ListConsumerGroupOffsetsSpec> consumers = new HashMap<>();
        for (LagTarget target : targets) {
            GroupType type = types.get(target.group());
            if (type != null && type != GroupType.SHARE) {
                consumers.put(target.group(), new ListConsumerGroupOffsetsSpec());
            }
        }
        Map<String, Map<TopicPartition, Long>> committed = new HashMap<>();
        if (!consumers.isEmpty()) {
            var found = admin.listConsumerGroupOffsets(consumers);
            for (String group : consumers.keySet()) {
                Map<TopicPartition, Long> offsets = new HashMap<>();
                answer(found.partitionsToOffsetAndMetadata(group))
                        .ifPresent(answer -> answer.forEach((partition, offset) -> {
                            if (offset != null) {
                                offsets.put(partition, offset.offset());
                            }
                        }));
                committed.put(group, offsets);
            }
        }
        return committed;
    }

    /** Where share groups stand. */
    private Map<String, Map<TopicPartition, SharePartitionOffsetInfo>> shared(
            List<LagTarget> targets, Map<String, GroupType> types) {
        Map<String, ListShareGroupOffsetsSpec> shares = new HashMap<>();
        for (LagTarget target : targets) {
            if (types.get(target.group()) == GroupType.SHARE) {
                shares.put(target.group(), new ListShareGroupOffsetsSpec());
            }
        }
        Map<String, Map<TopicPartition, SharePartitionOffsetInfo>> shared = new HashMap<>();
        if (!shares.isEmpty()) {
            var found = admin.listShareGroupOffsets(shares);
            for (String group : shares.keySet()) {
                Map<TopicPartition, SharePartitionOffsetInfo> offsets = new HashMap<>();
                answer(found.partitionsToOffsetInfo(group))
                        .ifPresent(answer -> answer.forEach((partition, info) -> {
                            if (info != null && info.startOffset() >= 0) {
                                offsets.put(partition, info);
                            }
                        }));
                shared.put(group, offsets);
            }
        }
        return shared;
    }

    /**
     * A share group finishes records in any order, and its start offset stays before the first unfinished one: what stands
     * for a commit is the end less the records that are not finished, where the broker counts them.
     */
    private static Map<TopicPartition, Long> asCommitted(
            Map<TopicPartition, SharePartitionOffsetInfo> shared, Map<TopicPartition, Long> ends) {
        Map<TopicPartition, Long> committed = new HashMap<>();
        shared.forEach((partition, info) -> {
            long end = ends.getOrDefault(partition, info.startOffset());
            long unfinished = info.lag().filter(lag -> lag >= 0).orElse(end - info.startOffset());
            committed.put(partition, Math.max(info.startOffset(), end - unfinished));
        });
        return committed;
    }

    /** The answer about a group, absent when the group has gone meanwhile. */
    private <T> Optional<T> answer(KafkaFuture<T> answer) {
        try {
            return Optional.of(AdminCalls.await(cluster, answer));
        } catch (GroupIdNotFoundException e) {
            return Optional.empty();
        }
    }

    private Set<TopicPartition> partitions(
            List<LagTarget> targets, Map<String, Set<TopicPartition>> begun, Collection<String> moreTopics) {
        Set<String> topics = new HashSet<>(moreTopics);
        for (LagTarget target : targets) {
            topics.addAll(target.topics());
            if (target.topics().isEmpty()) {
                begun.getOrDefault(target.group(), Set.of()).forEach(p -> topics.add(p.topic()));
            }
        }
        topics.retainAll(AdminCalls.await(cluster, admin.listTopics().names()));
        Set<TopicPartition> partitions = new HashSet<>();
        AdminCalls.await(cluster, admin.describeTopics(topics).allTopicNames())
                .forEach((name, description) ->
                        description.partitions().forEach(p -> partitions.add(new TopicPartition(name, p.partition()))));
        return partitions;
    }

    private Map<TopicPartition, Long> offsets(Set<TopicPartition> partitions, OffsetSpec which) {
        if (partitions.isEmpty()) {
            return Map.of();
        }
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        partitions.forEach(p -> asked.put(p, which));
        Map<TopicPartition, ListOffsetsResultInfo> found = AdminCalls.await(
                cluster,
                admin.listOffsets(asked, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
                        .all());
        Map<TopicPartition, Long> offsets = new HashMap<>();
        found.forEach((partition, info) -> offsets.put(partition, info.offset()));
        return offsets;
    }

    private void remember(Instant at, Map<TopicPartition, Long> ends) {
        times.keySet().retainAll(ends.keySet());
        ends.forEach((partition, end) ->
                times.computeIfAbsent(partition, first -> new OffsetTimes()).see(at, end));
    }

    private Map<String, Members> members(List<LagTarget> targets, Map<String, GroupType> types) {
        Set<String> consumers = new HashSet<>();
        Set<String> streams = new HashSet<>();
        Set<String> shares = new HashSet<>();
        for (LagTarget target : targets) {
            String group = target.workers().orElse(target.group());
            GroupType type = types.get(group);
            if (type == GroupType.SHARE) {
                shares.add(group);
            } else if (type == GroupType.STREAMS) {
                streams.add(group);
            } else if (type != null) {
                consumers.add(group);
            }
        }
        Map<String, Members> members = new HashMap<>();
        describe(
                        consumers.isEmpty()
                                ? Map.of()
                                : admin.describeConsumerGroups(consumers).describedGroups())
                .forEach((group, description) -> members.put(group, consumers(description)));
        describe(
                        streams.isEmpty()
                                ? Map.of()
                                : admin.describeStreamsGroups(streams).describedGroups())
                .forEach((group, description) -> members.put(group, streams(description)));
        describe(shares.isEmpty() ? Map.of() : admin.describeShareGroups(shares).describedGroups())
                .forEach((group, description) -> members.put(group, shares(description)));
        return members;
    }

    private <T> Map<String, T> describe(Map<String, KafkaFuture<T>> asked) {
        Map<String, T> described = new HashMap<>();
        asked.forEach((group, answer) -> answer(answer).ifPresent(d -> described.put(group, d)));
        return described;
    }

    private static Members consumers(ConsumerGroupDescription group) {
        Map<TopicPartition, Owner> owners = new HashMap<>();
        for (MemberDescription member : group.members()) {
            Owner owner = new Owner(member.consumerId(), member.clientId(), host(member.host()));
            member.assignment().topicPartitions().forEach(p -> owners.put(p, owner));
        }
        return new Members(group.members().size(), owners);
    }

    private static Members shares(ShareGroupDescription group) {
        Map<TopicPartition, Owner> owners = new HashMap<>();
        for (ShareMemberDescription member : group.members()) {
            Owner owner = new Owner(member.consumerId(), member.clientId(), host(member.host()));
            member.assignment().topicPartitions().forEach(p -> owners.putIfAbsent(p, owner));
        }
        return new Members(group.members().size(), owners);
    }

    private static Members streams(StreamsGroupDescription group) {
        Map<String, Set<String>> topics = new HashMap<>();
        group.subtopologies().forEach(sub -> {
            Set<String> sources = new HashSet<>(sub.sourceTopics());
            sources.addAll(sub.repartitionSourceTopics().keySet());
            topics.put(sub.subtopologyId(), sources);
        });
        Map<TopicPartition, Owner> owners = new HashMap<>();
        for (StreamsGroupMemberDescription member : group.members()) {
            Owner owner = new Owner(member.memberId(), member.clientId(), host(member.clientHost()));
            for (StreamsGroupMemberAssignment.TaskIds tasks :
                    member.assignment().activeTasks()) {
                for (String topic : topics.getOrDefault(tasks.subtopologyId(), Set.of())) {
                    tasks.partitions().forEach(p -> owners.put(new TopicPartition(topic, p), owner));
                }
            }
        }
        return new Members(group.members().size(), owners);
    }

    /** Brokers write hosts as {@code /127.0.0.1}. */
    private static String host(String host) {
        return host.startsWith("/") ? host.substring(1) : host;
    }

    /** What is known of the first unread record of everything that is behind. */
    private Map<Reading, FirstUnread> firstUnread(Map<Reading, Long> committed, Map<TopicPartition, Long> ends) {
        Map<Reading, FirstUnread> known = new HashMap<>();
        Map<Reading, Long> toRead = new HashMap<>();
        committed.forEach((reading, offset) -> {
            long end = ends.getOrDefault(reading.partition(), 0L);
            if (!LagRules.needsLook(OptionalLong.of(offset), end)) {
                return;
            }
            Looked looked = looks.get(reading);
            if (looked != null && looked.stillHolds(offset, end)) {
                known.put(reading, looked.found());
                return;
            }
            OffsetTimes seen = times.get(reading.partition());
            Optional<Instant> written = seen == null ? Optional.empty() : seen.writtenAt(offset);
            written.ifPresent(time -> known.put(reading, new FirstUnread.About(time)));
            if (exact || written.isEmpty() || offset.equals(before.get(reading))) {
                toRead.put(reading, offset);
            }
        });
        read(toRead, ends).forEach((reading, found) -> {
            known.put(reading, found);
            looks.put(
                    reading,
                    new Looked(toRead.getOrDefault(reading, 0L), ends.getOrDefault(reading.partition(), 0L), found));
        });
        return known;
    }

    /** Reads the first record after each offset, group by group, as far as the time goes. */
    private Map<Reading, FirstUnread> read(Map<Reading, Long> offsets, Map<TopicPartition, Long> ends) {
        Map<Reading, FirstUnread> found = new HashMap<>();
        Map<String, Map<TopicPartition, Long>> byGroup = new TreeMap<>();
        offsets.forEach((reading, offset) ->
                byGroup.computeIfAbsent(reading.group(), g -> new HashMap<>()).put(reading.partition(), offset));
        long deadline = System.nanoTime() + look.toNanos();
        byGroup.forEach((group, from) -> firstRecords(from, ends, deadline)
                .forEach((partition, record) -> found.put(new Reading(group, partition), record)));
        return found;
    }

    private Map<TopicPartition, FirstUnread> firstRecords(
            Map<TopicPartition, Long> from, Map<TopicPartition, Long> ends, long deadline) {
        Map<TopicPartition, FirstUnread> found = new HashMap<>();
        Set<TopicPartition> open = new HashSet<>(from.keySet());
        reader.assign(open);
        from.forEach(reader::seek);
        while (!open.isEmpty() && System.nanoTime() < deadline) {
            for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL)) {
                TopicPartition partition = new TopicPartition(record.topic(), record.partition());
                if (open.remove(partition)) {
                    found.put(partition, new FirstUnread.At(Instant.ofEpochMilli(record.timestamp())));
                    reader.pause(List.of(partition));
                }
            }
            for (TopicPartition partition : Set.copyOf(open)) {
                if (reader.position(partition, look) >= ends.getOrDefault(partition, Long.MAX_VALUE)) {
                    open.remove(partition);
                    found.put(partition, new FirstUnread.Nothing());
                    reader.pause(List.of(partition));
                }
            }
        }
        reader.assign(Set.of());
        return found;
    }

    @Override
    public void close() {
        reader.close();
        admin.close();
    }
}
