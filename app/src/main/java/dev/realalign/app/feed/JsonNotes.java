package dev.realalign.app.feed;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.runtime.UserErrorException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Captions and facts written as JSON objects: one beside a picture, or one a line in a list. Unknown fields are ignored. */
final class JsonNotes {
    private static final int MAX_BYTES = 256 * 1024;
    private static final ObjectReader OBJECTS = new JsonMapper().readerFor(JsonNode.class);

    private JsonNotes() {}

    /**
     * The note in one JSON object.
     *
     * @throws IOException when it is none, or is larger than a note can be
     */
    static Note note(InputStream json, String name) throws IOException {
        byte[] bytes = json.readNBytes(MAX_BYTES + 1);
        if (bytes.length > MAX_BYTES) {
            throw new IOException("its note " + name + " is larger than " + MAX_BYTES + " bytes");
        }
        try {
            return note(object(OBJECTS.readTree(bytes)));
        } catch (JsonProcessingException e) {
            throw new IOException("its note " + name + " is no JSON (" + e.getOriginalMessage() + ")", e);
        } catch (IllegalArgumentException e) {
            throw new IOException("its note " + name + " cannot be used: " + e.getMessage(), e);
        }
    }

    /**
     * Reads every line of a list.
     *
     * @throws UserErrorException naming every malformed line
     * @throws IOException when the text cannot be read at all
     */
    static void read(Opening<InputStream> list, String name, Consumer<CaptionRows.Row> reader) throws IOException {
        List<String> problems = new ArrayList<>();
        long number = 0;
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(list.open(), StandardCharsets.UTF_8.newDecoder()))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (!line.isBlank()) {
                    try {
                        Map<String, String> texts = object(OBJECTS.readTree(line));
                        String file = first(texts, CaptionRows.FILE_COLUMNS);
                        if (file.isBlank()) {
                            throw new IllegalArgumentException("it names no file: give it as \"path\"");
                        }
                        reader.accept(new CaptionRows.Row(CaptionRows.plainName(file), note(texts)));
                    } catch (JsonProcessingException e) {
                        problems.add(name + " line " + number + " is no JSON object: " + e.getOriginalMessage() + ".");
                    } catch (IllegalArgumentException e) {
                        problems.add(name + " line " + number + " cannot be used: " + e.getMessage() + ".");
                    }
                }
            }
        } catch (CharacterCodingException e) {
            problems.add(name + " is not UTF-8 text: save it as UTF-8.");
        }
        CaptionRows.complain(problems);
    }

    private static Map<String, String> object(JsonNode node) {
        if (!node.isObject()) {
            throw new IllegalArgumentException("it is no JSON object");
        }
        Map<String, String> texts = new HashMap<>();
        node.properties().forEach(field -> {
            JsonNode value = field.getValue();
            if (value.isArray()) {
                List<String> parts = new ArrayList<>();
                value.forEach(part -> parts.add(part.asText()));
                texts.put(field.getKey().toLowerCase(Locale.ROOT), String.join(";", parts));
            } else if (value.isValueNode() && !value.isNull()) {
                texts.put(field.getKey().toLowerCase(Locale.ROOT), value.asText());
            }
        });
        return texts;
    }

    private static Note note(Map<String, String> texts) {
        return new Note(first(texts, CaptionRows.CAPTION_COLUMNS).strip(), ImageFacts.of(texts));
    }

    private static String first(Map<String, String> texts, Set<String> names) {
        return names.stream()
                .sorted()
                .map(texts::get)
                .filter(text -> text != null)
                .findFirst()
                .orElse("");
    }
}
