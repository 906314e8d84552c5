package dev.realalign.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.generator.draw.SamplerChoice;
import dev.realalign.runtime.UserErrorException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class GeneratorConfigTest {
    private static Map<String, String> least() {
        Map<String, String> given = new HashMap<>();
        given.put("bootstrap.servers", "localhost:9092");
        given.put("schema.registry.url", "http://localhost:8081");
        given.put("blob.store.uri", "file:///srv/blobs");
        given.put("model.name", "portraits");
        given.put("generator.base.model", "models/sd15");
        given.put("generator.trust.file", "publisher.pub");
        return given;
    }

    @Test
    @DisplayName("The least configuration follows latest, in a consumer group, with the published settings")
    void defaults() {
        GeneratorConfig config = GeneratorConfig.from(least());

        assertThat(config.alias()).isEqualTo("latest");
        assertThat(config.trust()).contains(Path.of("publisher.pub"));
        assertThat(config.versions()).isEqualTo(Path.of("data/generator-versions/portraits"));
        assertThat(config.groupType()).isEqualTo(GeneratorConfig.GroupType.CONSUMER);
        assertThat(config.group()).isEqualTo("realalign-generators");
        assertThat(config.worker())
                .startsWith("generator-")
                .endsWith("-" + ProcessHandle.current().pid());
        assertThat(config.drawing().steps()).isEqualTo(50);
        assertThat(config.drawing().guidance()).isEqualTo(7.5);
        assertThat(config.drawing().inpaintingStrength()).isEqualTo(1);
        assertThat(config.drawing().sampler()).isEqualTo(SamplerChoice.MODEL);
        assertThat(config.drawing().u2net()).isNull();
        assertThat(config.drawing().maskMargin()).isEmpty();
    }

    @Test
    @DisplayName("Words are read as they are documented")
    void words() {
        Map<String, String> given = least();
        given.put("generator.group.type", "share");
        given.put("generator.sampler", "dpm-solver");
        given.put("generator.instance", "one");
        given.put("generator.mask.dilation.px", "0");

        GeneratorConfig config = GeneratorConfig.from(given);

        assertThat(config.groupType()).isEqualTo(GeneratorConfig.GroupType.SHARE);
        assertThat(config.drawing().sampler()).isEqualTo(SamplerChoice.DPM_SOLVER);
        assertThat(config.worker()).isEqualTo("generator-one");
        assertThat(config.drawing().maskMargin()).hasValue(0);
    }

    @Test
    @DisplayName("Every problem is named at once, also that nothing or two things say whose versions to trust")
    void problems() {
        Map<String, String> untrusting = least();
        untrusting.remove("generator.trust.file");
        untrusting.put("generator.mask.min.share", "0.5");
        untrusting.put("generator.mask.max.share", "0.5");
        untrusting.put("generator.group.type", "queue");
        Map<String, String> torn = least();
        torn.put("generator.unsigned.allowed", "true");

        assertThatThrownBy(() -> GeneratorConfig.from(untrusting))
                .isInstanceOf(UserErrorException.class)
                .hasMessageContaining(
                        "generator.trust.file is \"\" and generator.unsigned.allowed is \"false\": nothing says"
                                + " whose versions to trust, or two things do. Set generator.trust.file to a file with the"
                                + " publisher's public key, or generator.unsigned.allowed to true.")
                .hasMessageContaining(
                        "generator.mask.min.share is \"0.5\" and generator.mask.max.share is \"0.5\": no mask"
                                + " fits between them. Lower the first or raise the second.")
                .hasMessageContaining(
                        "generator.group.type is \"queue\": must be one of consumer, share. Change it, or leave"
                                + " it out for the default consumer.");
        assertThatThrownBy(() -> GeneratorConfig.from(torn))
                .isInstanceOf(UserErrorException.class)
                .hasMessageContaining("or two things do");
    }
}
