package dev.realalign.app.embedded;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How the embedded cluster runs.
 *
 * @param data folder that holds everything it keeps
 * @param registryHome folder of the unpacked registry server
 * @param brokerPort port of the broker on the loopback address, 0 for any free one
 * @param registryPort port of the registry on the loopback address, 0 for any free one
 * @param minFreeBytes space the data folder's disk must have left at start, in bytes
 * @param startTimeout longest wait for broker and registry to be ready
 */
public record EmbeddedOptions(
        Path data, Path registryHome, int brokerPort, int registryPort, long minFreeBytes, Duration startTimeout) {
    /** System property that names the folder of the unpacked registry server. */
    public static final String REGISTRY_HOME_PROPERTY = "realalign.registry";
    /** System property that names the folder of the built program. */
    public static final String HOME_PROPERTY = "realalign.home";

    private static final long MIN_FREE_BYTES = 256L * 1024 * 1024;
    private static final Duration START_TIMEOUT = Duration.ofSeconds(90);

    /** Makes paths absolute and refuses impossible ports. */
    public EmbeddedOptions {
        data = data.toAbsolutePath().normalize();
        registryHome = registryHome.toAbsolutePath().normalize();
        requirePort(brokerPort);
        requirePort(registryPort);
        if (brokerPort != 0 && brokerPort == registryPort) {
            throw new IllegalArgumentException("broker and registry need different ports, both are " + brokerPort);
        }
    }

    private static void requirePort(int port) {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("a port is a number from 0 to 65535, not " + port);
        }
    }

    /** Free ports, and the registry server where the build unpacked it. */
    public static EmbeddedOptions in(Path data) {
        return new EmbeddedOptions(data, defaultRegistryHome(), 0, 0, MIN_FREE_BYTES, START_TIMEOUT);
    }

    private static Path defaultRegistryHome() {
        String given = System.getProperty(REGISTRY_HOME_PROPERTY);
        return given != null
                ? Path.of(given)
                : Path.of(System.getProperty(HOME_PROPERTY, "."), "app", "target", "registry");
    }

    /** The same with fixed ports, 0 for any free one. */
    public EmbeddedOptions withPorts(int broker, int registry) {
        return new EmbeddedOptions(data, registryHome, broker, registry, minFreeBytes, startTimeout);
    }

    /** The same with the registry server elsewhere. */
    public EmbeddedOptions withRegistryHome(Path home) {
        return new EmbeddedOptions(data, home, brokerPort, registryPort, minFreeBytes, startTimeout);
    }

    /** The same with another demand on the disk. */
    public EmbeddedOptions withMinFreeBytes(long bytes) {
        return new EmbeddedOptions(data, registryHome, brokerPort, registryPort, bytes, startTimeout);
    }
}
