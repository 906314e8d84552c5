package dev.realalign.app.command;

import dev.realalign.app.keys.KeyPairFiles;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ModelName;
import dev.realalign.schemas.signing.KeyFileException;
import dev.realalign.schemas.signing.SigningKey;
import dev.realalign.schemas.signing.TrustedKeys;
import dev.realalign.schemas.signing.VerificationKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code realalign keys}: the keys that versions are signed with. */
@Command(
        name = "keys",
        description = "The keys that versions are signed with, and that subscribers trust.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {KeysCommand.Generate.class, KeysCommand.Show.class},
        footer = {
            "",
            "Examples:",
            "  realalign keys generate --out keys/ --name portraits",
            "  realalign keys show keys/portraits.pub"
        })
final class KeysCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getErr());
        return ExitCode.USAGE;
    }

    /** {@code keys generate}. */
    @Command(
            name = "generate",
            description = "Makes a key pair: NAME.key for the publisher alone, NAME.pub for everybody.",
            sortOptions = false,
            footer = {
                "",
                "The private key is not encrypted; the file is for its owner's eyes only (0600). Keep a copy in a safe place.",
                "",
                "Example:",
                "  realalign keys generate --out keys/ --name portraits"
            })
    static final class Generate implements Callable<Integer> {
        @Option(
                names = "--out",
                paramLabel = "DIR",
                required = true,
                description = "Folder for the two files; made where it is missing.")
        private Path out;

        @Option(
                names = "--name",
                paramLabel = "NAME",
                defaultValue = "realalign",
                description = "Name of the two files (default: ${DEFAULT-VALUE}).")
        private String name;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            if (!ModelName.isValid(name)) {
                throw UserErrorException.usage(
                        "--name is \"" + name
                                + "\": use 1 to 64 letters, digits, dots, hyphens or underscores, starting with a letter or digit.");
            }
            KeyPairFiles files = KeyPairFiles.in(out, name);
            SigningKey key = files.generate();
            PrintWriter print = spec.commandLine().getOut();
            print.println("private key  " + files.privateKey() + "  (publisher.signing.key; keep it secret)");
            print.println(
                    "public key   " + files.publicKey() + "  (realalign subscribe --trust; give it to everybody)");
            print.println("key id       " + key.publicKey().id());
            print.flush();
            return ExitCode.OK;
        }
    }

    /** {@code keys show}. */
    @Command(
            name = "show",
            description = "Shows the ids of the keys in a private key, public key or trust file.",
            footer = {"", "Examples:", "  realalign keys show keys/portraits.key", "  realalign keys show trust.pem"})
    static final class Show implements Callable<Integer> {
        @Parameters(paramLabel = "FILE", description = "Private key, public key or trust file.")
        private Path file;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            PrintWriter print = spec.commandLine().getOut();
            try {
                if (holdsPrivateKey()) {
                    VerificationKey key = SigningKey.read(file).publicKey();
                    print.println("private key " + key.id() + "; its public half:");
                    print.print(key.pem());
                } else {
                    TrustedKeys.read(file).keys().forEach(key -> print.println("public key " + key.id()));
                }
            } catch (KeyFileException e) {
                throw UserErrorException.usage(e.getMessage() + ".");
            }
            print.flush();
            return ExitCode.OK;
        }

        private boolean holdsPrivateKey() {
            try {
                return Files.readString(file, StandardCharsets.ISO_8859_1).contains("PRIVATE KEY-----");
            } catch (IOException e) {
                return false; // whoever reads it as a trust file says why it cannot be read
            }
        }
    }
}
