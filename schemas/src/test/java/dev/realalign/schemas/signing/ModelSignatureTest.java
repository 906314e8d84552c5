package dev.realalign.schemas.signing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.VersionManifest;
import dev.realalign.schemas.signing.UntrustedSignatureException.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Signatures as bytes: against a golden version, which the reference verifier accepted, and against changes of it. */
class ModelSignatureTest {
    /** A version of ours with its signature, and the keys; README.md there says where each byte comes from. */
    private static final Path GOLDEN = Path.of("src/test/resources/signing");

    private static final Path VERSION = GOLDEN.resolve("00000001");

    @TempDir
    Path folder;

    private byte[] golden;
    private TrustedKeys trusted;
    private SigningKey key;

    @BeforeEach
    void read() throws IOException {
        golden = Files.readAllBytes(VERSION.resolve(CheckpointLayout.SIGNATURE));
        trusted = TrustedKeys.read(GOLDEN.resolve("example.pub"));
        Path own = folder.resolve("example.key"); // git keeps no permissions
        Files.copy(GOLDEN.resolve("example.key"), own);
        Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rw-------"));
        key = SigningKey.read(own);
    }

    @Test
    @DisplayName("The golden version is signed to the same bytes again, and verifies")
    void goldenBundle() throws IOException {
        SignedFiles files = filesOfTheGoldenVersion();

        assertThat(ModelSignature.sign(files, key)).isEqualTo(golden);
        assertThat(ModelSignature.verify(golden, trusted)).isEqualTo(files);
        assertThat(files.subject()).isEqualTo("example/00000001");
        assertThat(files.digests().keySet())
                .containsExactly("example-v00000001.safetensors", "manifest.json", "pytorch_lora_weights.safetensors");
    }

    @Test
    @DisplayName("The bundle has the fields of the specifications and no others")
    void fields() {
        String bundle = new String(golden, StandardCharsets.UTF_8);
        String id = key.publicKey().id();
        String payload = bundle.replaceFirst(".*\"payload\":\"([^\"]+)\".*", "$1");
        String signature = bundle.replaceFirst(".*\"sig\":\"([^\"]+)\".*", "$1");

        assertThat(bundle)
                .isEqualTo("{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\","
                        + "\"verificationMaterial\":{\"publicKey\":{\"hint\":\"" + id + "\"},\"tlogEntries\":[]},"
                        + "\"dsseEnvelope\":{\"payload\":\"" + payload
                        + "\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[{\"sig\":\"" + signature
                        + "\",\"keyid\":\"" + id + "\"}]}}");
        assertThat(new String(Base64.getDecoder().decode(payload), StandardCharsets.UTF_8))
                .startsWith(
                        "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"example/00000001\","
                                + "\"digest\":{\"sha256\":\"")
                .contains("\"predicateType\":\"https://model_signing/signature/v1.0\",\"predicate\":{\"serialization\":"
                        + "{\"method\":\"files\",\"hash_type\":\"sha256\",\"allow_symlinks\":false,\"ignore_paths\":"
                        + "[\"manifest.sig\"]},\"resources\":[{\"name\":\"example-v00000001.safetensors\","
                        + "\"algorithm\":\"sha256\",\"digest\":\"");
    }

    @ParameterizedTest(name = "each byte with {0} flipped")
    @ValueSource(ints = {0x01, 0x20, 0x80, 0xff})
    void everyByteOfTheSignatureCounts(int bits) {
        for (int i = 0; i < golden.length; i++) {
            byte[] changed = golden.clone();
            changed[i] ^= (byte) bits;
            assertThatThrownBy(() -> ModelSignature.verify(changed, trusted))
                    .as("byte %d, %c", i, golden[i])
                    .isInstanceOfSatisfying(UntrustedSignatureException.class, refused -> assertThat(refused.reason())
                            .isIn(Reason.MALFORMED, Reason.FORGED));
        }
    }

    @Test
    @DisplayName("A signature that is cut short, or goes on, is refused wherever it ends")
    void everyLength() {
        for (int length = 0; length < golden.length; length++) {
            byte[] changed = Arrays.copyOf(golden, length);
            assertThatThrownBy(() -> ModelSignature.verify(changed, trusted))
                    .as("%d bytes", length)
                    .isInstanceOfSatisfying(UntrustedSignatureException.class, refused -> assertThat(refused.reason())
                            .isEqualTo(Reason.MALFORMED));
        }
        for (String more : new String[] {" ", "\n", "{}", "\0"}) {
            assertRefused(
                    new String(golden, StandardCharsets.UTF_8) + more, Reason.MALFORMED, "it is no signature bundle");
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
        A space between tokens                    | ,"dsse              | , "dsse
        A field of another bundle                 | ,"tlogEntries":[]   | ,"tlogEntries":[],"x":1
        No place for log entries                  | ,"tlogEntries":[]   | ''
        A second signature                        | }]}}                | },{"sig":"","keyid":""}]}}
        The media type of an older bundle         | v0.3+json           | v0.2+json
        A payload of another type                 | vnd.in-toto+json    | vnd.in-toto+jsom
        A certificate in the place of the key     | "publicKey"         | "certificate"
        An escaped letter                         | "sig"               | "\\u0073ig"
        """)
    void otherSpellings(String sentence, String from, String to) {
        String changed = new String(golden, StandardCharsets.UTF_8).replace(from, to);

        assertThat(changed).as(sentence).isNotEqualTo(new String(golden, StandardCharsets.UTF_8));
        assertRefused(changed, Reason.MALFORMED, "it is no signature bundle as RealAlign Stream writes them");
    }

    @Test
    @DisplayName("Another key's signature is refused by the name of that key")
    void unknownKey() {
        SigningKey other = SigningKey.generate();
        byte[] bundle = ModelSignature.sign(filesNamed("example/00000001", Map.of("a", Sha256.hex(golden))), other);

        assertRefused(
                new String(bundle, StandardCharsets.UTF_8),
                Reason.UNKNOWN_KEY,
                "it was made with the key " + other.publicKey().id() + ", which is not trusted here");
    }

    @Test
    @DisplayName("Another key's signature under the name of a trusted key is refused as forged")
    void borrowedName() throws IOException {
        SigningKey other = SigningKey.generate();
        String bundle = new String(ModelSignature.sign(filesOfTheGoldenVersion(), other), StandardCharsets.UTF_8)
                .replace(other.publicKey().id(), key.publicKey().id());

        assertRefused(bundle, Reason.FORGED, "the key " + key.publicKey().id() + " did not sign what it says");
    }

    @Test
    @DisplayName("With the old and the new key trusted, signatures of both count")
    void rotation() throws IOException {
        SigningKey next = SigningKey.generate();
        TrustedKeys both = TrustedKeys.of(key.publicKey(), next.publicKey());
        SignedFiles files = filesOfTheGoldenVersion();

        assertThat(ModelSignature.verify(golden, both)).isEqualTo(files);
        assertThat(ModelSignature.verify(ModelSignature.sign(files, next), both))
                .isEqualTo(files);
    }

    @Test
    @DisplayName("A genuine signature of other files is refused by the first file that differs")
    void otherFiles() throws IOException {
        String digest = Sha256.hex(golden);
        SignedFiles files = filesNamed("example/00000001", Map.of("a", digest, "b", digest));

        assertThatThrownBy(() -> files.require(filesNamed("x", Map.of("a", digest, "b", digest, "c", digest))))
                .hasMessage("it does not sign c");
        assertThatThrownBy(() -> files.require(filesNamed("x", Map.of("a", digest))))
                .hasMessage("it signs b, which the manifest does not list");
        String other = Sha256.hex(new byte[0]);
        assertThatThrownBy(() -> files.require(filesNamed("x", Map.of("a", digest, "b", other))))
                .isInstanceOfSatisfying(UntrustedSignatureException.class, refused -> assertThat(refused.reason())
                        .isEqualTo(Reason.OTHER_FILES))
                .hasMessage("it signs a b with SHA-256 " + digest + ", this one has " + other);
        files.require(files);
    }

    private void assertRefused(String bundle, Reason reason, String message) {
        assertThatThrownBy(() -> ModelSignature.verify(bundle.getBytes(StandardCharsets.UTF_8), trusted))
                .isInstanceOfSatisfying(UntrustedSignatureException.class, refused -> assertThat(refused.reason())
                        .isEqualTo(reason))
                .hasMessageStartingWith(message);
    }

    private static SignedFiles filesOfTheGoldenVersion() throws IOException {
        byte[] manifest = Files.readAllBytes(VERSION.resolve(CheckpointLayout.MANIFEST));
        VersionManifest version = VersionManifest.parse(manifest, "the golden manifest");
        for (FileEntry file : version.files()) {
            file.verify(VERSION.resolve(file.name()));
        }
        return SignedFiles.of(version, Sha256.hex(manifest));
    }

    private static SignedFiles filesNamed(String subject, Map<String, String> digests) {
        return new SignedFiles(subject, digests);
    }
}
