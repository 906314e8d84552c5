package dev.realalign.runtime;

import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.FinalizedVersionRange;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.GroupAuthorizationException;

/** Settings of share groups (KIP-932): they belong to the group, not to its members. */
final class ShareGroupSetup {
    private static final String FEATURE = "share.version";
    private static final Map<String, String> SETTINGS =
            Map.of("share.auto.offset.reset", "earliest", "share.isolation.level", "read_committed");

    private ShareGroupSetup() {}

    static void prepare(ClusterConfig cluster, String group) {
        try (Admin admin = AdminCalls.open(cluster)) {
            FinalizedVersionRange version = AdminCalls.await(
                            cluster, admin.describeFeatures().featureMetadata())
                    .finalizedFeatures()
                    .get(FEATURE);
            if (version == null || version.maxVersionLevel() < 1) {
                throw UserErrorException.usage("the brokers at " + cluster.bootstrapServers()
                        + " have no share groups: use a consumer group, or turn them on with kafka-features.sh upgrade"
                        + " --feature " + FEATURE + "=1 (Kafka 4.2 and newer).");
            }
            ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
            Stream<AlterConfigOp> settings = SETTINGS.entrySet().stream()
                    .map(setting -> new AlterConfigOp(
                            new ConfigEntry(setting.getKey(), setting.getValue()), AlterConfigOp.OpType.SET));
            AdminCalls.await(
                    cluster,
                    admin.incrementalAlterConfigs(Map.of(resource, settings.toList()))
                            .all(),
                    Map.of(GroupAuthorizationException.class, "group " + group + " (the operation ALTER_CONFIGS)"));
        } catch (ApiException e) {
            throw UserErrorException.failure(
                    "the brokers refuse the settings " + SETTINGS + " of the share group " + group + ": "
                            + AdminCalls.reason(e) + ".",
                    e);
        }
    }
}
