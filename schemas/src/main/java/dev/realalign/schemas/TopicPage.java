package dev.realalign.schemas;

import dev.realalign.schemas.Topic.Retention;
import java.util.List;
import java.util.Locale;
import org.apache.avro.Schema;

/** The reference page of topics and their records in Markdown, made from the catalogue. */
public final class TopicPage {
    private TopicPage() {}

    /** The page of these topics, ending with a line end. */
    public static String markdown(List<Topic<?, ?>> topics) {
        StringBuilder page = new StringBuilder();
        page.append("# Topics\n\n");
        page.append("This page is made from the catalogue in `schemas`; a test fails when it is stale.\n\n");
        page.append(
                "Services create missing topics at start and check existing ones. All topics take the broker's time ");
        page.append(
                "(`message.timestamp.type=LogAppendTime`); replication is the cluster's default. Keys are UTF-8 text, placed ");
        page.append(
                "by murmur2 as Kafka's Java producers do. Values are Avro in the Confluent framing, registered under ");
        page.append("`TOPIC-value` with `BACKWARD_TRANSITIVE` compatibility.\n\n");
        page.append("| topic | key | value | partitions | kept |\n|---|---|---|---|---|\n");
        for (Topic<?, ?> topic : topics) {
            page.append(String.format(
                    Locale.ROOT,
                    "| `%s` | %s | [%s](#%s) | %s | %s |\n",
                    topic.name(),
                    topic.keyForm(),
                    topic.valueType().getSimpleName(),
                    topic.name(),
                    topic.partitioning() == Topic.Partitioning.BY_IMAGE ? "`image.partitions`" : "1",
                    kept(topic.retention())));
        }
        for (Topic<?, ?> topic : topics) {
            Schema schema = topic.registeredSchema();
            page.append("\n## ").append(topic.name()).append("\n\n");
            page.append(topic.documentation())
                    .append(' ')
                    .append(schema.getDoc())
                    .append("\n\n");
            page.append("Settings: ");
            topic.settings().forEach((name, value) -> page.append('`')
                    .append(name)
                    .append('=')
                    .append(value)
                    .append("` "));
            page.setLength(page.length() - 1);
            page.append(".\n\n").append(fields(schema));
            for (Schema.Field field : schema.getFields()) {
                for (Schema choice : choices(field.schema())) {
                    page.append("\n`")
                            .append(choice.getName())
                            .append("`: ")
                            .append(choice.getDoc())
                            .append("\n\n")
                            .append(fields(choice));
                }
            }
        }
        return page.toString();
    }

    private static String fields(Schema record) {
        StringBuilder table = new StringBuilder("| field | type | meaning |\n|---|---|---|\n");
        for (Schema.Field field : record.getFields()) {
            table.append("| `")
                    .append(field.name())
                    .append("` | ")
                    .append(type(field.schema()))
                    .append(" | ")
                    .append(field.doc().replace("|", "\\|"))
                    .append(" |\n");
        }
        return table.toString();
    }

    /** The records of a union of several; none for every other type. */
    private static List<Schema> choices(Schema schema) {
        return schema.isUnion() && !schema.isNullable() ? schema.getTypes() : List.of();
    }

    private static String kept(Retention retention) {
        if (retention instanceof Retention.Delete delete) {
            return delete.time().toDays() + " days, at most " + delete.bytesPerPartition() / (1L << 30)
                    + " GiB a partition";
        }
        return retention instanceof Retention.Compact ? "newest of each key, for ever" : "for ever";
    }

    private static String type(Schema schema) {
        if (schema.getLogicalType() != null) {
            return schema.getLogicalType().getName();
        }
        return switch (schema.getType()) {
            case UNION -> schema.isNullable()
                    ? type(schema.getTypes().get(1)) + ", optional"
                    : "one of "
                            + String.join(
                                    ", ",
                                    choices(schema).stream()
                                            .map(Schema::getName)
                                            .toList());
            case MAP -> "map of " + type(schema.getValueType());
            case ARRAY -> "list of " + type(schema.getElementType());
            case RECORD, FIXED -> schema.getName();
            default -> schema.getType().getName();
        };
    }
}
