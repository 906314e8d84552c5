package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigReferenceTest {
    private static final ConfigReference REFERENCE = new ConfigReference(List.of(
            new ConfigReference.Section("Cluster", "Every service reads these.", ClusterConfig.DEFINITION),
            new ConfigReference.Section(
                    "Trainer",
                    "The trainer reads these.",
                    new ConfigDef()
                            .define(
                                    "trainer.batch.size",
                                    Type.INT,
                                    8,
                                    Rules.between(1, 9),
                                    Importance.HIGH,
                                    "Size | a step.")
                            .define("trainer.model", Type.STRING, ConfigDef.NO_DEFAULT_VALUE, Importance.HIGH, "Name.")
                            .define("trainer.folder", Type.STRING, null, Importance.LOW, "Folder."))));

    @Test
    void the_page_has_a_row_for_each_key_with_form_default_and_meaning() {
        assertThat(REFERENCE.markdown())
                .contains(
                        "## Trainer\n\nThe trainer reads these.\n\n| key | value | default | meaning |\n|---|---|---|---|\n"
                                + "| `trainer.batch.size` | a whole number, from 1 to 9 | `8` | Size \\| a step. |\n"
                                + "| `trainer.folder` | text | none | Folder. |\n"
                                + "| `trainer.model` | text | required | Name. |\n")
                .contains("| `image.partitions` | a whole number, from 1 to 1000 | `3` |")
                .endsWith("\n");
    }

    @Test
    void an_unknown_key_is_named_with_its_nearest_neighbour() {
        assertThat(REFERENCE.unknownKeys(Map.of(
                        "trainer.bacth.size", "9",
                        "trainer.model", "cats",
                        "colour.of.cat", "red",
                        "boostrap.servers", "x")))
                .containsExactly(
                        "unknown key boostrap.servers is ignored; did you mean bootstrap.servers?",
                        "unknown key colour.of.cat is ignored",
                        "unknown key trainer.bacth.size is ignored; did you mean trainer.batch.size?");
    }

    @Test
    void keys_of_kafka_and_registry_clients_are_known() {
        assertThat(REFERENCE.unknownKeys(Map.of(
                        "security.protocol", "SASL_SSL",
                        "sasl.jaas.config", "x",
                        "ssl.truststore.location", "x",
                        "basic.auth.user.info", "u:p",
                        "bearer.auth.token", "t",
                        "schema.registry.ssl.keystore.location", "x",
                        "linger.ms", "5",
                        "fetch.max.bytes", "5",
                        "producer.batch.size", "5",
                        "streams.num.stream.threads", "2")))
                .isEmpty();
    }

    @Test
    void a_configuration_file_gives_its_keys(@TempDir Path folder) throws IOException {
        Path file =
                Files.writeString(folder.resolve("a.properties"), "# note\na = ü \nb.c=1\n", StandardCharsets.UTF_8);

        assertThat(ConfigFile.read(file)).isEqualTo(Map.of("a", "ü", "b.c", "1"));
    }

    @Test
    void a_configuration_file_that_cannot_be_read_is_named(@TempDir Path folder) throws IOException {
        Path missing = folder.resolve("missing");
        Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});

        assertThatThrownBy(() -> ConfigFile.read(missing))
                .isInstanceOf(UserErrorException.class)
                .hasMessage("the configuration file " + missing
                        + " cannot be read: it does not exist. Give a file of key=value lines.");
        assertThatThrownBy(() -> ConfigFile.read(folder)).hasMessageContaining("it is a folder");
        assertThatThrownBy(() -> ConfigFile.read(binary)).hasMessageContaining("it is no properties file in UTF-8");
    }
}
