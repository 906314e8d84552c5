package dev.realalign.subscriber;

import static dev.realalign.subscriber.VersionStore.MODEL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.signing.SigningKey;
import dev.realalign.schemas.signing.TrustedKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SubscriberFolderTest {
    private static final Follow LATEST = new Follow.Alias("latest", false);
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
    private static final String KOHYA = "tiny-v00000001.safetensors";

    @TempDir
    Path root;

    private Path into;
    private VersionStore store;
    private TrustedKeys trusted;
    private final List<String> opened = new ArrayList<>();
    private final ArtifactSource source = (folder, name) -> {
        opened.add(name);
        return new FileArtifactSource().open(folder, name);
    };

    @BeforeEach
    void begin() {
        into = root.resolve("into");
        store = new VersionStore(root.resolve("store"));
        trusted = store.trusted();
    }

    @Test
    @DisplayName("A version is fetched whole, and current points to it by a relative link")
    void receives() throws IOException {
        Target target = store.publish(1);
        try (SubscriberFolder folder = open(into, MODEL)) {
            ReceivedVersion version = folder.obtain(target, source);
            assertThat(into.resolve("current")).doesNotExist();
            folder.switchTo(target, LATEST, NOW);

            assertThat(version.folder()).isEqualTo(into.resolve("versions/00000001"));
            assertThat(version.manifest().step()).isEqualTo(10);
            assertThat(version.diffusersFile())
                    .hasSameBinaryContentAs(store.folder(1).resolve("pytorch_lora_weights.safetensors"));
            assertThat(version.kohyaFile())
                    .hasSameBinaryContentAs(store.folder(1).resolve(KOHYA));
        }
        assertThat(Files.readSymbolicLink(into.resolve("current"))).isEqualTo(Path.of("versions/00000001"));
        assertThat(names(into.resolve("current")))
                .containsExactly("manifest.json", "manifest.sig", "pytorch_lora_weights.safetensors", KOHYA);
    }

    @ParameterizedTest(name = "{0}: {1} flipped")
    @CsvSource({
        "pytorch_lora_weights.safetensors, length of the header, 0",
        "pytorch_lora_weights.safetensors, header, 9",
        "pytorch_lora_weights.safetensors, first byte of the tensor, 64",
        "pytorch_lora_weights.safetensors, middle, 50000",
        "pytorch_lora_weights.safetensors, last byte, 99999",
        "tiny-v00000001.safetensors, length of the header, 0",
        "tiny-v00000001.safetensors, header, 9",
        "tiny-v00000001.safetensors, first byte of the tensor, 64",
        "tiny-v00000001.safetensors, middle, 50000",
        "tiny-v00000001.safetensors, last byte, 99999"
    })
    void flippedByteOfAFile(String file, String what, long position) throws IOException {
        Target target = store.publish(1);
        String announced = Sha256.hex(store.folder(1).resolve(file));
        store.flipByte(1, file, position);
        String found = Sha256.hex(store.folder(1).resolve(file));

        assertRefused(
                target,
                Refusal.FILE_DIFFERS,
                file + " of version 1 of tiny is refused: it has SHA-256 " + found + ", its manifest says "
                        + announced);
    }

    @Test
    @DisplayName("Any flipped byte of the signature is refused by name")
    void flippedByteOfTheSignature() throws IOException {
        Target target = store.publish(1);
        long size = Files.size(store.folder(1).resolve("manifest.sig"));
        try (SubscriberFolder folder = open(into, MODEL)) {
            for (long position = 0; position < size; position++) {
                store.flipByte(1, "manifest.sig", position);
                assertThatThrownBy(() -> folder.obtain(target, source))
                        .as("byte %d flipped", position)
                        .isInstanceOfSatisfying(CorruptArtifactException.class, e -> assertThat(e.reason())
                                .isIn(Refusal.SIGNATURE_MALFORMED, Refusal.SIGNATURE_FORGED))
                        .hasMessageStartingWith("manifest.sig of version 1 of tiny is refused: ");
                store.flipByte(1, "manifest.sig", position);
            }
        }
        assertThat(opened).containsOnly("manifest.sig");
    }

    @Test
    @DisplayName("A manifest changed anywhere is refused also when the announcement was changed with it")
    void announcedForgery() throws IOException {
        store.publish(1);
        Path manifest = store.folder(1).resolve("manifest.json");
        long size = Files.size(manifest);
        List<Refusal> reasons = new ArrayList<>();
        try (SubscriberFolder folder = open(into, MODEL)) {
            for (long position = 0; position < size; position++) {
                store.flipByte(1, "manifest.json", position);
                Target target = store.target(1, Sha256.hex(manifest), 1);
                assertThatThrownBy(() -> folder.obtain(target, source))
                        .as("byte %d flipped", position)
                        .isInstanceOfSatisfying(CorruptArtifactException.class, e -> reasons.add(e.reason()));
                store.flipByte(1, "manifest.json", position);
            }
        }
        assertThat(reasons)
                .hasSize(Math.toIntExact(size))
                .containsOnly(
                        Refusal.SIGNATURE_OF_OTHER_FILES,
                        Refusal.MANIFEST_MALFORMED,
                        Refusal.MANIFEST_OF_OTHER_VERSION);
    }

    @Test
    @DisplayName(
            "A version without a signature is refused, and nothing of it is read, unless unsigned ones are allowed")
    void unsigned() throws IOException {
        Target target = store.publish(1);
        Files.delete(store.folder(1).resolve("manifest.sig"));

        assertRefused(
                target,
                Refusal.UNSIGNED,
                "manifest.sig of version 1 of tiny is refused: the version is not signed, there is no such file");
        assertThat(opened).containsExactly("manifest.sig");
        opened.clear();
        try (SubscriberFolder folder = SubscriberFolder.open(into, MODEL, Trust.UNSIGNED)) {
            assertThat(folder.obtain(target, source).version()).isEqualTo(1);
        }
        assertThat(opened).containsExactly("manifest.json", "pytorch_lora_weights.safetensors", KOHYA);
    }

    @Test
    @DisplayName("A version signed by a stranger is refused by the name of the stranger's key")
    void stranger() throws IOException {
        SigningKey stranger = store.useNewKey();
        Target target = store.publish(1);

        assertRefused(
                target,
                Refusal.SIGNATURE_BY_UNKNOWN_KEY,
                "manifest.sig of version 1 of tiny is refused: it was made with the key "
                        + stranger.publicKey().id() + ", which is not trusted here");
    }

    @Test
    @DisplayName("The genuine signature of another version is refused")
    void signatureOfAnotherVersion() throws IOException {
        Target target = store.publish(1);
        store.publish(2);
        Files.copy(
                store.folder(2).resolve("manifest.sig"),
                store.folder(1).resolve("manifest.sig"),
                StandardCopyOption.REPLACE_EXISTING);

        try (SubscriberFolder folder = open(into, MODEL)) {
            assertThatThrownBy(() -> folder.obtain(target, source))
                    .isInstanceOfSatisfying(CorruptArtifactException.class, e -> assertThat(e.reason())
                            .isEqualTo(Refusal.SIGNATURE_OF_OTHER_FILES))
                    .hasMessageStartingWith(
                            "manifest.sig of version 1 of tiny is refused: it signs a manifest.json with SHA-256 ");
        }
    }

    @Test
    @DisplayName("A kept version counts no more once its key is trusted no more, and current stays where it was")
    void keyNoLongerTrusted() throws IOException {
        Target target = store.publish(1);
        try (SubscriberFolder folder = open(into, MODEL)) {
            folder.obtain(target, source);
            folder.switchTo(target, LATEST, NOW);
        }
        store.useNewKey();
        trusted = store.trusted();

        try (SubscriberFolder folder = open(into, MODEL)) {
            assertThat(folder.current()).isEmpty();
        }
        assertThat(into.resolve("current/manifest.json")).exists();
    }

    @Test
    @DisplayName("A version that was kept unsigned gets its signature once one is asked for")
    void keptUnsigned() throws IOException {
        Target target = store.publish(1);
        try (SubscriberFolder folder = SubscriberFolder.open(into, MODEL, Trust.UNSIGNED)) {
            folder.obtain(target, source);
        }
        assertThat(into.resolve("versions/00000001/manifest.sig")).doesNotExist();

        try (SubscriberFolder folder = open(into, MODEL)) {
            folder.obtain(target, source);
        }
        assertThat(into.resolve("versions/00000001/manifest.sig"))
                .hasSameBinaryContentAs(store.folder(1).resolve("manifest.sig"));
    }

    @Test
    @DisplayName("Any flipped byte of the manifest is refused by name")
    void flippedByteOfTheManifest() throws IOException {
        Target target = store.publish(1);
        Path manifest = store.folder(1).resolve("manifest.json");
        long size = Files.size(manifest);
        try (SubscriberFolder folder = open(into, MODEL)) {
            for (long position = 0; position < size; position++) {
                store.flipByte(1, "manifest.json", position);
                assertThatThrownBy(() -> folder.obtain(target, source))
                        .as("byte %d flipped", position)
                        .isInstanceOf(CorruptArtifactException.class)
                        .hasMessage("manifest.json of version 1 of tiny is refused: it has SHA-256 "
                                + Sha256.hex(manifest) + ", the announcement says " + target.digest());
                store.flipByte(1, "manifest.json", position);
            }
        }
        assertThat(names(into.resolve("versions"))).isEmpty();
    }

    @Test
    @DisplayName("A file that is too short, too long or absent is refused by name")
    void wrongSize() throws IOException {
        Target target = store.publish(1);
        Path file = store.folder(1).resolve(KOHYA);
        byte[] whole = Files.readAllBytes(file);

        Files.write(file, new byte[10]);
        assertRefused(
                target,
                Refusal.FILE_SIZE,
                KOHYA + " of version 1 of tiny is refused: it has 10 bytes, its manifest says 100000");
        Files.write(file, whole);
        Files.write(file, new byte[1], StandardOpenOption.APPEND);
        assertRefused(
                target,
                Refusal.FILE_SIZE,
                KOHYA + " of version 1 of tiny is refused: it is longer than the 100000 bytes of its manifest");
        Files.delete(file);
        try (SubscriberFolder folder = open(into, MODEL)) {
            assertThatThrownBy(() -> folder.obtain(target, source))
                    .isInstanceOf(IOException.class)
                    .hasMessage(file + ": no such file");
        }
    }

    @Test
    @DisplayName("A manifest that describes another version is refused, however well it is hashed")
    void manifestOfAnotherVersion() throws IOException {
        Target two = store.publish(2);
        Target claimed = new Target(MODEL, 3, two.digest(), two.location(), 3, VersionStore.ANNOUNCED);

        assertRefused(
                claimed,
                Refusal.MANIFEST_OF_OTHER_VERSION,
                "manifest.json of version 3 of tiny is refused: it describes version 2 of tiny");
    }

    @Test
    @DisplayName("A manifest that is none is refused with its place")
    void garbageManifest() throws IOException {
        store.publish(1);
        Path manifest = store.folder(1).resolve("manifest.json");
        Files.writeString(manifest, "{\"format\": 1, \"model\": ");
        Target hashed = store.target(1, Sha256.hex(manifest), 1);

        try (SubscriberFolder folder = open(into, MODEL)) {
            assertThatThrownBy(() -> folder.obtain(hashed, source))
                    .isInstanceOf(CorruptArtifactException.class)
                    .hasMessageStartingWith("manifest.json of version 1 of tiny is refused: manifest.json is not JSON");
        }
    }

    @Test
    @DisplayName("A location that is no file: URI is refused with what it is")
    void foreignLocation() throws IOException {
        try (SubscriberFolder folder = open(into, MODEL)) {
            assertThatThrownBy(() -> folder.obtain(new Target(MODEL, 1, "", "s3://bucket/1", 1, NOW), source))
                    .hasMessageContaining("file:")
                    .hasMessageContaining("s3://bucket/1");
            assertThatThrownBy(() -> folder.obtain(new Target(MODEL, 1, "", "not a uri", 1, NOW), source))
                    .hasMessage("version 1 of tiny was announced at \"not a uri\", which is no URI");
        }
    }

    @Test
    @DisplayName("What is on disk and intact is not fetched again; what is damaged is")
    void kept() throws IOException {
        Target target = store.publish(1);
        try (SubscriberFolder folder = open(into, MODEL)) {
            folder.obtain(target, source);
            assertThat(opened).hasSize(4);
            folder.obtain(target, source);
            assertThat(opened).hasSize(4);

            Files.write(into.resolve("versions/00000001").resolve(KOHYA), new byte[100_000]);
            folder.obtain(target, source);
            assertThat(opened).hasSize(8);
            assertThat(into.resolve("versions/00000001").resolve(KOHYA))
                    .hasSameBinaryContentAs(store.folder(1).resolve(KOHYA));
        }
    }

    @Test
    @DisplayName("The folder remembers what it serves, and notices when that was damaged meanwhile")
    void remembers() throws IOException {
        Target target = store.publish(1, 5);
        try (SubscriberFolder folder = open(into, MODEL)) {
            assertThat(folder.current()).isEmpty();
            folder.obtain(target, source);
            folder.switchTo(target, LATEST, NOW);
            folder.delivered(LATEST, 5);
        }
        try (SubscriberFolder folder = open(into, MODEL)) {
            assertThat(folder.current().orElseThrow().version()).isEqualTo(1);
            assertThat(folder.current().orElseThrow().sequence()).isEqualTo(5);
            assertThat(folder.progress().floor(LATEST, true)).isEqualTo(5);
            assertThat(folder.progress().floor(LATEST, false)).isEqualTo(4);
            assertThat(folder.progress().floor(new Follow.AllVersions(), true)).isZero();

            Files.delete(into.resolve("versions/00000001/manifest.json"));
            assertThat(folder.current()).isEmpty();
        }
    }

    @Test
    @DisplayName("A folder that serves something else takes the newest known move once more, and nothing older")
    void floorAfterAChangeOfWhatIsFollowed() throws IOException {
        Follow pinned = new Follow.Version(1);
        try (SubscriberFolder folder = open(into, MODEL)) {
            Target newest = store.publish(2, 12);
            folder.obtain(newest, source);
            folder.switchTo(newest, LATEST, NOW);
            folder.delivered(LATEST, 12);
            Target one = store.publish(1);
            folder.obtain(one, source);
            folder.switchTo(one, pinned, NOW);
            folder.delivered(pinned, 1);

            assertThat(folder.progress().floor(LATEST, true)).isEqualTo(11);
            assertThat(folder.progress().floor(pinned, true)).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("After a switch that was never delivered the same move comes again, and still nothing older")
    void floorAfterACrashBeforeDelivery() throws IOException {
        try (SubscriberFolder folder = open(into, MODEL)) {
            Target three = store.publish(1, 3);
            folder.obtain(three, source);
            folder.switchTo(three, LATEST, NOW);
            folder.delivered(LATEST, 3);
            Target seven = store.publish(2, 7);
            folder.obtain(seven, source);
            folder.switchTo(seven, LATEST, NOW);
        }
        try (SubscriberFolder folder = open(into, MODEL)) {
            assertThat(folder.progress().highest(LATEST)).isEqualTo(7);
            assertThat(folder.progress().floor(LATEST, true)).isEqualTo(6);
            assertThat(folder.progress().floor(LATEST, false)).isEqualTo(6);
        }
    }

    @Test
    @DisplayName("What a crash left unfinished is cleared at the next start")
    void clearsLeftovers() throws IOException {
        Files.createDirectories(into.resolve("versions/00000007.tmp"));
        Files.writeString(into.resolve("versions/00000007.tmp/half"), "half");

        open(into, MODEL).close();

        assertThat(names(into.resolve("versions"))).isEmpty();
    }

    @ParameterizedTest(name = "{0} previous versions stay")
    @ValueSource(ints = {0, 1, 2, 10})
    void prune(int keep) throws IOException {
        try (SubscriberFolder folder = open(into, MODEL)) {
            for (long version = 1; version <= 4; version++) {
                Target target = store.publish(version);
                folder.obtain(target, source);
                folder.switchTo(target, LATEST, NOW);
            }
            folder.prune(keep);
        }
        assertThat(names(into.resolve("versions")))
                .isEqualTo(
                        List.of("00000001", "00000002", "00000003", "00000004").subList(Math.max(0, 3 - keep), 4));
    }

    @Test
    @DisplayName("The served version is never pruned, also when it is the oldest")
    void pruneAfterARollback() throws IOException {
        try (SubscriberFolder folder = open(into, MODEL)) {
            Target one = store.publish(1);
            folder.obtain(one, source);
            folder.obtain(store.publish(2), source);
            folder.obtain(store.publish(3), source);
            folder.switchTo(one, LATEST, NOW);
            folder.prune(1);
        }
        assertThat(names(into.resolve("versions"))).containsExactly("00000001", "00000003");
    }

    @Test
    @DisplayName("Two subscribers cannot keep one folder")
    void locked() throws IOException {
        try (SubscriberFolder first = open(into, MODEL)) {
            assertThat(first.current()).isEmpty();
            assertThatThrownBy(() -> open(into, MODEL))
                    .isInstanceOf(SubscriptionException.class)
                    .hasMessage("another subscriber keeps the folder " + into + "; stop it, or choose another folder");
        }
        open(into, MODEL).close();
    }

    @Test
    @DisplayName("A folder belongs to one model")
    void otherModel() throws IOException {
        Target target = store.publish(1);
        try (SubscriberFolder folder = open(into, MODEL)) {
            folder.obtain(target, source);
            folder.switchTo(target, LATEST, NOW);
        }

        assertThatThrownBy(() -> open(into, "other"))
                .isInstanceOf(SubscriptionException.class)
                .hasMessage("the folder " + into + " follows the model tiny; choose another folder for other");
        open(into, MODEL).close();
    }

    @Test
    @DisplayName("Something else at the place of current is named and left alone")
    void currentInTheWay() throws IOException {
        Files.createDirectories(into.resolve("current"));

        assertThatThrownBy(() -> open(into, MODEL))
                .isInstanceOf(SubscriptionException.class)
                .hasMessage(into.resolve("current")
                        + " is in the way: it must be a symbolic link that this subscriber moves;"
                        + " remove it, or choose another folder");
        assertThat(into.resolve("current")).isDirectory();
    }

    @Test
    @DisplayName("A folder that cannot be made is named with the reason")
    void notAFolder() throws IOException {
        Files.writeString(root.resolve("file"), "a file");

        assertThatThrownBy(() -> open(root.resolve("file/into"), MODEL))
                .isInstanceOf(SubscriptionException.class)
                .hasMessageStartingWith("the folder " + root.resolve("file/into") + " cannot be made (")
                .hasMessageEndingWith("); choose one that is writable");
    }

    @Test
    @DisplayName("A memory that cannot be understood is named with the remedy")
    void brokenProgress() throws IOException {
        Files.createDirectories(into);
        Files.writeString(into.resolve("subscription.json"), "{\"model\":");

        assertThatThrownBy(() -> open(into, MODEL))
                .isInstanceOf(SubscriptionException.class)
                .hasMessageStartingWith(into.resolve("subscription.json") + " cannot be understood (")
                .hasMessageEndingWith("delete it to start over: the newest version is fetched again");
    }

    private SubscriberFolder open(Path folder, String model) {
        return SubscriberFolder.open(folder, model, () -> Optional.of(trusted));
    }

    private void assertRefused(Target target, Refusal reason, String message) throws IOException {
        try (SubscriberFolder folder = open(into, MODEL)) {
            assertThatThrownBy(() -> folder.obtain(target, source))
                    .isInstanceOfSatisfying(CorruptArtifactException.class, e -> assertThat(e.reason())
                            .isEqualTo(reason))
                    .hasMessage(message);
        }
        assertThat(names(into.resolve("versions"))).isEmpty();
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> children = Files.list(folder)) {
            return children.map(child -> String.valueOf(child.getFileName()))
                    .sorted()
                    .toList();
        }
    }
}
