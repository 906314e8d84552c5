package dev.realalign.app.keys;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.signing.KeyFileException;
import dev.realalign.schemas.signing.SigningKey;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A key pair in two files beside each other.
 *
 * @param privateKey NAME.key, which only its owner may read: what a publisher signs with
 * @param publicKey NAME.pub: what subscribers trust
 */
public record KeyPairFiles(Path privateKey, Path publicKey) {
    /** The files of this name in a folder, whether they exist or not. */
    public static KeyPairFiles in(Path folder, String name) {
        Path absolute = folder.toAbsolutePath().normalize();
        return new KeyPairFiles(absolute.resolve(name + ".key"), absolute.resolve(name + ".pub"));
    }

    /**
     * Makes a new key pair; existing files are kept.
     *
     * @throws UserErrorException for failure, when a file exists or cannot be written
     */
    public SigningKey generate() {
        requireAbsent(publicKey);
        SigningKey key = SigningKey.generate();
        try {
            Files.createDirectories(privateKey.getParent());
            key.write(privateKey);
        } catch (KeyFileException e) {
            throw UserErrorException.failure(capitalised(e) + ".", e);
        } catch (IOException e) {
            throw unwritable(privateKey, e);
        }
        writePublicKey(key);
        return key;
    }

    /**
     * The key pair that is there, or a new one. A public key file that is missing is made from the private key.
     *
     * @throws UserErrorException for failure, when the private key cannot be read or made
     */
    public SigningKey readOrGenerate() {
        if (!Files.exists(privateKey)) {
            return generate();
        }
        try {
            SigningKey key = SigningKey.read(privateKey);
            if (!Files.exists(publicKey)) {
                writePublicKey(key);
            }
            return key;
        } catch (KeyFileException e) {
            throw UserErrorException.failure(capitalised(e) + ".", e);
        }
    }

    private void writePublicKey(SigningKey key) {
        try {
            Files.writeString(publicKey, key.publicKey().pem(), StandardOpenOption.CREATE_NEW);
        } catch (FileAlreadyExistsException e) {
            requireAbsent(publicKey);
        } catch (IOException e) {
            throw unwritable(publicKey, e);
        }
    }

    private static void requireAbsent(Path file) {
        if (Files.exists(file)) {
            throw UserErrorException.failure(file + " exists already and is kept: choose another --name or folder.");
        }
    }

    private static UserErrorException unwritable(Path file, IOException e) {
        return UserErrorException.failure(
                file + " cannot be written (" + e.getClass().getSimpleName() + "): choose a folder that is writable.",
                e);
    }

    private static String capitalised(KeyFileException e) {
        String message = String.valueOf(e.getMessage());
        return message.startsWith("the ") ? "The " + message.substring(4) : message;
    }
}
