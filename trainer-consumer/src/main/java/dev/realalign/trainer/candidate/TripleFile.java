package dev.realalign.trainer.candidate;

import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.Topics;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;

/** Preference triples as an Avro file. Equal triples make equal bytes. */
final class TripleFile {
    /** Avro marks its blocks with 16 bytes that are random by default. */
    private static final byte[] SYNC_MARKER = "realalignheldout".getBytes(StandardCharsets.US_ASCII);

    private TripleFile() {}

    static void write(Path file, List<PreferenceTriple> triples) throws IOException {
        Class<PreferenceTriple> type = Topics.PREFERENCE_TRIPLES.valueType();
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file));
                DataFileWriter<PreferenceTriple> avro = new DataFileWriter<>(new SpecificDatumWriter<>(type))) {
            avro.create(PreferenceTriple.getClassSchema(), out, SYNC_MARKER);
            for (PreferenceTriple triple : triples) {
                avro.append(triple);
            }
        }
    }

    static List<PreferenceTriple> read(Path file) throws IOException {
        Class<PreferenceTriple> type = Topics.PREFERENCE_TRIPLES.valueType();
        List<PreferenceTriple> triples = new ArrayList<>();
        try (DataFileReader<PreferenceTriple> avro =
                new DataFileReader<>(file.toFile(), new SpecificDatumReader<>(type))) {
            avro.forEach(triples::add);
        } catch (AvroRuntimeException e) {
            throw new IOException("the triples do not decode: " + e.getMessage() + ": " + file, e);
        }
        return triples;
    }
}
