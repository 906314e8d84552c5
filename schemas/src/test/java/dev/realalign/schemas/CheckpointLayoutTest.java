package dev.realalign.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointLayoutTest {
    @Test
    void folders_stand_where_the_layout_says() {
        CheckpointLayout layout = CheckpointLayout.of(URI.create("file:///srv/store"));

        assertThat(layout.candidate("cats", CheckpointLayout.candidateName(120, 7)))
                .isEqualTo(Path.of("/srv/store/models/cats/candidates/step-0000000120-s0007"));
        assertThat(layout.version("cats", 42)).isEqualTo(Path.of("/srv/store/models/cats/versions/00000042"));
    }

    @Test
    void a_location_leads_back_to_its_folder_whether_it_exists_or_not(@TempDir Path root) throws Exception {
        Path folder = new CheckpointLayout(root).version("cats with ümlaut".substring(0, 4), 1);
        String before = CheckpointLayout.location(folder);
        Files.createDirectories(folder);

        assertThat(CheckpointLayout.location(folder))
                .isEqualTo(before)
                .startsWith("file:///")
                .doesNotEndWith("/");
        assertThat(CheckpointLayout.folder(URI.create(before))).isEqualTo(folder);
    }

    @Test
    void spaces_and_letters_of_other_scripts_survive_in_locations(@TempDir Path root) {
        Path folder = root.resolve("my störe");

        assertThat(CheckpointLayout.folder(URI.create(CheckpointLayout.location(folder))))
                .isEqualTo(folder);
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3://bucket/a", "/srv/store", "file:relative", "file://host/srv", "http://a/b"})
    void what_is_no_local_file_uri_is_named(String uri) {
        assertThatThrownBy(() -> CheckpointLayout.of(URI.create(uri)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a checkpoint store is a file: URI such as file:///srv/checkpoints, not " + uri);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "..", "a/b", ".tmp", "step 1", "step-1.tmp"})
    void what_could_leave_the_folder_names_no_candidate(String name) {
        CheckpointLayout layout = CheckpointLayout.of(URI.create("file:///srv"));

        assertThatThrownBy(() -> layout.candidate("cats", name))
                .hasMessage("a candidate is named like step-0000000120-s0001, not \"" + name + "\"");
    }
}
