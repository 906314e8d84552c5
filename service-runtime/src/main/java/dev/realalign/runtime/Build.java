package dev.realalign.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * What this program was built from.
 *
 * @param version release
 * @param revision full hash of the commit, with {@code -dirty} behind it where files had been changed since; empty where it
 *     was not built in a checkout
 */
public record Build(String version, String revision) {
    private static final String FILE = "build.properties";

    /** The build that runs. */
    public static Build current() {
        Properties properties = new Properties();
        try (InputStream in = Build.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IllegalStateException(FILE + " is missing from the class path");
            }
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(FILE + " cannot be read", e);
        }
        return from(properties);
    }

    /** Maven leaves a property as it stands in the file where the checkout's revision is unknown. */
    static Build from(Properties properties) {
        String version = properties.getProperty("version");
        String revision = properties.getProperty("revision");
        if (!revision.matches("[0-9a-f]{40}")) {
            return new Build(version, "");
        }
        return new Build(version, properties.getProperty("dirty").equals("true") ? revision + "-dirty" : revision);
    }

    @Override
    public String toString() {
        return version + (revision.isEmpty() ? "" : " (" + revision + ")");
    }
}
