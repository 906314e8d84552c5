package dev.realalign.schemas.signing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFilesTest {
    @TempDir
    Path folder;

    @Test
    @DisplayName("A private key comes back from its file, which only its owner may read")
    void privateKeyFile() throws IOException {
        SigningKey key = SigningKey.generate();
        Path file = folder.resolve("our.key");
        key.write(file);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        SigningKey read = SigningKey.read(file);
        assertThat(read.publicKey()).isEqualTo(key.publicKey());
        byte[] message = "a message".getBytes(StandardCharsets.UTF_8);
        assertThat(read.sign(message)).isEqualTo(key.sign(message));
        assertThat(key.publicKey().verifies(message, read.sign(message))).isTrue();
        assertThat(key.toString()).isEqualTo("signing key " + key.publicKey().id());
    }

    @Test
    @DisplayName("An existing key file is never written over")
    void noOverwriting() throws IOException {
        Path file = folder.resolve("our.key");
        SigningKey.generate().write(file);
        byte[] before = Files.readAllBytes(file);

        assertThatThrownBy(() -> SigningKey.generate().write(file))
                .isInstanceOf(KeyFileException.class)
                .hasMessage(
                        file + " exists already and is kept: a lost signing key cannot be made again; choose another"
                                + " name");
        assertThat(file).hasBinaryContent(before);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"rw-r-----", "rw--w----", "rw----r--", "rw------x", "rwxrwxrwx"})
    void keysThatOthersCanUseAreRefused(String permissions) throws IOException {
        Path file = folder.resolve("our.key");
        SigningKey.generate().write(file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));

        assertThatThrownBy(() -> SigningKey.read(file))
                .isInstanceOf(KeyFileException.class)
                .hasMessage(
                        "the signing key " + file + " can be used by others (" + permissions + "): chmod 600 " + file);
    }

    @Test
    @DisplayName("A trust file holds one key or several, each once, with words around them")
    void trustFile() throws IOException {
        VerificationKey old = SigningKey.generate().publicKey();
        VerificationKey next = SigningKey.generate().publicKey();
        Path file = folder.resolve("trust.pem");
        Files.writeString(
                file,
                "The old one:\n" + old.pem() + "\nthe new one:\r\n" + next.pem().replace("\n", "\r\n") + old.pem());

        assertThat(TrustedKeys.read(file).keys()).containsExactly(old, next);
        assertThat(TrustedKeys.of(old)).hasToString("trust in " + old.id());
        assertThat(old.id()).matches("[0-9a-f]{64}");
    }

    @Test
    @DisplayName("A private key in a trust file is refused: it has no business there")
    void privateKeyInTrustFile() throws IOException {
        Path file = folder.resolve("our.key");
        SigningKey.generate().write(file);

        assertThatThrownBy(() -> TrustedKeys.read(file))
                .isInstanceOf(KeyFileException.class)
                .hasMessage(
                        "the trust file " + file + " holds a PRIVATE KEY: it must hold public keys only; private keys"
                                + " stay with the publisher, take the .pub file beside it");
    }

    @Test
    @DisplayName("Files that are no keys are named with the remedy")
    void notKeys() throws IOException {
        Path file = folder.resolve("file");

        assertThatThrownBy(() -> TrustedKeys.read(file)).hasMessage("the trust file " + file + " does not exist");
        assertThatThrownBy(() -> SigningKey.read(file)).hasMessage("the signing key " + file + " does not exist");
        assertThatThrownBy(() -> TrustedKeys.read(folder))
                .hasMessage("the trust file " + folder + " cannot be read (it is a folder)");
        write(file, "nothing");
        assertThatThrownBy(() -> TrustedKeys.read(file))
                .hasMessage("the trust file " + file + " holds no public key; put the publisher's .pub file there, or"
                        + " several of them one after the other");
        assertThatThrownBy(() -> SigningKey.read(file))
                .hasMessage(
                        "the signing key " + file + " must hold one PRIVATE KEY and nothing else, not none; make one"
                                + " with realalign keys generate");
        write(file, Pem.text("EC PRIVATE KEY", new byte[10]));
        assertThatThrownBy(() -> SigningKey.read(file))
                .hasMessage(
                        "the signing key " + file + " must hold one PRIVATE KEY and nothing else, not EC PRIVATE KEY;"
                                + " convert it with openssl pkcs8 -topk8 -nocrypt");
        write(file, Pem.text("PRIVATE KEY", new byte[138]));
        assertThatThrownBy(() -> SigningKey.read(file))
                .hasMessage(
                        "the signing key " + file + " is no elliptic-curve key over P-256 with its public key inside;"
                                + " make one with realalign keys generate");
        write(file, Pem.text("PUBLIC KEY", new byte[91]));
        assertThatThrownBy(() -> TrustedKeys.read(file))
                .hasMessage("key 1 of the trust file " + file + " is no elliptic-curve key over P-256; make one with"
                        + " realalign keys generate");
    }

    @Test
    @DisplayName("A private key with another's public key inside is refused as damaged")
    void halvesOfTwoKeys() throws IOException {
        SigningKey.generate().write(folder.resolve("one"));
        SigningKey.generate().write(folder.resolve("two"));
        byte[] one = Pem.read(folder.resolve("one"), "key").get(0).der();
        byte[] two = Pem.read(folder.resolve("two"), "key").get(0).der();
        System.arraycopy(two, one.length - 64, one, one.length - 64, 64);
        Path mixed = folder.resolve("mixed");
        write(mixed, Pem.text("PRIVATE KEY", one));

        assertThatThrownBy(() -> SigningKey.read(mixed))
                .hasMessage("the signing key " + mixed
                        + " is damaged: its halves do not belong together; restore it from" + " a copy");
    }

    private static void write(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }
}
