package dev.realalign.schemas.signing;

import dev.realalign.schemas.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import org.jspecify.annotations.Nullable;

/** The public half of a signing key: what subscribers trust. */
public final class VerificationKey {
    private final ECPublicKey key;
    private final String pem;
    private final String id;

    VerificationKey(ECPublicKey key) {
        this.key = key;
        this.pem = Pem.text(Pem.PUBLIC_KEY, key.getEncoded());
        this.id = Sha256.hex(pem.getBytes(StandardCharsets.US_ASCII));
    }

    /**
     * Reads a SubjectPublicKeyInfo (RFC 5480).
     *
     * @param where where it stands, for errors
     */
    static VerificationKey parse(byte[] der, String where) throws KeyFileException {
        PublicKey key;
        try {
            key = KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(der));
        } catch (GeneralSecurityException e) {
            throw notP256(where, e);
        }
        if (!(key instanceof ECPublicKey ec) || !isP256(ec.getParams())) {
            throw notP256(where, null);
        }
        return new VerificationKey(ec);
    }

    /**
     * Names the key: SHA-256 of its PEM text in lower-case hex, which is how model-signing bundles point to a key.
     */
    public String id() {
        return id;
    }

    /** The key as PEM text, for key files and trust files. */
    public String pem() {
        return pem;
    }

    /** Whether the owner of this key signed the message. */
    boolean verifies(byte[] message, byte[] signature) {
        return EcdsaP256.verify(key, message, signature);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof VerificationKey that && id.equals(that.id);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    @Override
    public String toString() {
        return "key " + id;
    }

    static boolean isP256(ECParameterSpec found) {
        ECParameterSpec curve = EcdsaP256.curve();
        return found.getCurve().equals(curve.getCurve())
                && found.getGenerator().equals(curve.getGenerator())
                && found.getOrder().equals(curve.getOrder())
                && found.getCofactor() == curve.getCofactor();
    }

    private static KeyFileException notP256(String where, @Nullable Exception cause) {
        return new KeyFileException(
                where + " is no elliptic-curve key over P-256; make one with realalign keys generate", cause);
    }
}
