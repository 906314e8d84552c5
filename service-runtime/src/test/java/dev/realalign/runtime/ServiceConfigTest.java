package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.types.Password;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceConfigTest {
    enum Colour {
        DARK_RED,
        BLUE
    }

    private static final ConfigDef DEFINITION = new ConfigDef()
            .define(
                    "t.model",
                    Type.STRING,
                    ConfigDef.NO_DEFAULT_VALUE,
                    Rules.modelName(),
                    Importance.HIGH,
                    "Model line.")
            .define("t.batch.size", Type.INT, 8, Rules.between(1, 4096), Importance.HIGH, "Triples a step.")
            .define("t.max.wait.ms", Type.LONG, 2000L, Rules.atLeast(0), Importance.LOW, "Longest wait.")
            .define("t.learning.rate", Type.DOUBLE, 1e-4, Rules.positive(), Importance.HIGH, "Step width.")
            .define("t.colour", Type.STRING, "blue", Rules.oneOf("dark-red", "blue"), Importance.LOW, "Colour.")
            .define("t.strict", Type.BOOLEAN, false, Importance.LOW, "Whether.")
            .define("t.kinds", Type.LIST, List.of("a", "b"), Importance.LOW, "Kinds.")
            .define("t.folder", Type.STRING, null, Importance.LOW, "Folder.")
            .define("t.store", Type.STRING, "file:///srv", Rules.fileUri(), Importance.LOW, "Store.")
            .define("t.secret", Type.PASSWORD, null, Importance.LOW, "Secret.");

    @Test
    void values_come_out_in_the_types_of_the_domain() {
        ServiceConfig config = ServiceConfig.definedBy(DEFINITION)
                .read(Map.of(
                        "t.model", "cats",
                        "t.batch.size", " 16 ",
                        "t.max.wait.ms", "1500",
                        "t.colour", "dark-red",
                        "t.strict", "TRUE",
                        "t.kinds", "x, y",
                        "t.folder", "some/folder",
                        "t.secret", "hush",
                        "foreign.key", "left alone"));

        assertThat(config.text("t.model")).isEqualTo("cats");
        assertThat(config.integer("t.batch.size")).isEqualTo(16);
        assertThat(config.duration("t.max.wait.ms")).isEqualTo(Duration.ofMillis(1500));
        assertThat(config.number("t.learning.rate")).isEqualTo(1e-4);
        assertThat(config.choice("t.colour", Colour.class)).isEqualTo(Colour.DARK_RED);
        assertThat(config.flag("t.strict")).isTrue();
        assertThat(config.words("t.kinds")).containsExactly("x", "y");
        assertThat(config.path("t.folder")).isEqualTo(Path.of("some/folder"));
        assertThat(config.uri("t.store")).isEqualTo(URI.create("file:///srv"));
        assertThat(config.secret("t.secret")).map(Password::value).contains("hush");
        assertThat(config.given()).containsEntry("foreign.key", "left alone");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    t.batch.size | many | t.batch.size is "many": must be a whole number from 1 to 4096. Change it, or leave it out for the default 8.
                    t.batch.size | 0 | t.batch.size is "0": must be from 1 to 4096. Change it, or leave it out for the default 8.
                    t.batch.size | 99999999999 | t.batch.size is "99999999999": must be a whole number from 1 to 4096. Change it, or leave it out for the default 8.
                    t.max.wait.ms | -1 | t.max.wait.ms is "-1": must be at least 0. Change it, or leave it out for the default 2000.
                    t.learning.rate | NaN | t.learning.rate is "NaN": must be greater than 0. Change it, or leave it out for the default 1.0E-4.
                    t.colour | red | t.colour is "red": must be one of dark-red, blue. Change it, or leave it out for the default blue.
                    t.strict | perhaps | t.strict is "perhaps": must be true or false. Change it, or leave it out for the default false.
                    t.model | ../cats | t.model is "../cats": must be 1 to 64 letters, digits, dots, hyphens or underscores, starting with a letter or digit. Change it.
                    t.store | s3://bucket | t.store is "s3://bucket": must be a file: URI such as file:///srv/realalign. Change it, or leave it out for the default file:///srv.
                    """)
    void a_wrong_value_is_told_with_its_key_the_rule_and_what_to_do(String key, String value, String message) {
        Map<String, String> given = new java.util.HashMap<>(Map.of("t.model", "cats"));
        given.put(key, value);

        assertThatThrownBy(() -> ServiceConfig.definedBy(DEFINITION).read(given))
                .isInstanceOf(UserErrorException.class)
                .hasMessage(message);
    }

    @Test
    void all_problems_are_told_at_once() {
        UserErrorException error = catchThrowableOfType(
                UserErrorException.class, () -> ServiceConfig.definedBy(DEFINITION, ClusterConfig.DEFINITION)
                        .read(Map.of("t.batch.size", "x", "t.colour", "red", ClusterConfig.SCHEMA_REGISTRY_URL, " ")));

        assertThat(error.exitCode()).isEqualTo(2);
        assertThat(error.problems())
                .containsExactlyInAnyOrder(
                        "t.model is not set. Model line. Give it in the configuration file or with -D t.model=VALUE.",
                        "t.batch.size is \"x\": must be a whole number from 1 to 4096. Change it, or leave it out for the"
                                + " default 8.",
                        "t.colour is \"red\": must be one of dark-red, blue. Change it, or leave it out for the default"
                                + " blue.",
                        "bootstrap.servers is not set. Kafka brokers to start from, as host:port separated by commas."
                                + " Give it in the configuration file or with -D bootstrap.servers=VALUE.",
                        "schema.registry.url is \" \": must be not empty. Change it.");
    }

    @Test
    void a_rule_over_several_keys_is_judged_when_each_is_well() {
        ServiceConfig.Reader reader = ServiceConfig.definedBy(DEFINITION)
                .rule(
                        List.of("t.batch.size", "t.max.wait.ms"),
                        c -> c.integer("t.batch.size") <= c.longInteger("t.max.wait.ms"),
                        "the first must not be greater; lower it.");

        assertThatThrownBy(() -> reader.read(Map.of("t.model", "cats", "t.max.wait.ms", "7")))
                .hasMessage(
                        "t.batch.size is \"8\" and t.max.wait.ms is \"7\": the first must not be greater; lower it.");
        assertThatThrownBy(() -> reader.read(Map.of("t.model", "cats", "t.max.wait.ms", "-7")))
                .hasMessageStartingWith("t.max.wait.ms is \"-7\"");
        reader.read(Map.of("t.model", "cats", "t.max.wait.ms", "8"));
    }

    @Test
    void a_secret_appears_in_no_error() {
        ConfigDef definition = new ConfigDef()
                .define("t.secret", Type.PASSWORD, null, Rules.text("short", s -> false), Importance.LOW, "Secret.");

        assertThatThrownBy(() -> ServiceConfig.definedBy(definition).read(Map.of("t.secret", "hush")))
                .hasMessageStartingWith("t.secret is [hidden]: ")
                .hasMessageNotContaining("hush");
    }

    @Test
    void the_digest_names_the_effective_settings_of_a_prefix() {
        Map<String, String> given = Map.of("t.model", "cats");
        String digest = ServiceConfig.definedBy(DEFINITION).read(given).digest("t.");

        assertThat(ServiceConfig.definedBy(DEFINITION)
                        .read(with(given, "t.batch.size", "8"))
                        .digest("t."))
                .as("a default written out")
                .isEqualTo(digest);
        assertThat(ServiceConfig.definedBy(DEFINITION)
                        .read(with(given, "t.secret", "x"))
                        .digest("t."))
                .as("a secret")
                .isEqualTo(digest);
        assertThat(ServiceConfig.definedBy(DEFINITION)
                        .read(with(given, "t.batch.size", "9"))
                        .digest("t."))
                .as("another batch size")
                .isNotEqualTo(digest)
                .hasSize(64);
    }

    @Test
    void mistakes_of_the_program_are_no_user_errors() {
        ServiceConfig config = ServiceConfig.definedBy(DEFINITION).read(Map.of("t.model", "cats"));

        assertThatThrownBy(() -> config.text("t.modle")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> config.text("t.folder")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> config.duration("t.batch.size")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ServiceConfig.definedBy(DEFINITION, DEFINITION))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static Map<String, String> with(Map<String, String> given, String key, String value) {
        Map<String, String> all = new java.util.HashMap<>(given);
        all.put(Objects.requireNonNull(key), value);
        return all;
    }
}
