package dev.realalign.dashboard.stream;

import dev.realalign.dashboard.history.HistoryRing;
import dev.realalign.dashboard.model.Members;
import dev.realalign.dashboard.model.Stage;
import dev.realalign.dashboard.model.StageGroups;
import dev.realalign.dashboard.model.StreamState;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.LagSampler;
import dev.realalign.runtime.PartitionLag;
import dev.realalign.runtime.RegistryProbe;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.Topics;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Samples lag, group members and the registry: every 2 seconds while somebody looks, every 10 otherwise. Each sample goes
 * into the state and the history.
 */
public final class StreamProbe implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(StreamProbe.class);
    private static final Duration WATCHED = Duration.ofSeconds(2);
    private static final Duration UNWATCHED = Duration.ofSeconds(10);
    private static final Duration LONGEST_ANSWER = Duration.ofSeconds(4);

    private final ClusterConfig cluster;
    private final StageGroups groups;
    private final StreamState state;
    private final HistoryRing history;
    private final BooleanSupplier isWatched;
    private final Clock clock;
    private final Pause pause = new Pause();
    private final Thread sampling;
    private final Thread asking;

    /** @param isWatched whether somebody looks at the page */
    public StreamProbe(
            ClusterConfig cluster,
            StageGroups groups,
            StreamState state,
            HistoryRing history,
            BooleanSupplier isWatched,
            Clock clock) {
        Duration timeout = cluster.timeout().compareTo(LONGEST_ANSWER) < 0 ? cluster.timeout() : LONGEST_ANSWER;
        this.cluster = new ClusterConfig(cluster.given(), cluster.imagePartitions(), timeout);
        this.groups = groups;
        this.state = state;
        this.history = history;
        this.isWatched = isWatched;
        this.clock = clock;
        sampling = new Thread(this::sample, "dashboard-lag");
        sampling.setDaemon(true);
        asking = new Thread(this::askRegistry, "dashboard-registry");
        asking.setDaemon(true);
    }

    /** Begins to sample. */
    public void start() {
        sampling.start();
        asking.start();
    }

    private void sample() {
        try (LagSampler sampler = new LagSampler(cluster);
                Admin admin = Admin.create(cluster.admin())) {
            do {
                try {
                    once(sampler, admin);
                } catch (UserErrorException | KafkaException e) {
                    log.debug("no sample this time: {}", e.getMessage());
                    state.brokerFailed(String.valueOf(e.getMessage()), clock.instant());
                }
            } while (!pause.endsWithin(isWatched.getAsBoolean() ? WATCHED : UNWATCHED));
        }
    }

    private void once(LagSampler sampler, Admin admin) {
        Map<String, List<String>> topics = new TreeMap<>();
        groups.reading().forEach((stage, group) -> topics.put(group, List.of(stage.topic())));
        List<Members> members = members(admin);
        List<PartitionLag> lags = sampler.sample(topics);
        Instant now = clock.instant();
        state.brokerAnswered(now);
        state.sample(lags, members, fed(lags), now);
        history.write(now, state.forHistory());
    }

    /** Records ever fed: real-images has plain writers and so no transaction markers, its end offsets count records. */
    private OptionalLong fed(List<PartitionLag> lags) {
        String curator = groups.reading().get(Stage.CURATOR);
        List<PartitionLag> images = lags.stream()
                .filter(lag -> lag.group().equals(curator) && lag.topic().equals(Topics.REAL_IMAGES.name()))
                .toList();
        return images.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(images.stream().mapToLong(PartitionLag::end).sum());
    }

    private List<Members> members(Admin admin) {
        Map<String, KafkaFuture<ConsumerGroupDescription>> asked =
                admin.describeConsumerGroups(groups.joined().values()).describedGroups();
        List<Members> members = new ArrayList<>();
        groups.joined().forEach((stage, group) -> {
            KafkaFuture<ConsumerGroupDescription> answer = asked.get(group);
            if (answer != null) {
                members.add(members(stage, answer));
            }
        });
        return members;
    }

    private Members members(Stage stage, KafkaFuture<ConsumerGroupDescription> answer) {
        List<String> working = new ArrayList<>();
        List<String> standingBy = new ArrayList<>();
        try {
            for (MemberDescription member : answer.get(cluster.timeout().toMillis(), TimeUnit.MILLISECONDS)
                    .members()) {
                String who = member.groupInstanceId().orElse(member.clientId()) + " on "
                        + member.host().replaceFirst("^/", "");
                (member.assignment().topicPartitions().isEmpty() ? standingBy : working).add(who);
            }
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof GroupIdNotFoundException)) {
                throw new KafkaException(String.valueOf(e.getMessage()), e);
            }
        } catch (TimeoutException e) {
            throw UserErrorException.failure(
                    "The broker at " + cluster.bootstrapServers() + " does not say who is at work.", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new Members(stage, working, standingBy);
    }

    private void askRegistry() {
        try (RegistryProbe probe = new RegistryProbe(cluster)) {
            do {
                probe.trouble()
                        .ifPresentOrElse(
                                trouble -> state.registryFailed(trouble, clock.instant()),
                                () -> state.registryAnswered(clock.instant()));
            } while (!pause.endsWithin(isWatched.getAsBoolean() ? WATCHED : UNWATCHED));
        } catch (IOException e) {
            log.debug("the registry's client did not close: {}", e.getMessage());
        }
    }

    /** Ends the sampling and waits for it. */
    @Override
    public void close() throws InterruptedException {
        pause.end();
        sampling.join();
        asking.join();
    }
}
