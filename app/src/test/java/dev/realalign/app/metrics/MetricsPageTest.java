package dev.realalign.app.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MetricsPageTest {
    private static final Path PAGE = Path.of(System.getProperty("realalign.home", "."), "docs", "metrics.md");

    @Test
    void thePageInTheRepositoryIsTheOneTheCatalogueMakes() throws Exception {
        String made = MeterCatalogue.markdown();
        if (Boolean.getBoolean("realalign.docs.write")) {
            Files.writeString(PAGE, made);
        }
        assertThat(PAGE)
                .as("docs/metrics.md is stale; make it anew with: mvn -pl app -am test -Dtest=MetricsPageTest"
                        + " -Dsurefire.failIfNoSpecifiedTests=false -Drealalign.docs.write=true")
                .hasContent(made);
    }
}
