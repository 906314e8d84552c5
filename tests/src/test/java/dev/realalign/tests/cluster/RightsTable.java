package dev.realalign.tests.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** The table of docs/security.md, which people copy and the tests therefore use. */
final class RightsTable {
    private static final Pattern ROW = Pattern.compile("\\| (\\w+) \\| (.+?) \\| ([A-Z_, ]+) \\|");
    private static final Pattern NAMED = Pattern.compile("(topic|group|transactional id)( prefix)? `([^`]+)`");

    /**
     * One row.
     *
     * @param role the command
     * @param resources what it may use
     * @param operations how
     */
    record Right(String role, List<ResourcePattern> resources, List<AclOperation> operations) {
        /** The row as ACLs of the user named as the role. */
        List<AclBinding> bindings() {
            return resources.stream()
                    .flatMap(resource -> operations.stream()
                            .map(operation -> new AclBinding(
                                    resource,
                                    new AccessControlEntry("User:" + role, "*", operation, AclPermissionType.ALLOW))))
                    .toList();
        }

        /** The name of its only resource. */
        String name() {
            return resources.get(0).name();
        }

        @Override
        public String toString() {
            return role + ": " + resources.get(0).resourceType() + " " + name() + " " + operations;
        }
    }

    private RightsTable() {}

    /**
     * Every row, for a model line, an application of the curator and a generator of these names.
     *
     * @param topics what "every topic" stands for
     */
    static List<Right> read(String model, String application, String worker, List<String> topics) throws IOException {
        Path page = Path.of(System.getProperty("realalign.home"), "docs", "security.md");
        List<Right> rights = new ArrayList<>();
        for (String line : Files.readAllLines(page)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                List<AclOperation> operations = Arrays.stream(row.group(3).split(", "))
                        .map(AclOperation::valueOf)
                        .toList();
                rights.add(new Right(
                        row.group(1), resources(row.group(2), model, application, worker, topics), operations));
            }
        }
        return rights;
    }

    private static List<ResourcePattern> resources(
            String text, String model, String application, String worker, List<String> topics) {
        if (text.equals("cluster")) {
            return List.of(new ResourcePattern(ResourceType.CLUSTER, "kafka-cluster", PatternType.LITERAL));
        }
        if (text.startsWith("every topic")) {
            return topics.stream()
                    .map(topic -> new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL))
                    .toList();
        }
        Matcher named = NAMED.matcher(text);
        if (!named.matches()) {
            throw new IllegalArgumentException("docs/security.md names no resource in \"" + text + "\"");
        }
        ResourceType type =
                ResourceType.fromString(named.group(1).replace(' ', '_').toUpperCase(java.util.Locale.ROOT));
        String name = named.group(3)
                .replace("MODEL", model)
                .replace("APP", application)
                .replace("WORKER", worker);
        return Stream.of(new ResourcePattern(
                        type, name, named.group(2) == null ? PatternType.LITERAL : PatternType.PREFIXED))
                .toList();
    }
}
