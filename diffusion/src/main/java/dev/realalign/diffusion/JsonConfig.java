package dev.realalign.diffusion;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Typed reading of a published JSON configuration ({@code config.json}, {@code scheduler_config.json}, ...).
 *
 * <p>An absent key and an explicit {@code null} both mean the default that the getter is given, which is how diffusers
 * treats them. A value of the wrong type is noted, its default is returned, and {@link #read} reports all of them
 * together after the mapping has run, so that one run shows every mistake in the file. Bare {@code -Infinity},
 * {@code Infinity} and {@code NaN}, which Python's json module writes, are accepted.
 */
public final class JsonConfig {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private final String name;
    private final JsonNode root;
    private final List<String> problems = new ArrayList<>();

    private JsonConfig(String name, JsonNode root) {
        this.name = name;
        this.root = root;
    }

    /**
     * Reads a file and maps it.
     *
     * @throws ModelFormatException naming the file, if it is absent, is no JSON object, or holds values that the
     *     mapping cannot take (all of them listed)
     */
    public static <T> T read(Path file, Function<JsonConfig, T> mapping) {
        String text;
        try {
            text = Files.readString(file, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new ModelFormatException(file.toString(), "the file does not exist");
        } catch (IOException e) {
            throw new ModelFormatException(file.toString(), "it cannot be read (" + e.getMessage() + ")");
        }
        return parse(file.toString(), text, mapping);
    }

    /** As {@link #read}, from text; {@code name} stands for the file in messages. */
    public static <T> T parse(String name, String json, Function<JsonConfig, T> mapping) {
        JsonNode root;
        try {
            root = MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new ModelFormatException(name, "it is not valid JSON (" + e.getOriginalMessage() + ")");
        }
        if (!root.isObject()) {
            throw new ModelFormatException(name, "it is not a JSON object");
        }
        JsonConfig config = new JsonConfig(name, root);
        T value;
        try {
            value = mapping.apply(config);
        } catch (IllegalArgumentException e) {
            config.problems.add(String.valueOf(e.getMessage()));
            throw new ModelFormatException(name, config.problems);
        }
        if (!config.problems.isEmpty()) {
            throw new ModelFormatException(name, config.problems);
        }
        return value;
    }

    /** The name that messages use for this configuration. */
    public String name() {
        return name;
    }

    /** Whether the key is there with a value other than null. */
    public boolean has(String key) {
        return root.hasNonNull(key);
    }

    /** All keys, in the file's order. */
    public List<String> keys() {
        List<String> keys = new ArrayList<>();
        root.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    /** The raw value, for keys whose type varies (a number or a list of numbers); null if absent. */
    public @Nullable JsonNode node(String key) {
        return has(key) ? root.get(key) : null;
    }

    /** Notes a problem; {@link #read} throws it together with all others. */
    public void problem(String sentence) {
        problems.add(sentence);
    }

    public int integer(String key, int absent) {
        JsonNode value = typed(key, "a whole number", n -> n.isIntegralNumber() && n.canConvertToInt());
        return value == null ? absent : value.intValue();
    }

    public double number(String key, double absent) {
        JsonNode value = typed(key, "a number", JsonNode::isNumber);
        return value == null ? absent : value.doubleValue();
    }

    public boolean flag(String key, boolean absent) {
        JsonNode value = typed(key, "true or false", JsonNode::isBoolean);
        return value == null ? absent : value.booleanValue();
    }

    public String text(String key, String absent) {
        JsonNode value = typed(key, "a text", JsonNode::isTextual);
        return value == null ? absent : value.textValue();
    }

    public List<Integer> integers(String key, List<Integer> absent) {
        List<JsonNode> values = list(key, "a list of whole numbers", n -> n.isIntegralNumber() && n.canConvertToInt());
        return values == null ? absent : values.stream().map(JsonNode::intValue).toList();
    }

    public List<Double> numbers(String key, List<Double> absent) {
        List<JsonNode> values = list(key, "a list of numbers", JsonNode::isNumber);
        return values == null
                ? absent
                : values.stream().map(JsonNode::doubleValue).toList();
    }

    public List<String> texts(String key, List<String> absent) {
        List<JsonNode> values = list(key, "a list of texts", JsonNode::isTextual);
        return values == null
                ? absent
                : values.stream().map(JsonNode::textValue).toList();
    }

    private @Nullable List<JsonNode> list(String key, String expected, Predicate<JsonNode> accepts) {
        JsonNode value = typed(key, expected, n -> {
            if (!n.isArray()) {
                return false;
            }
            for (JsonNode element : n) {
                if (!accepts.test(element)) {
                    return false;
                }
            }
            return true;
        });
        if (value == null) {
            return null;
        }
        List<JsonNode> elements = new ArrayList<>();
        value.forEach(elements::add);
        return elements;
    }

    private @Nullable JsonNode typed(String key, String expected, Predicate<JsonNode> accepts) {
        JsonNode value = node(key);
        if (value == null || accepts.test(value)) {
            return value;
        }
        problem("\"" + key + "\" must be " + expected + " but is " + value);
        return null;
    }
}
