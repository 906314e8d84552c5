package dev.realalign.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConfigurationPageTest {
    private static final Path PAGE = Path.of(System.getProperty("realalign.home", "."), "docs", "configuration.md");

    @Test
    void thePageInTheRepositoryIsTheOneTheDefinitionsMake() throws Exception {
        String made = ConfigurationPage.reference().markdown();
        if (Boolean.getBoolean("realalign.docs.write")) {
            Files.writeString(PAGE, made);
        }
        assertThat(PAGE)
                .as(
                        "docs/configuration.md is stale; make it anew with: mvn -pl app -am test -Dtest=ConfigurationPageTest"
                                + " -Dsurefire.failIfNoSpecifiedTests=false -Drealalign.docs.write=true")
                .hasContent(made);
    }

    @Test
    void aMisspeltKeyIsNamedWithTheNearestOne() {
        assertThat(ConfigurationPage.reference()
                        .unknownKeys(Map.of("blob.store.url", "x", "ssl.truststore.location", "y")))
                .containsExactly("unknown key blob.store.url is ignored; did you mean blob.store.uri?");
    }
}
