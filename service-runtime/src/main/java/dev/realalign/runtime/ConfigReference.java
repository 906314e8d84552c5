package dev.realalign.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.config.ConfigDef;

/**
 * Every configuration key of a program: the reference page is made from it, and it knows which of the given keys nobody
 * reads.
 *
 * @param sections one a definition, in reading order
 */
public record ConfigReference(List<Section> sections) {
    /**
     * The keys of one definition.
     *
     * @param title heading
     * @param introduction what reads these keys, in a sentence or two
     */
    public record Section(String title, String introduction, ConfigDef definition) {}

    /** Copies the list. */
    public ConfigReference {
        sections = List.copyOf(sections);
    }

    /** The reference page in Markdown, ending with a line end. */
    public String markdown() {
        StringBuilder page = new StringBuilder();
        page.append("# Configuration\n\n");
        page.append("This page is made from the definitions in the program; a test fails when it is stale.\n\n");
        page.append(
                "Keys stand in a properties file (`--config FILE`) or on the command line (`-D key=value`, which wins). ");
        page.append("A key ending in `.ms` is a time span in milliseconds, one in `.bytes` a size in bytes.\n");
        for (Section section : sections) {
            page.append("\n## ").append(section.title()).append("\n\n");
            page.append(section.introduction()).append("\n\n");
            page.append("| key | value | default | meaning |\n|---|---|---|---|\n");
            new TreeMap<>(section.definition().configKeys()).values().forEach(key -> page.append(row(key)));
        }
        page.append("\n## Kafka and schema registry clients\n\n");
        page.append(
                "Settings of Kafka's own clients pass through untouched: security (`security.protocol`, `sasl.*`, `ssl.*`), ");
        page.append(
                "the schema registry's (`schema.registry.*`, `basic.auth.*`, `bearer.auth.*`) and any other key of a producer, ");
        page.append(
                "consumer, admin client or Kafka Streams. A prefix `producer.`, `consumer.`, `admin.` or `streams.` confines a ");
        page.append(
                "key to that kind of client and wins over the plain key. What correctness rests on cannot be overridden: ");
        page.append("`acks=all`, idempotent producers, `isolation.level=read_committed`, no automatic commits.\n");
        return page.toString();
    }

    private static String row(ConfigDef.ConfigKey key) {
        String form = ServiceConfig.kind(key.type) + (key.validator == null ? "" : ", " + key.validator);
        String fallback;
        if (!key.hasDefault()) {
            fallback = "required";
        } else {
            String printed = ServiceConfig.printed(key, key.defaultValue);
            fallback = printed.isEmpty() ? "none" : "`" + printed + "`";
        }
        return "| `" + key.name + "` | " + cell(form) + " | " + cell(fallback) + " | " + cell(key.documentation)
                + " |\n";
    }

    private static String cell(String text) {
        return text.replace("|", "\\|").replace("\n", " ");
    }

    /**
     * A sentence for each given key that nobody reads, with the nearest name where there is one.
     *
     * @param given keys and values as the user gave them
     */
    public List<String> unknownKeys(Map<String, String> given) {
        Set<String> known = new TreeSet<>();
        sections.forEach(section -> known.addAll(section.definition().names()));
        List<String> sentences = new ArrayList<>();
        for (String key : new TreeSet<>(given.keySet())) {
            if (!known.contains(key) && !ClusterConfig.passesThrough(key)) {
                sentences.add("unknown key " + key + " is ignored"
                        + NearestName.of(key, known)
                                .map(n -> "; did you mean " + n + "?")
                                .orElse(""));
            }
        }
        return sentences;
    }
}
