package dev.realalign.runtime;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/** A properties file of configuration keys, in UTF-8. */
public final class ConfigFile {
    private ConfigFile() {}

    /**
     * Reads a file.
     *
     * @throws UserErrorException for usage, naming the file, when it cannot be read
     */
    public static Map<String, String> read(Path file) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            properties.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            String why = !Files.exists(file)
                    ? "it does not exist"
                    : Files.isDirectory(file)
                            ? "it is a folder"
                            : !Files.isReadable(file)
                                    ? "it is not readable"
                                    : "it is no properties file in UTF-8 (" + e.getMessage() + ")";
            throw UserErrorException.usage(
                    "the configuration file " + file + " cannot be read: " + why + ". Give a file of key=value lines.");
        }
        Map<String, String> values = new TreeMap<>();
        properties
                .stringPropertyNames()
                .forEach(key -> values.put(key, properties.getProperty(key).strip()));
        return values;
    }
}
