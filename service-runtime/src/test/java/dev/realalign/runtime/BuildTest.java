package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BuildTest {
    @ParameterizedTest
    @CsvSource({
        "0123456789abcdef0123456789abcdef01234567, false, 1.2 (0123456789abcdef0123456789abcdef01234567)",
        "0123456789abcdef0123456789abcdef01234567, true, 1.2 (0123456789abcdef0123456789abcdef01234567-dirty)",
        "${git.commit.id}, ${git.dirty}, 1.2",
    })
    void a_build_names_its_release_and_where_known_its_commit(String revision, String dirty, String text) {
        Properties properties = new Properties();
        properties.setProperty("version", "1.2");
        properties.setProperty("revision", revision);
        properties.setProperty("dirty", dirty);

        assertThat(Build.from(properties)).hasToString(text);
    }

    @Test
    void this_build_has_a_release() {
        assertThat(Build.current().version()).matches("\\d+\\.\\d+\\.\\d+(-SNAPSHOT)?");
    }
}
