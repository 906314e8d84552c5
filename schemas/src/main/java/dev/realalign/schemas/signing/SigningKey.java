package dev.realalign.schemas.signing;

import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The private key a publisher signs with. In its file it stands as unencrypted PKCS#8 PEM that only its owner may read,
 * with the public key inside (RFC 5915), as {@code openssl genpkey} writes it too.
 */
public final class SigningKey {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final byte[] PROBE = "realalign".getBytes(StandardCharsets.US_ASCII);
    private static final int COORDINATE_BYTES = 32;

    /** What stands before the private scalar of a P-256 key in PKCS#8, and between it and the point. */
    private static final byte[] BEFORE_SCALAR =
            HexFormat.of().parseHex("308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420");

    private static final byte[] BEFORE_POINT = HexFormat.of().parseHex("a14403420004");
    private static final int DER_BYTES = BEFORE_SCALAR.length + BEFORE_POINT.length + 3 * COORDINATE_BYTES;

    private final ECPrivateKey secret;
    private final VerificationKey publicKey;
    private final byte[] der;

    private SigningKey(ECPrivateKey secret, ECPublicKey publicKey) {
        this.secret = secret;
        this.publicKey = new VerificationKey(publicKey);
        this.der = encode(secret.getS(), publicKey.getW());
    }

    /** A new key, by the chance of the operating system. */
    public static SigningKey generate() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec(EcdsaP256.CURVE));
            KeyPair pair = generator.generateKeyPair();
            return new SigningKey((ECPrivateKey) pair.getPrivate(), (ECPublicKey) pair.getPublic());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java runtime makes keys over P-256", e);
        }
    }

    /**
     * Reads a private key file.
     *
     * @throws KeyFileException naming the file, the rule and the remedy: also when others than the owner may read it
     */
    public static SigningKey read(Path file) throws KeyFileException {
        List<Pem.Block> blocks = Pem.read(file, "signing key");
        requireOwnerOnly(file);
        if (blocks.size() != 1 || !blocks.get(0).label().equals(Pem.PRIVATE_KEY)) {
            throw new KeyFileException("the signing key " + file + " must hold one PRIVATE KEY and nothing else, not "
                    + (blocks.isEmpty()
                            ? "none"
                            : blocks.stream().map(Pem.Block::label).collect(Collectors.joining(", ")))
                    + remedy(blocks));
        }
        byte[] der = blocks.get(0).der();
        int point = BEFORE_SCALAR.length + COORDINATE_BYTES;
        if (der.length != DER_BYTES
                || !Arrays.equals(Arrays.copyOf(der, BEFORE_SCALAR.length), BEFORE_SCALAR)
                || !Arrays.equals(Arrays.copyOfRange(der, point, point + BEFORE_POINT.length), BEFORE_POINT)) {
            throw new KeyFileException("the signing key " + file
                    + " is no elliptic-curve key over P-256 with its public key inside; make one with realalign keys"
                    + " generate");
        }
        int x = point + BEFORE_POINT.length;
        try {
            KeyFactory factory = KeyFactory.getInstance("EC");
            ECPublicKey publicKey = (ECPublicKey) factory.generatePublic(new ECPublicKeySpec(
                    new ECPoint(coordinate(der, x), coordinate(der, x + COORDINATE_BYTES)), EcdsaP256.curve()));
            SigningKey key =
                    new SigningKey((ECPrivateKey) factory.generatePrivate(new PKCS8EncodedKeySpec(der)), publicKey);
            if (!key.publicKey.verifies(PROBE, key.sign(PROBE))) {
                throw damaged(file, null);
            }
            return key;
        } catch (GeneralSecurityException e) {
            throw damaged(file, e);
        }
    }

    /**
     * Writes the private key to a new file that only its owner may read.
     *
     * @throws KeyFileException when a file stands there already, or none can be written
     */
    public void write(Path file) throws KeyFileException {
        boolean posix = Files.getFileAttributeView(absoluteParent(file), PosixFileAttributeView.class) != null;
        byte[] text = Pem.text(Pem.PRIVATE_KEY, der).getBytes(StandardCharsets.US_ASCII);
        Set<StandardOpenOption> isNew = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (SeekableByteChannel channel = posix
                        ? Files.newByteChannel(file, isNew, PosixFilePermissions.asFileAttribute(OWNER_ONLY))
                        : Files.newByteChannel(file, isNew);
                OutputStream out = Channels.newOutputStream(channel)) {
            out.write(text);
        } catch (FileAlreadyExistsException e) {
            throw new KeyFileException(
                    file + " exists already and is kept: a lost signing key cannot be made again; choose another name",
                    e);
        } catch (IOException e) {
            throw new KeyFileException(
                    "the signing key " + file + " cannot be written ("
                            + e.getClass().getSimpleName() + ")",
                    e);
        }
    }

    /** The half that others may know. */
    public VerificationKey publicKey() {
        return publicKey;
    }

    /** Signs a message with ECDSA and SHA-256, in DER; the same message gives the same bytes. */
    byte[] sign(byte[] message) {
        EcdsaP256.requireDeterministic();
        return EcdsaP256.sign(secret, message);
    }

    /** Names the key by its public half; the private one is never shown. */
    @Override
    public String toString() {
        return "signing " + publicKey;
    }

    private static void requireOwnerOnly(Path file) throws KeyFileException {
        PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        if (view == null) {
            return; // a file system without such permissions
        }
        try {
            Set<PosixFilePermission> permissions = view.readAttributes().permissions();
            if (permissions.stream().anyMatch(p -> !p.name().startsWith("OWNER_"))) {
                throw new KeyFileException("the signing key " + file + " can be used by others ("
                        + PosixFilePermissions.toString(permissions) + "): chmod 600 " + file);
            }
        } catch (KeyFileException e) {
            throw e;
        } catch (IOException e) {
            throw new KeyFileException("the permissions of the signing key " + file + " cannot be read", e);
        }
    }

    private static String remedy(List<Pem.Block> blocks) {
        boolean older = blocks.stream().anyMatch(block -> block.label().equals("EC PRIVATE KEY"));
        return older ? "; convert it with openssl pkcs8 -topk8 -nocrypt" : "; make one with realalign keys generate";
    }

    private static KeyFileException damaged(Path file, @Nullable Exception cause) {
        return new KeyFileException(
                "the signing key " + file + " is damaged: its halves do not belong together; restore it from a copy",
                cause);
    }

    private static Path absoluteParent(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? file.toAbsolutePath() : parent;
    }

    private static BigInteger coordinate(byte[] der, int from) {
        return new BigInteger(1, Arrays.copyOfRange(der, from, from + COORDINATE_BYTES));
    }

    private static byte[] encode(BigInteger scalar, ECPoint point) {
        byte[] der = Arrays.copyOf(BEFORE_SCALAR, DER_BYTES);
        int at = put(scalar, der, BEFORE_SCALAR.length);
        System.arraycopy(BEFORE_POINT, 0, der, at, BEFORE_POINT.length);
        at = put(point.getAffineX(), der, at + BEFORE_POINT.length);
        put(point.getAffineY(), der, at);
        return der;
    }

    private static int put(BigInteger number, byte[] der, int at) {
        byte[] bytes = number.toByteArray();
        int length = Math.min(bytes.length, COORDINATE_BYTES);
        System.arraycopy(bytes, bytes.length - length, der, at + COORDINATE_BYTES - length, length);
        return at + COORDINATE_BYTES;
    }
}
