package dev.realalign.runtime;

import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.ModelName;
import java.net.URI;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.jspecify.annotations.Nullable;

/**
 * What a configuration value must be. A rule's text completes "must be …": errors and the reference page both print it.
 */
public final class Rules {
    private Rules() {}

    /** A number from min to max, both allowed. */
    public static ConfigDef.Validator between(Number min, Number max) {
        return number("from " + min + " to " + max, v -> v >= min.doubleValue() && v <= max.doubleValue());
    }

    /** A number not below min. */
    public static ConfigDef.Validator atLeast(Number min) {
        return number("at least " + min, v -> v >= min.doubleValue());
    }

    /** A number above zero. */
    public static ConfigDef.Validator positive() {
        return number("greater than 0", v -> v > 0);
    }

    /** One of these words, written exactly so; the error suggests the nearest. */
    public static ConfigDef.Validator oneOf(String... words) {
        return new OneOf(List.of(words));
    }

    /** Text that is not blank. */
    public static ConfigDef.Validator notBlank() {
        return text("not empty", s -> !s.isBlank());
    }

    /** A name of a model line. */
    public static ConfigDef.Validator modelName() {
        return text(
                "1 to 64 letters, digits, dots, hyphens or underscores, starting with a letter or digit",
                ModelName::isValid);
    }

    /** A {@code file:} URI. */
    public static ConfigDef.Validator fileUri() {
        return text("a file: URI such as file:///srv/realalign", s -> {
            try {
                CheckpointLayout.folder(URI.create(s));
                return true;
            } catch (IllegalArgumentException e) {
                return false;
            }
        });
    }

    /**
     * Text of a form of its own.
     *
     * @param rule completes "must be …"
     */
    public static ConfigDef.Validator text(String rule, Predicate<String> allowed) {
        return new Rule(rule, value -> allowed.test(value.toString()));
    }

    /**
     * A list that can be parsed, or the sentence that says why not.
     *
     * @param rule completes "must be …"
     * @param parse throws IllegalArgumentException with that sentence
     */
    public static ConfigDef.Validator list(String rule, Consumer<List<String>> parse) {
        return new ListRule(rule, parse);
    }

    private static ConfigDef.Validator number(String rule, Predicate<Double> allowed) {
        return new Rule(rule, value -> value instanceof Number n && allowed.test(n.doubleValue()));
    }

    private record OneOf(List<String> words) implements ConfigDef.Validator {
        @Override
        public void ensureValid(String name, @Nullable Object value) {
            if (value != null && !words.contains(value.toString())) {
                String nearest = NearestName.of(value.toString(), words)
                        .map(word -> " (did you mean " + word + "?)")
                        .orElse("");
                throw new ConfigException(name, value, "must be " + this + nearest);
            }
        }

        @Override
        public String toString() {
            return "one of " + String.join(", ", words);
        }
    }

    private record ListRule(String rule, Consumer<List<String>> parse) implements ConfigDef.Validator {
        @Override
        public void ensureValid(String name, @Nullable Object value) {
            try {
                List<?> entries = value instanceof List<?> list ? list : List.of();
                parse.accept(entries.stream().map(String::valueOf).toList());
            } catch (IllegalArgumentException e) {
                throw new ConfigException(name, value, e.getMessage());
            }
        }

        @Override
        public String toString() {
            return rule;
        }
    }

    /** Null passes: whether a key may be left out is the matter of its default. */
    private record Rule(String rule, Predicate<Object> allowed) implements ConfigDef.Validator {
        @Override
        public void ensureValid(String name, @Nullable Object value) {
            if (value != null && !allowed.test(value)) {
                throw new ConfigException(name, value, "must be " + rule);
            }
        }

        @Override
        public String toString() {
            return rule;
        }
    }
}
