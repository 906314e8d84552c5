package dev.realalign.publisher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.publisher.catalogue.CatalogueSettings;
import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublisherConfigTest {
    private static final Map<String, String> GIVEN = Map.of(
            "bootstrap.servers", "localhost:9092",
            "schema.registry.url", "http://localhost:8081",
            "model.name", "tiny",
            "publisher.signing.key", "/srv/keys/tiny.key",
            "checkpoint.store.uri", "file:///srv/checkpoints");

    @Test
    @DisplayName("What is not given has its documented default")
    void defaults() {
        PublisherConfig config = PublisherConfig.from(GIVEN);

        assertThat(config.heldOutRatioLimit()).isEqualTo(1.1);
        assertThat(config.unmeasuredAllowed()).isFalse();
        assertThat(config.signingKey()).contains(Path.of("/srv/keys/tiny.key"));
        assertThat(config.parentIncreaseLimit()).isEqualTo(0.01);
        assertThat(config.secondOpinion()).isEmpty();
        assertThat(config.retention())
                .isEqualTo(new Retention(new RetentionPolicy(0, 30, Duration.ofDays(7)), Duration.ofHours(1), 3, 3));
        assertThat(config.store().root()).hasToString("/srv/checkpoints");
        assertThat(config.group()).isEqualTo("realalign-publisher-tiny");
        assertThat(config.transactionalId()).isEqualTo("publisher-tiny");
    }

    @Test
    @DisplayName("Versions go unsigned only on purpose")
    void unsigned() {
        Map<String, String> given = new HashMap<>(GIVEN);
        given.remove("publisher.signing.key");

        assertThatThrownBy(() -> PublisherConfig.from(given))
                .hasMessage("publisher.signing.key is \"\" and publisher.unsigned.allowed is \"false\": name a key"
                        + " (realalign keys generate makes one), or allow unsigned versions on purpose");
        given.put("publisher.unsigned.allowed", "true");
        assertThat(PublisherConfig.from(given).signingKey()).isEmpty();
    }

    @Test
    @DisplayName("A second opinion takes pictures and a base model, at least eight pictures, and is off by default")
    void secondOpinion() {
        Map<String, String> given = new HashMap<>(GIVEN);
        given.remove("publisher.signing.key");
        given.put("publisher.unsigned.allowed", "true");
        given.put("publisher.gate.evaluation.images", "/srv/heldout.zip");
        assertThatThrownBy(() -> PublisherConfig.from(given))
                .hasMessage("publisher.gate.evaluation.images is \"/srv/heldout.zip\" and"
                        + " publisher.gate.evaluation.base.model is \"\": name both, or neither for candidates that are not"
                        + " measured once more");
        given.put("publisher.gate.evaluation.base.model", "/srv/sd15");
        given.put("publisher.gate.evaluation.increase.max", "0.02");
        assertThat(PublisherConfig.from(given).secondOpinion())
                .contains(new SecondOpinionSettings(
                        Path.of("/srv/heldout.zip"), Path.of("/srv/sd15"), 64, 4, 0.02, Duration.ofMinutes(2)));
        given.put("publisher.gate.evaluation.count", "7");
        assertThatThrownBy(() -> PublisherConfig.from(given))
                .hasMessage("publisher.gate.evaluation.count is \"7\": must be from 8 to 4000. Change it,"
                        + " or leave it out for the default 64.");
    }

    @Test
    @DisplayName("A signing key that cannot be used is named before anything begins")
    void unusableKey() {
        assertThatThrownBy(() -> new PublisherService(PublisherConfig.from(GIVEN)))
                .isInstanceOfSatisfying(
                        UserErrorException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessage(
                        "publisher.signing.key is \"/srv/keys/tiny.key\": the signing key /srv/keys/tiny.key does not"
                                + " exist.");
    }

    @Test
    @DisplayName("Every problem is reported at once")
    void problems() {
        Map<String, String> given = new HashMap<>(GIVEN);
        given.remove("model.name");
        given.put("publisher.gate.held.out.ratio.max", "0");
        given.put("publisher.candidates.kept", "none");

        assertThatThrownBy(() -> PublisherConfig.from(given)).isInstanceOfSatisfying(UserErrorException.class, e -> {
            assertThat(e.exitCode()).isEqualTo(2);
            assertThat(e.problems())
                    .containsExactlyInAnyOrder(
                            "model.name is not set. Name of the model line: it stands in record keys, folder names"
                                    + " and group ids. Give it in the configuration file or with"
                                    + " -D model.name=VALUE.",
                            "publisher.gate.held.out.ratio.max is \"0\": must be greater than 0. Change it, or"
                                    + " leave it out for the default 1.1.",
                            "publisher.candidates.kept is \"none\": must be a whole number from 1 to 1000000."
                                    + " Change it, or leave it out for the default 3.");
        });
    }

    @Test
    @DisplayName("There is no catalogue unless a port is given, and beyond loopback none without a token")
    void catalogue(@TempDir Path folder) throws IOException {
        assertThat(PublisherConfig.from(GIVEN).catalogue().isOn()).isFalse();
        Map<String, String> given = new HashMap<>(GIVEN);
        given.put("publisher.http.port", "8085");
        assertThat(PublisherConfig.from(given).catalogue())
                .isEqualTo(new CatalogueSettings("127.0.0.1", 8085, Optional.empty()));
        given.put("publisher.http.host", "0.0.0.0");
        assertThatThrownBy(() -> PublisherConfig.from(given))
                .hasMessageStartingWith("publisher.http.host is \"0.0.0.0\" and publisher.http.token.file is ")
                .hasMessageEndingWith(": name a file with a token, or listen on 127.0.0.1 only.");

        Path file = folder.resolve("token");
        given.put("publisher.http.token.file", file.toString());
        assertThatThrownBy(() -> PublisherConfig.from(given))
                .hasMessage(
                        "publisher.http.token.file is \"" + file + "\": it cannot be read (NoSuchFileException). Name a"
                                + " text file that holds the token and nothing else.");
        Files.writeString(file, "short\n");
        assertThatThrownBy(() -> PublisherConfig.from(given))
                .hasMessage(
                        "publisher.http.token.file is \"" + file + "\": its token must have at least 16 visible ASCII"
                                + " characters. Write one with: openssl rand -hex 32 > FILE");
        Files.writeString(file, "0123456789abcdef\n");
        assertThat(PublisherConfig.from(given).catalogue())
                .isEqualTo(new CatalogueSettings("0.0.0.0", 8085, Optional.of("0123456789abcdef")))
                .asString()
                .doesNotContain("0123456789abcdef");
    }
}
