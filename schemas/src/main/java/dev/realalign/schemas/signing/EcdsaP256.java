package dev.realalign.schemas.signing;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import java.util.HexFormat;

/** ECDSA over NIST P-256 with SHA-256 (FIPS 186-5), by the JDK; signatures in DER, and deterministic by RFC 6979. */
final class EcdsaP256 {
    /** Name of the curve, as the JDK and SEC 2 have it. */
    static final String CURVE = "secp256r1";

    /** Order n of the curve's base point (SEC 2, section 2.4.2). */
    static final BigInteger ORDER =
            new BigInteger("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", 16);

    /** The JDK's own provider: {@link Rfc6979Nonces} knows how it takes randomness, and no other. */
    private static final String PROVIDER = "SunEC";

    private static final String ALGORITHM = "SHA256withECDSA";

    /** The example of RFC 6979, appendix A.2.5: curve P-256, SHA-256, message "sample". */
    private static final BigInteger EXAMPLE_KEY =
            new BigInteger("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721", 16);

    private static final String EXAMPLE_SIGNATURE = "3046"
            + "022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
            + "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

    private EcdsaP256() {}

    /** The curve. */
    static ECParameterSpec curve() {
        try {
            AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC", PROVIDER);
            parameters.init(new ECGenParameterSpec(CURVE));
            return parameters.getParameterSpec(ECParameterSpec.class);
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    /**
     * Makes sure that this Java runtime signs as RFC 6979 says.
     *
     * @throws IllegalStateException when it does not: a signature whose nonce is not as intended could give the key away
     */
    static void requireDeterministic() {
        try {
            ECPrivateKey key = (ECPrivateKey)
                    KeyFactory.getInstance("EC", PROVIDER).generatePrivate(new ECPrivateKeySpec(EXAMPLE_KEY, curve()));
            String found = HexFormat.of().formatHex(sign(key, "sample".getBytes(StandardCharsets.UTF_8)));
            if (!found.equals(EXAMPLE_SIGNATURE)) {
                throw new IllegalStateException("this Java runtime (" + System.getProperty("java.version")
                        + ") does not sign the example of RFC 6979 as published: use Java 17");
            }
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    /** Signs; the same key and message give the same bytes. */
    static byte[] sign(ECPrivateKey key, byte[] message) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM, PROVIDER);
            signature.initSign(key, new Rfc6979Nonces(key.getS(), message).asRandomness());
            signature.update(message);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    /** Whether the key's owner signed the message; false also for what is no signature at all. */
    static boolean verify(ECPublicKey key, byte[] message, byte[] der) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM, PROVIDER);
            signature.initVerify(key);
            signature.update(message);
            try {
                return signature.verify(der);
            } catch (SignatureException e) {
                return false; // not two numbers in DER
            }
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    private static IllegalStateException missing(GeneralSecurityException e) {
        return new IllegalStateException("this Java runtime has no working ECDSA over P-256: " + e.getMessage(), e);
    }
}
