package dev.realalign.schemas;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.stream.Collectors;

/**
 * JSON with one spelling for one content: keys sorted, two spaces of indent, {@code \n} line ends and one at the end,
 * UTF-8, every key present. So equal manifests have equal bytes, and their digest is a name.
 */
final class CanonicalJson {
    private static final DefaultIndenter INDENT = new DefaultIndenter("  ", "\n");
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .disable(MapperFeature.SORT_CREATOR_PROPERTIES_FIRST, MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .enable(
                    DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
                    DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
                    DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
                    DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
            .addModule(new SimpleModule()
                    .addSerializer(Instant.class, ToStringSerializer.instance)
                    .addDeserializer(Instant.class, new InstantReader()))
            .build();
    private static final ObjectWriter WRITER =
            MAPPER.writer(new DefaultPrettyPrinter().withObjectIndenter(INDENT).withArrayIndenter(INDENT));

    private CanonicalJson() {}

    static byte[] write(Object value) {
        try {
            return (WRITER.writeValueAsString(value) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException("a manifest record must be writable", e);
        }
    }

    /**
     * Reads a manifest.
     *
     * @param what the manifest's name for errors
     * @param format newest format this release reads
     */
    static <T> T read(byte[] bytes, Class<T> type, String what, int format) throws InvalidManifestException {
        try {
            JsonNode tree = MAPPER.readTree(bytes);
            JsonNode found = tree.path("format");
            if (!found.isInt()) {
                throw new InvalidManifestException(what + " is no manifest: it has no whole number \"format\"");
            }
            if (found.intValue() != format) {
                throw new InvalidManifestException(what + " has format " + found.intValue()
                        + ", this release reads format " + format + ": read it with the release that wrote it");
            }
            return MAPPER.readerFor(type).readValue(bytes);
        } catch (InvalidManifestException e) {
            throw e;
        } catch (JsonMappingException e) {
            String place = e.getPath().stream()
                    .map(r -> r.getFieldName() != null ? "." + r.getFieldName() : "[" + r.getIndex() + "]")
                    .collect(Collectors.joining());
            String rule = rule(e);
            throw new InvalidManifestException(
                    what + (place.isEmpty() ? "" : ", at " + place.substring(place.startsWith(".") ? 1 : 0)) + ": "
                            + rule,
                    e);
        } catch (JsonProcessingException e) {
            String place = e.getLocation() == null
                    ? ""
                    : " (line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr() + ")";
            throw new InvalidManifestException(
                    what + " is not JSON" + place + ": " + firstLine(e.getOriginalMessage()), e);
        } catch (IOException e) {
            throw new InvalidManifestException(what + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** What the form demands at the place of an error, in our words where Jackson's name its own switches. */
    private static String rule(JsonMappingException e) {
        if (e.getCause() instanceof IllegalArgumentException refused) {
            return String.valueOf(refused.getMessage());
        }
        if (e instanceof UnrecognizedPropertyException) {
            return "the form has no such key";
        }
        String message = firstLine(e.getOriginalMessage());
        return message.startsWith("Missing creator property") ? "the key is missing" : message;
    }

    private static String firstLine(String message) {
        return message.lines().findFirst().orElse("");
    }

    /** Instants stand as ISO 8601 text in UTC. */
    private static final class InstantReader extends StdScalarDeserializer<Instant> {
        private static final long serialVersionUID = 1L;

        InstantReader() {
            super(Instant.class);
        }

        @Override
        public Instant deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            String text = parser.getText();
            try {
                return Instant.parse(text);
            } catch (DateTimeParseException e) {
                throw JsonMappingException.from(parser, "\"" + text + "\" is no time such as 2026-11-23T07:30:00Z", e);
            }
        }
    }
}
