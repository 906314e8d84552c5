package dev.realalign.runtime;

import dev.realalign.schemas.Sha256;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;
import org.jspecify.annotations.Nullable;

/**
 * Configuration of a service, read once against its {@link ConfigDef}s, which are the single source of keys, types,
 * ranges, defaults and documentation. A service turns it into a record of domain types; nothing else sees a key.
 *
 * <pre>{@code
 * ServiceConfig config = ServiceConfig.definedBy(ClusterConfig.DEFINITION, DEFINITION)
 *         .rule(List.of(MIN, MAX), c -> c.integer(MIN) <= c.integer(MAX), "lower the first or raise the second")
 *         .read(given);
 * }</pre>
 *
 * Keys that no definition knows are left alone here: {@link ConfigReference#unknownKeys} names them once for all
 * services of a process.
 */
public final class ServiceConfig {
    private final Map<String, ConfigDef.ConfigKey> keys;
    private final Map<String, @Nullable Object> values;
    private final Map<String, String> given;

    private ServiceConfig(
            Map<String, ConfigDef.ConfigKey> keys, Map<String, @Nullable Object> values, Map<String, String> given) {
        this.keys = keys;
        this.values = values;
        this.given = given;
    }

    /** Starts reading against these definitions. */
    public static Reader definedBy(ConfigDef... definitions) {
        return new Reader(definitions);
    }

    /** Reads configuration and reports every problem at once. */
    public static final class Reader {
        private final Map<String, ConfigDef.ConfigKey> keys = new LinkedHashMap<>();
        private final List<Rule> rules = new ArrayList<>();

        private record Rule(List<String> keys, Predicate<ServiceConfig> holds, String demand) {}

        private Reader(ConfigDef... definitions) {
            for (ConfigDef definition : definitions) {
                definition.configKeys().forEach((name, key) -> {
                    if (keys.putIfAbsent(name, key) != null) {
                        throw new IllegalArgumentException("two definitions have the key " + name);
                    }
                });
            }
        }

        /**
         * Adds a rule over several keys; it is judged when each of them is well by itself.
         *
         * @param keys keys the rule reads, which the error names with their values
         * @param demand what must hold and what to do, in words
         */
        public Reader rule(List<String> keys, Predicate<ServiceConfig> holds, String demand) {
            rules.add(new Rule(keys, holds, demand));
            return this;
        }

        /**
         * Reads.
         *
         * @param given keys and values as the user gave them
         * @throws UserErrorException for usage, with every problem
         */
        public ServiceConfig read(Map<String, String> given) {
            List<String> problems = new ArrayList<>();
            Set<String> broken = new TreeSet<>();
            Map<String, @Nullable Object> values = new TreeMap<>();
            keys.forEach((name, key) -> {
                try {
                    values.put(name, value(key, given.get(name)));
                } catch (ConfigException e) {
                    broken.add(name);
                    problems.add(String.valueOf(e.getMessage()));
                }
            });
            ServiceConfig config = new ServiceConfig(keys, values, Map.copyOf(given));
            for (Rule rule : rules) {
                if (rule.keys().stream().noneMatch(broken::contains)
                        && !rule.holds().test(config)) {
                    problems.add(rule.keys().stream()
                                    .map(k -> k + " is " + config.shown(k))
                                    .reduce((a, b) -> a + " and " + b)
                                    .orElse("")
                            + ": " + rule.demand());
                }
            }
            if (!problems.isEmpty()) {
                throw UserErrorException.usage(problems);
            }
            return config;
        }

        private static @Nullable Object value(ConfigDef.ConfigKey key, @Nullable String raw) {
            if (raw == null) {
                if (key.hasDefault()) {
                    return key.defaultValue;
                }
                throw new ConfigException(key.name + " is not set. " + key.documentation
                        + " Give it in the configuration" + " file or with -D " + key.name + "=VALUE.");
            }
            String remedy = key.hasDefault() && key.defaultValue != null
                    ? ". Change it, or leave it out for the default " + printed(key, key.defaultValue) + "."
                    : ". Change it" + (key.hasDefault() ? " or leave it out." : ".");
            String shown = key.name + " is " + (key.type == ConfigDef.Type.PASSWORD ? "[hidden]" : "\"" + raw + "\"");
            Object parsed;
            try {
                parsed = ConfigDef.parseType(key.name, raw, key.type);
            } catch (ConfigException e) {
                throw new ConfigException(shown + ": must be " + kind(key.type) + rule(key, " ") + remedy);
            }
            try {
                if (key.validator != null) {
                    key.validator.ensureValid(key.name, parsed);
                }
            } catch (ConfigException e) {
                String message = String.valueOf(e.getMessage());
                String prefix = "for configuration " + key.name + ": ";
                int at = message.indexOf(prefix);
                throw new ConfigException(
                        shown + ": " + (at < 0 ? message : message.substring(at + prefix.length())) + remedy);
            }
            return parsed;
        }

        private static String rule(ConfigDef.ConfigKey key, String before) {
            return key.validator == null ? "" : before + key.validator;
        }
    }

    /** What a type's values look like, completing "must be …". */
    static String kind(ConfigDef.Type type) {
        return switch (type) {
            case BOOLEAN -> "true or false";
            case INT, SHORT, LONG -> "a whole number";
            case DOUBLE -> "a number";
            case LIST -> "words separated by commas";
            case CLASS -> "the name of a class";
            case STRING, PASSWORD -> "text";
        };
    }

    /** A default as the user would write it. */
    static String printed(ConfigDef.ConfigKey key, @Nullable Object value) {
        return value == null ? "" : String.valueOf(ConfigDef.convertToString(value, key.type));
    }

    /** Text of a key. */
    public String text(String key) {
        return (String) required(key);
    }

    /** Text of a key that may be left out. */
    public Optional<String> optionalText(String key) {
        return Optional.ofNullable((String) value(key));
    }

    /** A secret; nothing prints it. */
    public Optional<Password> secret(String key) {
        return Optional.ofNullable((Password) value(key));
    }

    /** A whole number that fits in 32 bits. */
    public int integer(String key) {
        return (Integer) required(key);
    }

    /** A whole number. */
    public long longInteger(String key) {
        return ((Number) required(key)).longValue();
    }

    /** A number. */
    public double number(String key) {
        return ((Number) required(key)).doubleValue();
    }

    /** True or false. */
    public boolean flag(String key) {
        return (Boolean) required(key);
    }

    /** Words separated by commas. */
    public List<String> words(String key) {
        List<?> list = (List<?>) required(key);
        return list.stream().map(String::valueOf).toList();
    }

    /** A time span; its key ends in {@code .ms}. */
    public Duration duration(String key) {
        if (!key.endsWith(".ms")) {
            throw new IllegalArgumentException("the key of a time span names its unit, .ms: " + key);
        }
        return Duration.ofMillis(longInteger(key));
    }

    /** A path of the local file system. */
    public Path path(String key) {
        return Path.of(text(key));
    }

    /** A URI; its rule is {@link Rules#fileUri()} or one like it. */
    public URI uri(String key) {
        return URI.create(text(key));
    }

    /** One of an enum's values, written in lower case; its rule is {@link Rules#oneOf}. */
    public <E extends Enum<E>> E choice(String key, Class<E> type) {
        return Enum.valueOf(type, text(key).toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** Every key and value as the user gave them, known here or not. */
    public Map<String, String> given() {
        return given;
    }

    /**
     * Digest of the effective values under the given prefix: equal digests mean equal settings, defaults included.
     * Secrets are left out.
     *
     * @return lower-case hex SHA-256
     */
    public String digest(String prefix) {
        StringBuilder text = new StringBuilder();
        values.forEach((name, value) -> {
            ConfigDef.ConfigKey key = key(name);
            if (name.startsWith(prefix) && key.type != ConfigDef.Type.PASSWORD) {
                text.append(name).append('=').append(printed(key, value)).append('\n');
            }
        });
        return Sha256.hex(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    private String shown(String name) {
        ConfigDef.ConfigKey key = key(name);
        return key.type == ConfigDef.Type.PASSWORD ? "[hidden]" : "\"" + printed(key, values.get(name)) + "\"";
    }

    private Object required(String key) {
        Object value = value(key);
        if (value == null) {
            throw new IllegalStateException("no value for " + key + ": read it as an optional one");
        }
        return value;
    }

    private @Nullable Object value(String key) {
        key(key);
        return values.get(key);
    }

    private ConfigDef.ConfigKey key(String name) {
        ConfigDef.ConfigKey key = keys.get(name);
        if (key == null) {
            throw new IllegalArgumentException("no definition has the key " + name);
        }
        return key;
    }
}
