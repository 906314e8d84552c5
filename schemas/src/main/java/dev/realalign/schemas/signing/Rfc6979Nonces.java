package dev.realalign.schemas.signing;

import dev.realalign.schemas.Sha256;
import java.math.BigInteger;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.security.SecureRandomSpi;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The nonces of deterministic ECDSA over P-256 with SHA-256, by RFC 6979, section 3.2: drawn from the private key and
 * the message, where plain ECDSA draws them by chance. So the same key and message give the same signature.
 *
 * <p>They reach the JDK's ECDSA as the randomness it asks for. SunEC asks for 40 bytes, reads them as a little-endian
 * number and takes it modulo the order of the curve: a nonce below the order, padded with zeros, arrives as it is. The
 * arithmetic on the curve, with its defence against timing, stays the JDK's. {@link EcdsaP256} compares a signature made
 * so with the published one before it signs anything.
 */
final class Rfc6979Nonces {
    private static final int BYTES = 32;
    private static final String HMAC = "HmacSHA256";

    private final Mac hmac;
    private byte[] key = new byte[BYTES];
    private byte[] value = new byte[BYTES];
    private boolean drawn;

    /**
     * Begins the nonces of one signature.
     *
     * @param secret private scalar, from 1 to the order less 1
     * @param message what will be signed
     */
    Rfc6979Nonces(BigInteger secret, byte[] message) {
        try {
            hmac = Mac.getInstance(HMAC);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has HMAC with SHA-256", e);
        }
        byte[] digest = Sha256.digest().digest(message);
        byte[] seed = new byte[2 * BYTES];
        System.arraycopy(octets(secret), 0, seed, 0, BYTES);
        System.arraycopy(octets(new BigInteger(1, digest).mod(EcdsaP256.ORDER)), 0, seed, BYTES, BYTES);
        Arrays.fill(value, (byte) 1);
        stir((byte) 0, seed);
        stir((byte) 1, seed);
        Arrays.fill(seed, (byte) 0);
    }

    /** The next nonce, from 1 to the order less 1. A second one is needed with a probability of 2^-32. */
    BigInteger next() {
        while (true) {
            if (drawn) {
                stir((byte) 0, null);
            }
            value = mac(value);
            drawn = true;
            BigInteger nonce = new BigInteger(1, value);
            if (nonce.signum() > 0 && nonce.compareTo(EcdsaP256.ORDER) < 0) {
                return nonce;
            }
        }
    }

    /** These nonces in the form in which SunEC takes randomness. */
    SecureRandom asRandomness() {
        return new Randomness(this);
    }

    /** Steps d to g of section 3.2, and the second half of step h. */
    private void stir(byte mark, byte @Nullable [] seed) {
        int seedBytes = seed == null ? 0 : seed.length;
        byte[] input = Arrays.copyOf(value, BYTES + 1 + seedBytes);
        input[BYTES] = mark;
        if (seed != null) {
            System.arraycopy(seed, 0, input, BYTES + 1, seedBytes);
        }
        key = mac(input);
        value = mac(value);
    }

    private byte[] mac(byte[] input) {
        try {
            hmac.init(new SecretKeySpec(key, HMAC));
        } catch (InvalidKeyException e) {
            throw new IllegalStateException("HMAC takes any key", e);
        }
        return hmac.doFinal(input);
    }

    private static byte[] octets(BigInteger number) {
        byte[] bytes = number.toByteArray();
        byte[] octets = new byte[BYTES];
        int length = Math.min(bytes.length, BYTES);
        System.arraycopy(bytes, bytes.length - length, octets, BYTES - length, length);
        return octets;
    }

    private static final class Randomness extends SecureRandom {
        private static final long serialVersionUID = 1L;

        Randomness(Rfc6979Nonces nonces) {
            super(new Source(nonces), null);
        }
    }

    private static final class Source extends SecureRandomSpi {
        private static final long serialVersionUID = 1L;

        private final transient Rfc6979Nonces nonces;

        Source(Rfc6979Nonces nonces) {
            this.nonces = nonces;
        }

        @Override
        protected void engineNextBytes(byte[] bytes) {
            if (bytes.length < BYTES) {
                throw new IllegalStateException("a nonce has " + BYTES + " bytes, asked for " + bytes.length);
            }
            byte[] nonce = octets(nonces.next());
            Arrays.fill(bytes, (byte) 0);
            for (int i = 0; i < BYTES; i++) {
                bytes[i] = nonce[BYTES - 1 - i];
            }
        }

        @Override
        protected void engineSetSeed(byte[] seed) {
            throw new IllegalStateException("these nonces have their seed already");
        }

        @Override
        protected byte[] engineGenerateSeed(int bytes) {
            throw new IllegalStateException("these nonces seed nothing else");
        }
    }
}
