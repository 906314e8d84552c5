package dev.realalign.schemas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaValidationException;
import org.apache.avro.SchemaValidatorBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.Encoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every schema that was ever released stands in released/N/TOPIC.avsc; what was written with it must stay readable. */
class ReleasedSchemasTest {
    /** A released schema of a topic. */
    record Released(String release, Topic<?, ?> topic, Schema schema) {
        @Override
        public String toString() {
            return topic + " of release " + release;
        }
    }

    static List<Released> released() throws IOException, URISyntaxException {
        URL folder = ReleasedSchemasTest.class.getResource("/released");
        assertThat(folder).isNotNull();
        List<Released> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(Path.of(folder.toURI()))) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".avsc")).sorted().toList()) {
                String name = file.getFileName().toString().replace(".avsc", "");
                Topic<?, ?> topic = Topics.all().stream()
                        .filter(t -> t.name().equals(name))
                        .findFirst()
                        .orElseThrow();
                found.add(new Released(
                        file.getName(file.getNameCount() - 2).toString(),
                        topic,
                        new Schema.Parser().parse(Files.readString(file))));
            }
        }
        return found;
    }

    @Test
    void every_topic_has_a_released_schema() throws Exception {
        assertThat(released().stream().map(Released::topic).distinct().toList())
                .containsExactlyInAnyOrderElementsOf(Topics.all());
    }

    @ParameterizedTest
    @MethodSource("released")
    void todays_reader_reads_every_field_of_a_record_written_then(Released released) throws IOException {
        TrustedRecords.allow();
        for (int variant = 0; variant < variants(released.schema()); variant++) {
            GenericRecord written = (GenericRecord) Objects.requireNonNull(sample(released.schema(), "", variant));
            byte[] bytes = encode(new GenericDatumWriter<>(released.schema()), written);

            SpecificRecord read = new SpecificDatumReader<SpecificRecord>(
                            released.schema(),
                            SpecificData.get().getSchema(released.topic().valueType()))
                    .read(null, DecoderFactory.get().binaryDecoder(bytes, null));

            assertThat(read).isInstanceOf(released.topic().valueType());
            assertSame(released.schema(), "", written, generic(read));
        }
    }

    /** What was written must be there; what today's schema added since does not matter. */
    private static void assertSame(Schema schema, String path, @Nullable Object written, @Nullable Object read) {
        if (schema.getType() == Schema.Type.UNION && written != null) {
            assertSame(schema.getTypes().get(GenericData.get().resolveUnion(schema, written)), path, written, read);
        } else if (written instanceof GenericRecord then && read instanceof GenericRecord now) {
            schema.getFields()
                    .forEach(f -> assertSame(f.schema(), path + "." + f.name(), then.get(f.name()), now.get(f.name())));
        } else {
            assertThat(String.valueOf(read)).as(path).isEqualTo(String.valueOf(written));
        }
    }

    @ParameterizedTest
    @MethodSource("released")
    void todays_schema_is_backward_transitive_to_all_released_ones(Released released) throws Exception {
        List<Schema> all = released().stream()
                .filter(r -> r.topic().equals(released.topic()))
                .map(Released::schema)
                .toList();

        new SchemaValidatorBuilder()
                .canReadStrategy()
                .validateAll()
                .validate(released.topic().registeredSchema(), all);
    }

    @Test
    void a_new_field_without_a_default_would_be_noticed() {
        String released = "{\"type\":\"record\",\"name\":\"A\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"}]}";
        String today = "{\"type\":\"record\",\"name\":\"A\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"},"
                + "{\"name\":\"y\",\"type\":\"int\"}]}";

        assertThatThrownBy(() -> new SchemaValidatorBuilder()
                        .canReadStrategy()
                        .validateAll()
                        .validate(new Schema.Parser().parse(today), List.of(new Schema.Parser().parse(released))))
                .isInstanceOf(SchemaValidationException.class);
    }

    /** How many samples it takes to write every type of every union of the record at least once. */
    private static int variants(Schema record) {
        return record.getFields().stream()
                .filter(f -> f.schema().isUnion())
                .mapToInt(f -> f.schema().getTypes().size())
                .max()
                .orElse(1);
    }

    /**
     * A value of a schema whose every part differs from its neighbours, made from the names of the fields.
     *
     * @param variant picks the type of unions, counted from the last one
     */
    private static @Nullable Object sample(Schema schema, String path, int variant) {
        return switch (schema.getType()) {
            case RECORD -> {
                GenericData.Record record = new GenericData.Record(schema);
                schema.getFields()
                        .forEach(f -> record.put(f.pos(), sample(f.schema(), path + "." + f.name(), variant)));
                yield record;
            }
            case UNION -> {
                int last = schema.getTypes().size() - 1;
                yield sample(schema.getTypes().get(last - variant % (last + 1)), path, variant);
            }
            case NULL -> null;
            case STRING -> path;
            case BYTES -> ByteBuffer.wrap(path.getBytes(UTF_8));
            case FIXED -> new GenericData.Fixed(schema, Arrays.copyOf(path.getBytes(UTF_8), schema.getFixedSize()));
            case INT -> Math.abs(path.hashCode() % 1000);
            case LONG -> 1_700_000_000_000L + Math.abs(path.hashCode() % 1000);
            case DOUBLE -> path.hashCode() / 7.0;
            case BOOLEAN -> true;
            case ARRAY -> List.of(
                    sample(schema.getElementType(), path + "-1", variant),
                    sample(schema.getElementType(), path + "-2", variant));
            case MAP -> Map.of(path + "-1", sample(schema.getValueType(), path + "-1", variant));
            default -> throw new IllegalArgumentException("no sample for " + schema);
        };
    }

    private static GenericRecord generic(SpecificRecord record) throws IOException {
        byte[] bytes = encode(new SpecificDatumWriter<>(record.getSchema()), record);
        return new GenericDatumReader<GenericRecord>(record.getSchema())
                .read(null, DecoderFactory.get().binaryDecoder(bytes, null));
    }

    private static <T> byte[] encode(org.apache.avro.io.DatumWriter<T> writer, T value) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Encoder encoder = EncoderFactory.get().binaryEncoder(out, null);
        writer.write(value, encoder);
        encoder.flush();
        return out.toByteArray();
    }
}
