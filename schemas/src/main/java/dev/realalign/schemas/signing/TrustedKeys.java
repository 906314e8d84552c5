package dev.realalign.schemas.signing;

import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The keys a subscriber trusts: any one of them may have signed a version. */
public final class TrustedKeys {
    private final Map<String, VerificationKey> byId = new LinkedHashMap<>();

    private TrustedKeys(Collection<VerificationKey> keys) {
        keys.forEach(key -> byId.put(key.id(), key));
    }

    /** Exactly these keys; at least one. */
    public static TrustedKeys of(VerificationKey... keys) {
        if (keys.length == 0) {
            throw new IllegalArgumentException("trust needs at least one key");
        }
        return new TrustedKeys(List.of(keys));
    }

    /**
     * Reads a trust file: one PEM file with one or more public keys.
     *
     * @throws KeyFileException naming the file, the rule and the remedy
     */
    public static TrustedKeys read(Path file) throws KeyFileException {
        List<Pem.Block> blocks = Pem.read(file, "trust file");
        Map<String, VerificationKey> keys = new LinkedHashMap<>();
        for (int i = 0; i < blocks.size(); i++) {
            Pem.Block block = blocks.get(i);
            if (!block.label().equals(Pem.PUBLIC_KEY)) {
                throw new KeyFileException("the trust file " + file + " holds a " + block.label()
                        + ": it must hold public keys only" + remedy(block.label()));
            }
            VerificationKey key = VerificationKey.parse(block.der(), "key " + (i + 1) + " of the trust file " + file);
            keys.put(key.id(), key);
        }
        if (keys.isEmpty()) {
            throw new KeyFileException(
                    "the trust file " + file
                            + " holds no public key; put the publisher's .pub file there, or several of them one after the other");
        }
        return new TrustedKeys(keys.values());
    }

    private static String remedy(String label) {
        return label.endsWith(Pem.PRIVATE_KEY)
                ? "; private keys stay with the publisher, take the .pub file beside it"
                : "";
    }

    /** The keys, in the order of the file. */
    public List<VerificationKey> keys() {
        return List.copyOf(byId.values());
    }

    /** The key of that id, if it is trusted. */
    Optional<VerificationKey> find(String id) {
        return Optional.ofNullable(byId.get(id));
    }

    @Override
    public String toString() {
        return "trust in " + String.join(", ", byId.keySet());
    }
}
