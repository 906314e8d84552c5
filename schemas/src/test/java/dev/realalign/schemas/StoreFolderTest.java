package dev.realalign.schemas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreFolderTest {
    @TempDir
    Path root;

    @Test
    @DisplayName("A folder stands under its name only once it is finished")
    void appearsWhole() throws IOException {
        Path place = root.resolve("versions/00000001");
        try (StoreFolder.Draft draft = StoreFolder.draft(place)) {
            draft.write("a", "first".getBytes(UTF_8));
            assertThat(draft.path()).isEqualTo(root.resolve("versions/00000001.tmp"));
            assertThat(place).doesNotExist();

            assertThat(draft.finish()).isEqualTo(place);
        }

        assertThat(place.resolve("a")).hasContent("first");
        assertThat(names(root.resolve("versions"))).containsExactly("00000001");
    }

    @Test
    @DisplayName("A draft that is given up leaves nothing behind")
    void givenUp() throws IOException {
        try (StoreFolder.Draft draft = StoreFolder.draft(root.resolve("one"))) {
            draft.write("a", new byte[10]);
        }

        assertThat(names(root)).isEmpty();
    }

    @Test
    @DisplayName("A draft begins empty, whatever a crash has left in its place")
    void leftoverDraft() throws IOException {
        Files.createDirectories(root.resolve("one.tmp/deep"));
        Files.writeString(root.resolve("one.tmp/deep/old"), "old");

        try (StoreFolder.Draft draft = StoreFolder.draft(root.resolve("one"))) {
            assertThat(names(draft.path())).isEmpty();
        }
    }

    @Test
    @DisplayName("Two attempts at one folder do not meet before one of them is in its place")
    void twoAttempts() throws IOException {
        Path place = root.resolve("one");
        try (StoreFolder.Draft first = StoreFolder.draft(place, "a");
                StoreFolder.Draft second = StoreFolder.draft(place, "b")) {
            first.write("file", "first".getBytes(UTF_8));
            second.write("file", "second".getBytes(UTF_8));
            assertThat(names(root)).containsExactly("one.a.tmp", "one.b.tmp");

            second.finish();
            assertThatThrownBy(first::finish).isInstanceOf(IOException.class);
        }

        assertThat(root.resolve("one/file")).hasContent("second");
        assertThat(names(root)).containsExactly("one");
    }

    @Test
    @DisplayName("A finished folder is never overwritten")
    void neverOverwritten() throws IOException {
        finish("one", "first");
        try (StoreFolder.Draft draft = StoreFolder.draft(root.resolve("one"))) {
            draft.write("a", "second".getBytes(UTF_8));
            assertThatThrownBy(draft::finish).isInstanceOf(IOException.class);
        }

        assertThat(root.resolve("one/a")).hasContent("first");
        assertThat(names(root)).containsExactly("one");
    }

    @Test
    @DisplayName("A removed folder is gone, and removing it again does nothing")
    void removal() throws IOException {
        Path one = finish("one", "first");
        Files.createDirectories(one.resolve("deep/deeper"));

        StoreFolder.remove(one);
        StoreFolder.remove(one);

        assertThat(names(root)).isEmpty();
    }

    @Test
    @DisplayName("Sweeping deletes drafts and half-done removals and leaves finished folders alone")
    void sweep() throws IOException {
        finish("one", "first");
        Files.createDirectories(root.resolve("two.tmp/deep"));
        Files.createDirectories(root.resolve(".removed-three/deep"));

        StoreFolder.sweep(root);
        StoreFolder.sweep(root.resolve("absent"));

        assertThat(names(root)).containsExactly("one");
    }

    private Path finish(String name, String content) throws IOException {
        try (StoreFolder.Draft draft = StoreFolder.draft(root.resolve(name))) {
            draft.write("a", content.getBytes(UTF_8));
            return draft.finish();
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> children = Files.list(folder)) {
            return children.map(child -> String.valueOf(child.getFileName()))
                    .sorted()
                    .toList();
        }
    }
}
