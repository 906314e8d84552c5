package dev.realalign.schemas.signing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECPoint;
import java.security.spec.ECPrivateKeySpec;
import java.security.spec.ECPublicKeySpec;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The published examples of RFC 6979, appendix A.2.5. */
class DeterministicSignatureTest {
    private static final BigInteger X =
            new BigInteger("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721", 16);

    private ECPrivateKey key;
    private ECPublicKey publicKey;

    @BeforeEach
    void keys() throws Exception {
        KeyFactory factory = KeyFactory.getInstance("EC");
        key = (ECPrivateKey) factory.generatePrivate(new ECPrivateKeySpec(X, EcdsaP256.curve()));
        publicKey = (ECPublicKey) factory.generatePublic(new ECPublicKeySpec(
                new ECPoint(
                        new BigInteger("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6", 16),
                        new BigInteger("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299", 16)),
                EcdsaP256.curve()));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "sample, A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60,"
                + "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716,"
                + "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        "test, D16B6AE827F17175E040871A1C7EC3500192C4C92677336EC2537ACAEE0008E0,"
                + "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367,"
                + "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"
    })
    void publishedExamples(String message, String nonce, String r, String s) throws Exception {
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);

        assertThat(new Rfc6979Nonces(X, bytes).next()).isEqualTo(new BigInteger(nonce, 16));

        Signature plain = Signature.getInstance("SHA256withECDSAinP1363Format");
        plain.initSign(key, new Rfc6979Nonces(X, bytes).asRandomness());
        plain.update(bytes);
        assertThat(HexFormat.of().formatHex(plain.sign())).isEqualTo(r + s);

        byte[] der = EcdsaP256.sign(key, bytes);
        assertThat(HexFormat.of().formatHex(der)).contains(r).endsWith(s);
        assertThat(EcdsaP256.verify(publicKey, bytes, der)).isTrue();
        assertThat(EcdsaP256.sign(key, bytes)).isEqualTo(der);
    }

    @Test
    @DisplayName("This Java runtime passes the check that every signature is made after")
    void selfTest() {
        assertThatCode(EcdsaP256::requireDeterministic).doesNotThrowAnyException();
    }

    @Test
    @DisplayName("A second nonce differs from the first, and another message has another nonce")
    void noncesDiffer() {
        Rfc6979Nonces nonces = new Rfc6979Nonces(X, "sample".getBytes(StandardCharsets.UTF_8));
        BigInteger first = nonces.next();

        assertThat(nonces.next()).isNotEqualTo(first);
        assertThat(new Rfc6979Nonces(X, "sampl".getBytes(StandardCharsets.UTF_8)).next())
                .isNotEqualTo(first);
    }

    @Test
    @DisplayName("What is no signature verifies as false")
    void garbage() {
        byte[] bytes = "sample".getBytes(StandardCharsets.UTF_8);

        assertThat(EcdsaP256.verify(publicKey, bytes, new byte[0])).isFalse();
        assertThat(EcdsaP256.verify(publicKey, bytes, new byte[72])).isFalse();
        assertThat(EcdsaP256.verify(publicKey, "test".getBytes(StandardCharsets.UTF_8), EcdsaP256.sign(key, bytes)))
                .isFalse();
    }
}
