package dev.realalign.tests.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mistakes around keys and subscriptions: one sentence each, all at once, the right exit code, no stack trace. */
class SubscribeMistakesTest {
    @TempDir
    Path folder;

    @Test
    void withoutTrustNothingIsFetchedAndTheWayOutIsNamed() {
        Realalign.Ended ended = subscribe();
        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.complaints())
                .containsExactly(
                        "realalign: Nothing says whose versions to trust: give --trust FILE with the publisher's"
                                + " public key (that of a demo is keys/demo.pub in its data folder), or --allow-unsigned to take"
                                + " versions from anybody who can write to the cluster.");
        assertThat(folder.resolve("into")).doesNotExist();
    }

    @Test
    void everythingWrongWithASubscriptionIsSaidAtOnce() {
        Path missing = folder.resolve("none.pub");
        Realalign.Ended ended = Realalign.run(
                "subscribe",
                "--model",
                "no model",
                "--into",
                folder.resolve("into").toString(),
                "--digest",
                "abc",
                "--trust",
                missing.toString(),
                "--exec",
                " ",
                "--name",
                "",
                "--keep=-1");
        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.complaints())
                .hasSize(6)
                .anyMatch(line -> line.startsWith("realalign: --model is \"no model\": a model name has letters"))
                .contains("realalign: --keep must be at least 0 and --timeout at least 1.")
                .contains("realalign: --name is empty: give a name that is unique in the cluster, or leave it out.")
                .contains("realalign: --exec is empty: give a shell command, or leave it out.")
                .contains("realalign: --digest is \"abc\": a digest has 64 lower-case hexadecimal digits; realalign"
                        + " checkpoints show prints it.")
                .contains("realalign: --trust: the trust file " + missing + " does not exist.");
        requireNoStackTrace(ended);
    }

    @Test
    void optionsThatContradictEachOtherAreNamed() throws IOException {
        Path trust = publicKey();
        Realalign.Ended both = subscribe("--trust", trust.toString(), "--allow-unsigned");
        assertThat(both.exitCode()).isEqualTo(2);
        assertThat(both.complaints())
                .containsExactly("realalign: --trust and --allow-unsigned contradict each other: give one of them.");

        Realalign.Ended two = subscribe("--trust", trust.toString(), "--alias", "latest", "--version", "3");
        assertThat(two.exitCode()).isEqualTo(2);
        assertThat(two.complaints())
                .first()
                .asString()
                .contains("--alias")
                .contains("--version")
                .contains("mutually exclusive");

        Realalign.Ended alias = subscribe("--trust", trust.toString(), "--alias", "a/b");
        assertThat(alias.exitCode()).isEqualTo(2);
        assertThat(alias.complaints())
                .containsExactly(
                        "realalign: --alias is \"a/b\": an alias is a name such as latest, canary or champion; see"
                                + " realalign checkpoints list.");
        Realalign.Ended version = subscribe("--trust", trust.toString(), "--version", "0");
        assertThat(version.complaints())
                .containsExactly("realalign: --version is 0: versions are numbered from 1 to 99999999.");
    }

    @Test
    void aPrivateKeyIsNoTrustFile() throws IOException {
        Path key = publicKey().resolveSibling("ours.key");
        Realalign.Ended ended = subscribe("--trust", key.toString());
        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.complaints())
                .containsExactly(
                        "realalign: --trust: the trust file " + key + " holds a PRIVATE KEY: it must hold public"
                                + " keys only; private keys stay with the publisher, take the .pub file beside it.");
    }

    @Test
    void anUnreachableBrokerIsOneSentence() throws IOException {
        Realalign.Ended ended = subscribe("--trust", publicKey().toString());
        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.complaints()).hasSize(1).first().asString().contains("no broker answers at 127.0.0.1:1");
        requireNoStackTrace(ended);
    }

    @Test
    void aPublisherWithoutAKeyHasToSaySo() throws IOException {
        Realalign.Ended ended = publish();
        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.complaints())
                .containsExactly(
                        "realalign: publisher.signing.key is \"\" and publisher.unsigned.allowed is \"false\": name"
                                + " a key (realalign keys generate makes one), or allow unsigned versions on purpose");

        Path key = publicKey().resolveSibling("ours.key");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        Realalign.Ended open = publish("-D", "publisher.signing.key=" + key);
        assertThat(open.exitCode()).isEqualTo(2);
        assertThat(open.complaints())
                .containsExactly("realalign: publisher.signing.key is \"" + key + "\": the signing key " + key
                        + " can be used by others (rw-r--r--): chmod 600 " + key + ".");
        requireNoStackTrace(open);
    }

    @Test
    void keysAreMadeShownAndNeverWrittenOver() throws IOException {
        Path trust = publicKey();
        Path key = trust.resolveSibling("ours.key");
        Realalign.Ended shown = Realalign.run("keys", "show", trust.toString());
        assertThat(shown.out()).matches("public key [0-9a-f]{64}\\R");
        String id = shown.out().trim().substring("public key ".length());
        assertThat(Realalign.run("keys", "show", key.toString()).out().replace(System.lineSeparator(), "\n"))
                .isEqualTo("private key " + id + "; its public half:\n" + Files.readString(trust));

        Realalign.Ended again = Realalign.run(
                "keys", "generate", "--out", folder.resolve("keys").toString(), "--name", "ours");
        assertThat(again.exitCode()).isEqualTo(1);
        assertThat(again.complaints())
                .containsExactly(
                        "realalign: " + trust + " exists already and is kept: choose another --name or folder.");
        Realalign.Ended name = Realalign.run("keys", "generate", "--out", folder.toString(), "--name", "../x");
        assertThat(name.exitCode()).isEqualTo(2);
        assertThat(Realalign.run("keys").exitCode()).isEqualTo(2);
        Realalign.Ended nothing =
                Realalign.run("keys", "show", folder.resolve("nothing").toString());
        assertThat(nothing.complaints())
                .containsExactly("realalign: the trust file " + folder.resolve("nothing") + " does not exist.");
    }

    private Path publicKey() {
        Realalign.Ended made = Realalign.run(
                "keys", "generate", "--out", folder.resolve("keys").toString(), "--name", "ours");
        assertThat(made.exitCode()).isZero();
        return folder.resolve("keys/ours.pub");
    }

    private Realalign.Ended subscribe(String... more) {
        List<String> args = new ArrayList<>(List.of(
                "subscribe", "--model", "tiny", "--into", folder.resolve("into").toString()));
        args.addAll(cluster());
        args.addAll(List.of(more));
        return Realalign.run(args.toArray(String[]::new));
    }

    private Realalign.Ended publish(String... more) {
        List<String> args = new ArrayList<>(
                List.of("publish", "-D", "model.name=tiny", "-D", "checkpoint.store.uri=" + folder.toUri()));
        args.addAll(cluster());
        args.addAll(List.of(more));
        return Realalign.run(args.toArray(String[]::new));
    }

    private static List<String> cluster() {
        return List.of(
                "-D",
                "bootstrap.servers=127.0.0.1:1",
                "-D",
                "schema.registry.url=http://127.0.0.1:1",
                "-D",
                "cluster.timeout.ms=1000");
    }

    private static void requireNoStackTrace(Realalign.Ended ended) {
        assertThat(ended.err()).doesNotContain("\tat ").doesNotContain("Exception");
    }
}
