package dev.realalign.tests.containers;

import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports.Binding;
import dev.realalign.curator.CuratorConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.BindMode;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/** Containers of the pipeline: broker and registry from images named by property, the roles from our own. */
final class Containers {
    /** Where the roles keep what they share, inside their containers. */
    private static final String DATA = "/data";

    private static final int HOST_LISTENER = 19_092;
    private static final int REGISTRY = 8080;

    private final Network network;
    private final Path shared;

    /**
     * @param shared folder of this machine that every role sees as its data folder
     */
    Containers(Network network, Path shared) {
        this.network = network;
        this.shared = shared;
    }

    /** Fails with what to do where no engine answers: a profile that skips in silence would prove nothing. */
    static void requireEngine() {
        if (!DockerClientFactory.instance().isDockerAvailable()) {
            throw new AssertionError(
                    "No container engine answers. Start one, or set DOCKER_HOST to where it listens; on a"
                            + " Debian machine that has none, tests/containers.sh installs one, makes the images and runs these"
                            + " tests.");
        }
    }

    /**
     * A KRaft broker that keeps its log and its address over a stop and a start.
     *
     * @param port port of this machine under which clients on it reach the broker
     */
    GenericContainer<?> broker(int port) {
        GenericContainer<?> broker = new GenericContainer<>(image("kafka.image"))
                .withNetwork(network)
                .withNetworkAliases("kafka")
                .withEnv(Map.ofEntries(
                        Map.entry("CLUSTER_ID", "4L6g3nShT-eMCtK--X86sw"),
                        Map.entry("KAFKA_NODE_ID", "1"),
                        Map.entry("KAFKA_PROCESS_ROLES", "broker,controller"),
                        Map.entry("KAFKA_LISTENERS", "PLAINTEXT://:9092,CONTROLLER://:9093,HOST://:" + HOST_LISTENER),
                        Map.entry("KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://kafka:9092,HOST://127.0.0.1:" + port),
                        Map.entry("KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER"),
                        Map.entry(
                                "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP",
                                "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,HOST:PLAINTEXT"),
                        Map.entry("KAFKA_INTER_BROKER_LISTENER_NAME", "PLAINTEXT"),
                        Map.entry("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@localhost:9093"),
                        Map.entry("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false"),
                        Map.entry("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "1"),
                        Map.entry("KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "1"),
                        Map.entry("KAFKA_TRANSACTION_STATE_LOG_MIN_ISR", "1"),
                        Map.entry("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR", "1"),
                        Map.entry("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR", "1"),
                        Map.entry("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0")))
                .withExposedPorts(HOST_LISTENER)
                // a port of its own choosing would be another one after a restart, and the advertised one is fixed
                .withCreateContainerCmdModifier(
                        create -> Objects.requireNonNullElseGet(create.getHostConfig(), HostConfig::new)
                                .withPortBindings(new PortBinding(
                                        Binding.bindIpAndPort("127.0.0.1", port), new ExposedPort(HOST_LISTENER))))
                .waitingFor(Wait.forListeningPorts(HOST_LISTENER).withStartupTimeout(Duration.ofMinutes(2)));
        return local(broker);
    }

    /** A schema registry that speaks Confluent's protocol. */
    GenericContainer<?> registry() {
        return local(new GenericContainer<>(image("registry.image")))
                .withNetwork(network)
                .withNetworkAliases("registry")
                .withEnv("REGISTRY_DATASOURCE_URL", "jdbc:h2:file:/tmp/registry;WRITE_DELAY=0")
                .withExposedPorts(REGISTRY)
                .waitingFor(Wait.forHttp("/apis/ccompat/v7/subjects")
                        .forPort(REGISTRY)
                        .withStartupTimeout(Duration.ofMinutes(2)));
    }

    /** Where this machine reaches the registry. */
    static String registryUrl(GenericContainer<?> registry) {
        return "http://" + registry.getHost() + ":" + registry.getMappedPort(REGISTRY) + "/apis/ccompat/v7";
    }

    /** A role of the stream image. */
    GenericContainer<?> stream(String... command) {
        return role("realalign.stream.image", command);
    }

    /** A role of the tensor image. */
    GenericContainer<?> tensor(String... command) {
        return role("realalign.tensor.image", command);
    }

    private GenericContainer<?> role(String image, String... command) {
        return local(new GenericContainer<>(image(image)))
                .withNetwork(network)
                .withEnv(environment(
                        "REALALIGN_CONFIG_BOOTSTRAP_SERVERS", "kafka:9092",
                        "REALALIGN_CONFIG_SCHEMA_REGISTRY_URL", "http://registry:8080/apis/ccompat/v7",
                        "REALALIGN_CONFIG_MODEL_NAME", "tiny-photo",
                        "REALALIGN_CONFIG_CURATION_RESOLUTION_PX", "32",
                        "REALALIGN_CONFIG_TRAINER_BASE_MODEL", "/opt/realalign/models/tiny-photo",
                        "REALALIGN_CONFIG_TRAINER_CANDIDATE_EVERY_STEPS", "4",
                        "REALALIGN_CONFIG_GENERATOR_BASE_MODEL", "/opt/realalign/models/tiny-photo",
                        "REALALIGN_CONFIG_GENERATOR_RESOLUTION_PX", "32",
                        "REALALIGN_CONFIG_GENERATOR_STEPS", "4",
                        "REALALIGN_CONFIG_GENERATOR_TRUST_FILE", "/data/keys/realalign.pub",
                        "REALALIGN_CONFIG_TRAINER_HELD_OUT_MAX", "8",
                        "REALALIGN_CONFIG_TRAINER_HELD_OUT_TIMESTEPS", "2",
                        "REALALIGN_CONFIG_PUBLISHER_SIGNING_KEY", "/data/keys/realalign.key"))
                .withFileSystemBind(shared.toString(), DATA, BindMode.READ_WRITE)
                .withCommand(command);
    }

    private static Map<String, String> environment(String... pairs) {
        Map<String, String> environment = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            environment.put(pairs[i], pairs[i + 1]);
        }
        environment.put(
                "REALALIGN_CONFIG_CURATION_NEGATIVE_MIX", CuratorConfig.PERTURBATIONS + ",TEXT_TO_IMAGE:10,SDEDIT:10");
        return environment;
    }

    /** Images are made or pulled beforehand, never behind a test's back. */
    private static <C extends GenericContainer<?>> C local(C container) {
        container.withImagePullPolicy(name -> false);
        return container;
    }

    private static DockerImageName image(String property) {
        String name = System.getProperty(property, "");
        if (name.isEmpty()) {
            throw new AssertionError("No image is named for " + property + ": run these tests with -Pcontainers.");
        }
        return DockerImageName.parse(name);
    }

    /** A port of this machine that is free now. */
    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
