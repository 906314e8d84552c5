package dev.realalign.app.command;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.UndecodableRecordException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * A cluster a command can use until it closes this.
 *
 * @param properties configuration that leads to it, with everything else the user gave
 * @param end lets go of it
 */
record ReachedCluster(Map<String, String> properties, Runnable end) implements AutoCloseable {
    /** How clients reach it. */
    ClusterConfig config() {
        return ClusterConfig.from(properties);
    }

    /** Properties of a plain consumer with those of the registry. */
    Map<String, Object> client(String clientId) {
        ClusterConfig cluster = config();
        Map<String, Object> client = new HashMap<>(cluster.consumer(clientId));
        client.put("default.api.timeout.ms", Math.toIntExact(cluster.timeout().toMillis()));
        client.putAll(cluster.registry());
        return client;
    }

    /**
     * Every committed record of a topic; none when the topic does not exist yet.
     *
     * @throws UserErrorException for failure when the cluster cannot be read
     */
    <V extends SpecificRecord> List<V> readAll(Topic<String, V> topic) {
        return entries(topic).stream()
                .map(TopicReader.Entry::value)
                .filter(value -> value != null)
                .toList();
    }

    /**
     * Every committed record of a topic with its key, tombstones too; none when the topic does not exist yet.
     *
     * @throws UserErrorException for failure when the cluster cannot be read
     */
    <V extends SpecificRecord> List<TopicReader.Entry<V>> entries(Topic<String, V> topic) {
        ClusterConfig cluster = config();
        try {
            return TopicReader.readAll(topic, client("realalign-reader"), cluster.timeout());
        } catch (UnknownTopicOrPartitionException e) {
            return List.of();
        } catch (UndecodableRecordException e) {
            throw UserErrorException.failure(
                    e.getMessage() + ". Is the schema registry at " + cluster.registryUrl()
                            + " the one this cluster is used with?",
                    e);
        } catch (KafkaException e) {
            throw UserErrorException.failure(
                    "The topic " + topic + " cannot be read from " + cluster.bootstrapServers() + " (" + e.getMessage()
                            + "): start the broker or correct " + ClusterConfig.BOOTSTRAP_SERVERS + ".",
                    e);
        }
    }

    @Override
    public void close() {
        end.run();
    }
}
