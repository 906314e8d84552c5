package dev.realalign.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IdentityTest {
    /** FIPS 180-4 example: SHA-256 of "abc". */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @TempDir
    Path folder;

    @Test
    void an_image_id_is_the_sha256_of_the_bytes_however_they_come() throws IOException {
        byte[] abc = "abc".getBytes(StandardCharsets.US_ASCII);
        ByteBuffer window = ByteBuffer.wrap("xabcx".getBytes(StandardCharsets.US_ASCII), 1, 3);

        assertThat(ImageId.of(abc)).hasToString(ABC);
        assertThat(ImageId.of(window)).hasToString(ABC);
        assertThat(window.remaining()).isEqualTo(3);
        assertThat(Sha256.hex(new ByteArrayInputStream(abc))).isEqualTo(ABC);
        assertThat(Sha256.hex(Files.write(folder.resolve("abc"), abc))).isEqualTo(ABC);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "ba78",
                "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ag",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
            })
    void anything_but_64_lower_case_digits_is_no_image_id(String text) {
        assertThat(ImageId.isValid(text)).isFalse();
        assertThatThrownBy(() -> new ImageId(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("an image id must be 64 lower-case hexadecimal digits (SHA-256), not \"" + text + "\"");
    }

    @Test
    void a_key_lies_where_kafkas_default_partitioner_puts_it() {
        for (int i = 0; i < 500; i++) {
            String key = ImageId.of(new byte[] {(byte) i, (byte) (i >> 8)}).hex();
            for (int partitions : new int[] {1, 3, 7, 1000}) {
                assertThat(KeyPartitioner.partition(key, partitions))
                        .isEqualTo(
                                BuiltInPartitioner.partitionForKey(key.getBytes(StandardCharsets.UTF_8), partitions));
            }
        }
        assertThatThrownBy(() -> KeyPartitioner.partition("a", 0))
                .hasMessage("a topic has at least 1 partition, not 0");
    }

    @Test
    void partition_names_come_back_as_partitions() {
        TopicPartition partition = new TopicPartition("preference-triples", 12);

        assertThat(PartitionName.of(partition)).isEqualTo("preference-triples-12");
        assertThat(PartitionName.parse("preference-triples-12")).isEqualTo(partition);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "triples", "-1", "triples-", "triples--", "triples-x", "triples-1234567890"})
    void what_names_no_partition_is_refused(String name) {
        assertThatThrownBy(() -> PartitionName.parse(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a partition is named topic-number, such as preference-triples-2, not \"" + name + "\"");
    }

    @ParameterizedTest
    @CsvSource({"1, 00000001", "42, 00000042", "99999999, 99999999"})
    void versions_stand_with_eight_digits(long version, String digits) {
        assertThat(CheckpointKeys.version("cats", version)).isEqualTo("cats/" + digits);
        assertThat(CheckpointLayout.kohyaFile("cats", version)).isEqualTo("cats-v" + digits + ".safetensors");
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 0, 100_000_000})
    void other_numbers_are_no_versions(long version) {
        assertThatThrownBy(() -> CheckpointKeys.version("cats", version))
                .hasMessage("a version is a number from 1 to 99999999, not " + version);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a/b", "a b", "-a", "ä", "a\\b"})
    void names_that_could_leave_their_folder_name_no_model(String name) {
        assertThatThrownBy(() -> CheckpointKeys.alias(name, "latest"))
                .hasMessageStartingWith("a model name has 1 to 64");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".hidden", "a/b", "..", "a\\b"})
    void names_that_could_leave_their_folder_name_no_file(String name) {
        assertThatThrownBy(() -> new FileEntry(name, ABC, 1))
                .hasMessageStartingWith("a file of a checkpoint has a plain name");
    }

    @Test
    void a_file_entry_tells_a_missing_a_short_and_a_changed_file_apart() throws IOException {
        Path file = Files.writeString(folder.resolve("weights"), "abc");
        FileEntry entry = FileEntry.of(file);
        assertThat(entry).isEqualTo(new FileEntry("weights", ABC, 3));
        entry.verify(file);

        Files.writeString(file, "ab");
        assertThatThrownBy(() -> entry.verify(file)).hasMessage("weights has 2 bytes, its manifest says 3: " + file);
        Files.writeString(file, "abd");
        assertThatThrownBy(() -> entry.verify(file))
                .hasMessageStartingWith("weights has SHA-256 ")
                .hasMessageEndingWith(", its manifest says " + ABC + ": " + file);
        Files.delete(file);
        assertThatThrownBy(() -> entry.verify(file)).hasMessage("weights is missing: " + file);
    }
}
