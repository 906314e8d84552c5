package dev.realalign.app.feed;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageSourceTest {
    private static final Map<String, String> TREE = Map.of(
            "b.jpg", "picture b",
            "a.png", "picture a",
            "a.txt", "a cat,\n  asleep \n",
            "captions.csv",
                    "file,caption\nb.jpg,\"a dog, awake\"\nsub/c.jpg,from the top\nsub/d.jpg,from the top\nlost.jpg,nobody\n",
            "sub/captions.csv", "c.jpg,from beside it\n",
            "sub/c.jpg", "picture c",
            "sub/d.jpg", "picture d",
            "sub/readme.txt", "a note that belongs to no picture",
            ".hidden.jpg", "not offered",
            "sub/d.json", "{}");

    private static final List<String> EXPECTED = List.of(
            "a.png|picture a|a cat, asleep",
            "b.jpg|picture b|a dog, awake",
            "sub/c.jpg|picture c|from beside it",
            "sub/d.jpg|picture d|from the top",
            "sub/readme.txt|a note that belongs to no picture|");

    @TempDir
    Path folder;

    @Test
    void aFolderGivesItsPicturesInOrderEachWithTheNearestCaption() throws IOException {
        Path photos = Files.createDirectory(folder.resolve("photos"));
        for (Map.Entry<String, String> file : TREE.entrySet()) {
            Path path = photos.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.writeString(path, file.getValue());
        }
        try (ImageSource source = ImageSource.of(photos)) {
            assertThat(source.count()).isEqualTo(5);
            assertThat(contents(source))
                    .isEqualTo(EXPECTED.stream().map(line -> "photos/" + line).toList());
            assertThat(source.unusedCaptions()).containsExactly(photos.resolve("captions.csv") + " names lost.jpg");
        }
    }

    @Test
    void anArchiveGivesWhatTheFolderGives() throws IOException {
        Path zip = zip("photos.zip", TREE);
        try (ImageSource source = ImageSource.of(zip)) {
            assertThat(source.count()).isEqualTo(5);
            assertThat(contents(source))
                    .isEqualTo(
                            EXPECTED.stream().map(line -> "photos.zip/" + line).toList());
            assertThat(source.unusedCaptions()).containsExactly(zip + "/captions.csv names lost.jpg");
        }
    }

    @Test
    void aTarGivesWhatTheFolderGives() throws IOException {
        Path tar = folder.resolve("photos.tar");
        try (OutputStream out = Files.newOutputStream(tar)) {
            boolean pax = false;
            for (Map.Entry<String, String> entry : TREE.entrySet()) {
                out.write(Tars.block(Tars.header("./sub/", '5', 0), new byte[0]));
                out.write(Tars.entry(entry.getKey(), entry.getValue().getBytes(UTF_8), pax));
                pax = !pax;
            }
            out.write(new byte[1024]);
        }
        try (ImageSource source = ImageSource.of(tar)) {
            assertThat(contents(source))
                    .isEqualTo(
                            EXPECTED.stream().map(line -> "photos.tar/" + line).toList());
        }
    }

    @Test
    void aTarThatIsNoneOrBreaksOffIsRefused() throws IOException {
        Path none = Files.write(folder.resolve("none.tar"), new byte[] {1, 2, 3});
        assertThatThrownBy(() -> ImageSource.of(none))
                .hasMessage("The archive " + none
                        + " cannot be opened (it has no header): check that it is a complete zip or tar file.");
        Path noise = Files.writeString(folder.resolve("noise.tar"), "noise ".repeat(200));
        assertThatThrownBy(() -> ImageSource.of(noise)).hasMessageContaining("\"e noise\" is no octal number");
        Path cut = Files.write(folder.resolve("cut.tar"), Tars.header("a.jpg", '0', 5000));
        assertThatThrownBy(() -> ImageSource.of(cut))
                .hasMessageContaining("cannot be opened (the file ends inside the entry at byte 0)");
        Path packed = Files.write(folder.resolve("packed.tar.gz"), new byte[0]);
        assertThatThrownBy(() -> ImageSource.of(packed)).hasMessageContaining("unpack it to a .tar first");
    }

    @Test
    void everyMalformedLineOfAJsonListIsNamedAtOnce() throws IOException {
        Path list = Files.writeString(
                folder.resolve("list.jsonl"),
                "{\"path\": \"x.jpg\", \"text\": \"an x\"}\n\n[1]\n{\"caption\": \"y\"}\n"
                        + "{\"path\": \"z.jpg\", \"event_time\": \"soon\"}\n");
        assertThatThrownBy(() -> ImageSource.of(list))
                .isInstanceOfSatisfying(UserErrorException.class, e -> assertThat(e.problems())
                        .containsExactly(
                                list + " line 3 cannot be used: it is no JSON object.",
                                list + " line 4 cannot be used: it names no file: give it as \"path\".",
                                list
                                        + " line 5 cannot be used: event_time is \"soon\": write a date such as 2026-01-31, or a time"
                                        + " such as 2026-01-31T12:00:00Z."));
    }

    @Test
    void aListGivesItsRowsWithPathsRelativeToItself() throws IOException {
        Files.writeString(folder.resolve("x.jpg"), "picture x");
        Path list = folder.resolve("list.csv");
        Files.writeString(list, "\uFEFFcaption,path\nan x,./x.jpg\n,missing.jpg\n");
        try (ImageSource source = ImageSource.of(list)) {
            assertThat(source.count()).isEqualTo(2);
            Iterator<SourceImage> images = source.iterator();
            assertThat(text(images.next())).isEqualTo("x.jpg|picture x|an x");
            SourceImage missing = images.next();
            assertThat(missing.name()).isEqualTo("missing.jpg");
            assertThatThrownBy(() -> missing.content().open()).isInstanceOf(IOException.class);
        }
    }

    @Test
    void everyMalformedRowOfAListIsNamedAtOnce() throws IOException {
        Path list = folder.resolve("list.csv");
        Files.writeString(list, "path,caption\nx.jpg,a cat, asleep\n,nothing\ny.jpg,fine\n");
        assertThatThrownBy(() -> ImageSource.of(list)).isInstanceOfSatisfying(UserErrorException.class, e -> {
            assertThat(e.exitCode()).isEqualTo(UserErrorException.USAGE);
            assertThat(e.problems())
                    .containsExactly(
                            list + " line 2 has 3 columns and the first row names 2: put a caption with a comma in"
                                    + " double quotes.",
                            list + " line 3 names no file: give the file in its column.");
        });
    }

    @Test
    void aListThatIsNoUtf8IsRefused() throws IOException {
        Path list = folder.resolve("list.csv");
        Files.write(list, "x.jpg,caf\u00e9\n".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> ImageSource.of(list)).hasMessage(list + " is not UTF-8 text: save it as UTF-8.");
    }

    @Test
    void aPathThatIsNoSourceIsRefusedWithWhatWouldBe() throws IOException {
        assertThatThrownBy(() -> ImageSource.of(folder.resolve("nowhere")))
                .hasMessage("There is no folder, archive or list at " + folder.resolve("nowhere")
                        + ": check the path of the images.");
        Path broken = Files.writeString(folder.resolve("broken.zip"), "not a zip");
        assertThatThrownBy(() -> ImageSource.of(broken))
                .hasMessageStartingWith("The archive " + broken + " cannot be opened (");
        Path text = Files.writeString(folder.resolve("notes.txt"), "");
        assertThatThrownBy(() -> ImageSource.of(text)).hasMessageContaining("and " + text + " is none of them");
    }

    @Test
    void aLinkThatLeadsBackIsOneUnreadableItem() throws IOException {
        Files.writeString(folder.resolve("a.jpg"), "picture a");
        Files.createSymbolicLink(folder.resolve("again"), folder);
        try (ImageSource source = ImageSource.of(folder)) {
            List<SourceImage> images = new ArrayList<>();
            source.iterator().forEachRemaining(images::add);
            assertThat(images)
                    .extracting(SourceImage::name)
                    .containsExactly(folder.getFileName() + "/a.jpg", folder.getFileName() + "/again");
            assertThatThrownBy(() -> images.get(1).content().open()).isInstanceOf(IOException.class);
        }
    }

    private Path zip(String name, Map<String, String> entries) throws IOException {
        Path zip = folder.resolve(name);
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (Map.Entry<String, String> entry : entries.entrySet()) {
                out.putNextEntry(new ZipEntry(entry.getKey()));
                out.write(entry.getValue().getBytes(UTF_8));
            }
        }
        return zip;
    }

    private static List<String> contents(ImageSource source) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Iterator<SourceImage> images = source.iterator(); images.hasNext(); ) {
            lines.add(text(images.next()));
        }
        return lines;
    }

    private static String text(SourceImage image) throws IOException {
        try (InputStream in = image.content().open()) {
            return image.name() + "|" + new String(in.readAllBytes(), UTF_8) + "|"
                    + image.note().open().caption();
        }
    }
}
