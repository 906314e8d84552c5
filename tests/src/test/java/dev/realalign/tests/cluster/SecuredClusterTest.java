package dev.realalign.tests.cluster;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.schemas.Topics;
import dev.realalign.tests.cluster.RightsTable.Right;
import dev.realalign.tests.endtoend.Pictures;
import dev.realalign.tests.endtoend.RoleProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** SASL/SCRAM over TLS, nobody allowed anything but what docs/security.md lists. */
@Tag("slow")
@Timeout(700)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SecuredClusterTest {
    private static final String MODEL = "tiny-photo";
    private static final String APPLICATION = "realalign-curator";
    private static final String WORKER = "negatives-1";
    private static final String PASSWORD = "a-secret-of-tests";
    private static final Duration SOON = Duration.ofSeconds(300);
    private static final List<String> ROLES = List.of("feed", "curate", "negatives", "train", "publish", "subscribe");

    @TempDir
    static Path folder;

    private static EmbeddedCluster elsewhere;
    private static Brokers brokers;
    private static Admin admin;
    private static List<Right> rights;
    private static final Set<String> prepared = new HashSet<>();

    @BeforeAll
    static void start() throws Exception {
        elsewhere = EmbeddedCluster.start(EmbeddedOptions.in(folder.resolve("registry")));
        Path keys = folder.resolve("broker.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "broker",
                        "-keyalg",
                        "RSA",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "SAN=IP:127.0.0.1,DNS:localhost",
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        keys.toString(),
                        "-storepass",
                        PASSWORD)
                .inheritIO()
                .start();
        assertThat(keytool.waitFor()).isZero();
        rights = RightsTable.read(MODEL, APPLICATION, WORKER, allTopics());
        List<String> credentials = new ArrayList<>();
        for (String user : users()) {
            credentials.add("SCRAM-SHA-512=[name=" + user + ",password=" + PASSWORD + ",iterations=4096]");
        }
        brokers = Brokers.start(
                folder.resolve("brokers"),
                1,
                "SASL_SSL",
                Map.ofEntries(
                        Map.entry("sasl.enabled.mechanisms", "SCRAM-SHA-512"),
                        Map.entry("sasl.mechanism.inter.broker.protocol", "SCRAM-SHA-512"),
                        Map.entry("listener.name.client.scram-sha-512.sasl.jaas.config", jaas("admin")),
                        Map.entry("ssl.keystore.location", keys.toString()),
                        Map.entry("ssl.keystore.type", "PKCS12"),
                        Map.entry("ssl.keystore.password", PASSWORD),
                        Map.entry("ssl.key.password", PASSWORD),
                        Map.entry("ssl.truststore.location", keys.toString()),
                        Map.entry("ssl.truststore.type", "PKCS12"),
                        Map.entry("ssl.truststore.password", PASSWORD),
                        Map.entry("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
                        // the controllers speak without SASL among themselves
                        Map.entry("super.users", "User:admin;User:ANONYMOUS"),
                        Map.entry("allow.everyone.if.no.acl.found", "false")),
                credentials,
                new HashMap<>(security("admin")));
        Map<String, Object> client = new HashMap<>(security("admin"));
        client.put("bootstrap.servers", brokers.bootstrapServers());
        admin = Admin.create(client);
        for (Right right : rights) {
            allow(right);
        }
        run("setup");
    }

    @AfterAll
    static void stop() {
        if (admin != null) {
            admin.close();
        }
        if (brokers != null) {
            brokers.close();
        }
        if (elsewhere != null) {
            elsewhere.close();
        }
    }

    /** Its stores' changelogs are the one thing that a role creates. */
    @Test
    @Order(0)
    void aCuratorThatMayNotCreateItsOwnTopicsEndsWithASentenceThatNamesThem() throws Exception {
        Right creating = rights.stream()
                .filter(right ->
                        right.role().equals("curate") && right.operations().contains(AclOperation.CREATE))
                .findFirst()
                .orElseThrow();

        assertEndsNaming(new Right(creating.role(), creating.resources(), List.of(AclOperation.CREATE)));
    }

    @Test
    @Order(1)
    void withExactlyItsRightsEveryRoleWorksFromPicturesToAVerifiedVersion() throws Exception {
        Path photos = folder.resolve("photos");
        Path more = Files.createDirectories(folder.resolve("more"));
        List<Path> tiles = Pictures.tiles(photos, 160);
        for (Path tile : tiles.subList(80, tiles.size())) {
            Files.move(tile, more.resolve(tile.getFileName()));
        }
        run("keys", "generate", "--out", folder.resolve("keys").toString());
        run("feed", photos.toString(), "--caption", "a tile");
        try (RoleProcess dashboard = role("dashboard");
                RoleProcess curate = role("curate");
                RoleProcess negatives = role("negatives");
                RoleProcess train = role("train");
                RoleProcess publish = role("publish");
                RoleProcess subscribe = role("subscribe")) {
            List<RoleProcess> roles = List.of(dashboard, curate, negatives, train, publish, subscribe);
            await().atMost(SOON)
                    .until(() -> (Files.exists(received()) && records(Topics.GENERATED_NEGATIVES.name()) > 0)
                            || roles.stream().anyMatch(role -> !role.isAlive()));
            String printed = roles.stream().map(RoleProcess::printed).collect(Collectors.joining("\n"));

            assertThat(received()).as(printed).exists();
            assertThat(records(Topics.GENERATED_NEGATIVES.name())).as(printed).isPositive();
            assertThat(lag())
                    .as("who may look at lag sees every stage")
                    .contains(
                            APPLICATION,
                            "realalign-generators",
                            "realalign-trainer-" + MODEL,
                            "realalign-publisher-" + MODEL);
            await().atMost(SOON).untilAsserted(() -> assertThat(dashboardState(dashboard))
                    .as("who may look at the dashboard sees versions and lag")
                    .contains("\"version\":1", "realalign-publisher-" + MODEL));
        }
    }

    private static Path received() {
        return folder.resolve("received/current/manifest.json");
    }

    /** Offsets of a topic, as the administrator sees them. */
    private static long records(String topic) throws Exception {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        requireNonNull(admin.describeTopics(List.of(topic))
                        .allTopicNames()
                        .get()
                        .get(topic))
                .partitions()
                .forEach(p -> asked.put(new TopicPartition(topic, p.partition()), OffsetSpec.latest()));
        return admin.listOffsets(asked).all().get().values().stream()
                .mapToLong(ListOffsetsResultInfo::offset)
                .sum();
    }

    private static String lag() throws Exception {
        try (RoleProcess lag = role("lag", "--json", "--window", "0")) {
            assertThat(lag.exitCode(SOON)).as(lag.printed()).isZero();
            return lag.out();
        }
    }

    /** What its page is told first, from status to versions. */
    private static String dashboardState(RoleProcess dashboard) throws Exception {
        URI address = URI.create(dashboard
                .out()
                .lines()
                .filter(line -> line.startsWith("dashboard: "))
                .findFirst()
                .orElseThrow()
                .substring("dashboard: ".length()));
        try (Stream<String> lines = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(address.resolve("/api/events"))
                                .timeout(SOON)
                                .build(),
                        BodyHandlers.ofLines())
                .body()) {
            return lines.filter(line -> line.startsWith("data:")).limit(7).collect(Collectors.joining("\n"));
        }
    }

    private static List<String> allTopics() {
        return Topics.all().stream().map(topic -> topic.name()).toList();
    }

    static List<Right> rightsOfRoles() throws IOException {
        return RightsTable.read(MODEL, APPLICATION, WORKER, allTopics()).stream()
                .filter(right -> ROLES.contains(right.role()))
                .toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rightsOfRoles")
    @Order(2)
    void withoutOneOfThemItEndsWithASentenceThatNamesIt(Right right) throws Exception {
        assertEndsNaming(right);
    }

    /**
     * One operation of a row, where the others leave the topic in sight: what is missing shows at work only, or when the
     * settings of topics are looked at, which is the same for every topic of a role.
     */
    static List<Right> singleOperations() throws IOException {
        List<Right> singles = new ArrayList<>();
        Set<String> looking = new HashSet<>();
        for (Right right : rightsOfRoles()) {
            boolean topic = right.resources().get(0).resourceType() == ResourceType.TOPIC;
            for (AclOperation operation : right.operations()) {
                boolean shows =
                        switch (operation) {
                            case READ -> right.operations().contains(AclOperation.WRITE);
                            case WRITE -> right.operations().contains(AclOperation.READ);
                            case DESCRIBE_CONFIGS -> looking.add(right.role());
                            default -> false;
                        };
                if (topic && shows) {
                    singles.add(new Right(right.role(), right.resources(), List.of(operation)));
                }
            }
        }
        return singles;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("singleOperations")
    @Order(3)
    void withoutOneOperationItEndsWithASentenceThatNamesIt(Right right) throws Exception {
        if (prepared.add(right.role())) {
            giveWork(right.role());
        }
        assertEndsNaming(right);
    }

    /** What a role would work on, so that it needs its rights; roles before it are told to work until there is some. */
    private static void giveWork(String role) throws Exception {
        switch (role) {
            case "curate" -> run("feed", folder.resolve("more").toString());
            case "train" -> letWork("curate", Topics.PREFERENCE_TRIPLES.name(), 40);
            case "publish" -> letWork("train", Topics.CHECKPOINT_CANDIDATES.name(), 1);
            default -> {}
        }
    }

    private static void letWork(String command, String topic, int records) throws Exception {
        long before = records(topic);
        try (RoleProcess role = role(command)) {
            await().atMost(SOON).until(() -> records(topic) >= before + records || !role.isAlive());
            assertThat(records(topic)).as(role.printed()).isGreaterThanOrEqualTo(before + records);
        }
    }

    private static void assertEndsNaming(Right right) throws Exception {
        forbid(right);
        try (RoleProcess role = right.role().equals("feed")
                ? role("feed", folder.resolve("photos").toString())
                : role(right.role())) {
            assertThat(role.exitCode(SOON)).isEqualTo(1);
            assertThat(role.err().lines().filter(line -> line.startsWith("realalign: ")))
                    .as(role.err())
                    .anySatisfy(line -> assertThat(line).contains(right.name()).contains("docs/security.md"));
        } finally {
            allow(right);
        }
    }

    private static void allow(Right right) throws Exception {
        admin.createAcls(right.bindings()).all().get();
        awaitAcls(right, 1);
    }

    private static void forbid(Right right) throws Exception {
        admin.deleteAcls(right.bindings().stream().map(AclBinding::toFilter).toList())
                .all()
                .get();
        awaitAcls(right, 0);
    }

    /** A broker learns of a change a moment after the controller has answered. */
    private static void awaitAcls(Right right, int each) {
        for (AclBinding binding : right.bindings()) {
            await().atMost(SOON).untilAsserted(() -> assertThat(
                            admin.describeAcls(binding.toFilter()).values().get())
                    .hasSize(each));
        }
    }

    private static TreeSet<String> users() {
        TreeSet<String> users = new TreeSet<>(List.of("admin"));
        rights.forEach(right -> users.add(right.role()));
        return users;
    }

    private static void run(String... command) throws Exception {
        try (RoleProcess role = role(command)) {
            assertThat(role.exitCode(SOON)).as(role.printed()).isZero();
        }
    }

    /** A command as the user of its name. */
    private static RoleProcess role(String... command) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(command));
        if (command[0].equals("subscribe")) {
            arguments.addAll(List.of(
                    "--model",
                    MODEL,
                    "--into",
                    folder.resolve("received").toString(),
                    "--trust",
                    folder.resolve("keys/realalign.pub").toString()));
        }
        if (!command[0].equals("keys")) {
            Path config = folder.resolve(command[0] + ".properties");
            StringBuilder lines = new StringBuilder();
            settings(command[0])
                    .forEach((key, value) ->
                            lines.append(key).append('=').append(value).append('\n'));
            Files.writeString(config, lines);
            arguments.addAll(List.of("--config", config.toString()));
        }
        return RoleProcess.start(folder.resolve("logs"), arguments.toArray(String[]::new));
    }

    private static Map<String, String> settings(String user) {
        Map<String, String> settings = new LinkedHashMap<>(security(user));
        settings.put("bootstrap.servers", brokers.bootstrapServers());
        settings.put("schema.registry.url", elsewhere.registryUrl());
        settings.put("cluster.timeout.ms", "60000");
        // a killed role's place in its group is free again after this, not after 45 s
        settings.put("session.timeout.ms", "6000");
        settings.put("blob.store.uri", folder.resolve("blobs").toUri().toString());
        settings.put(
                "checkpoint.store.uri", folder.resolve("checkpoints").toUri().toString());
        settings.put("model.name", MODEL);
        settings.put("curator.application.id", APPLICATION);
        settings.put("curation.resolution.px", Integer.toString(Pictures.SIDE));
        settings.put("curator.state.dir", folder.resolve("state").toString());
        settings.put(
                "trainer.base.model",
                Path.of(System.getProperty("realalign.home"), "models", MODEL).toString());
        settings.put("curation.negative.mix", CuratorConfig.PERTURBATIONS + ",TEXT_TO_IMAGE:20");
        settings.put("generator.base.model", requireNonNull(settings.get("trainer.base.model")));
        settings.put("generator.resolution.px", Integer.toString(Pictures.SIDE));
        settings.put("generator.steps", "2");
        settings.put("generator.instance", WORKER);
        settings.put(
                "generator.trust.file", folder.resolve("keys/realalign.pub").toString());
        settings.put("generator.versions.dir", folder.resolve("generator").toString());
        // whether candidates are good is not the question here
        settings.put("publisher.gate.held.out.ratio.max", "100");
        settings.put("publisher.gate.parent.increase.max", "100");
        settings.put("dashboard.port", "0");
        settings.put("dashboard.history.file", folder.resolve("history.ring").toString());
        settings.put("trainer.candidate.every.steps", "2");
        settings.put("trainer.held.out.max", "4");
        settings.put("trainer.held.out.timesteps", "2");
        settings.put("trainer.instance", "only");
        settings.put(
                "publisher.signing.key", folder.resolve("keys/realalign.key").toString());
        return settings;
    }

    private static Map<String, String> security(String user) {
        return Map.of(
                "security.protocol",
                "SASL_SSL",
                "sasl.mechanism",
                "SCRAM-SHA-512",
                "sasl.jaas.config",
                jaas(user),
                "ssl.truststore.location",
                folder.resolve("broker.p12").toString(),
                "ssl.truststore.type",
                "PKCS12",
                "ssl.truststore.password",
                PASSWORD);
    }

    private static String jaas(String user) {
        return "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + user + "\" password=\""
                + PASSWORD + "\";";
    }
}
