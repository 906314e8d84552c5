package dev.realalign.schemas.signing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.signing.UntrustedSignatureException.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Signatures of the files of a version, in the OpenSSF model-signing format v1.0 (sigstore/model-transparency): an in-toto
 * statement v1 whose predicate lists every file with its SHA-256, in a DSSE v1 envelope, in a Sigstore bundle v0.3 that
 * points to the public key. {@code model_signing verify key} accepts them.
 *
 * <p>Whatever a key did not sign is spelled in one way only: the bundle is compact JSON in the order below, base64 has no
 * other form, and the key's id stands in both places that the bundle specification has for it. So every byte of the file
 * counts; a reader that allowed other spellings would accept changed files.
 */
public final class ModelSignature {
    /** Largest signature file that is read, in bytes; one file of a version takes about 250. */
    public static final int LARGEST_BYTES = 1024 * 1024;

    private static final String BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
    private static final String PAYLOAD_TYPE = "application/vnd.in-toto+json";
    private static final String STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
    private static final String PREDICATE_TYPE = "https://model_signing/signature/v1.0";
    private static final String SHA256 = "sha256";
    private static final String BY_FILE = "files";

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private ModelSignature() {}

    /** Signs files; the same files and key give the same bytes. */
    public static byte[] sign(SignedFiles files, SigningKey key) {
        byte[] statement = statement(files);
        return bundle(
                statement,
                key.sign(preAuthentication(statement)),
                key.publicKey().id());
    }

    /**
     * Verifies a signature.
     *
     * @return the files it vouches for; they are still to be compared with those at hand
     * @throws UntrustedSignatureException when it vouches for nothing
     */
    public static SignedFiles verify(byte[] bundle, TrustedKeys trusted) throws UntrustedSignatureException {
        Parts parts = split(bundle);
        Optional<VerificationKey> key = trusted.find(parts.keyId());
        if (key.isEmpty()) {
            throw new UntrustedSignatureException(
                    Reason.UNKNOWN_KEY, "it was made with the key " + parts.keyId() + ", which is not trusted here");
        }
        if (!key.get().verifies(preAuthentication(parts.statement()), parts.signature())) {
            throw new UntrustedSignatureException(
                    Reason.FORGED, "the key " + parts.keyId() + " did not sign what it says");
        }
        return files(parts.statement());
    }

    private record Parts(byte[] statement, byte[] signature, String keyId) {}

    /** The in-toto statement (in-toto/attestation, spec/v1/statement.md) with the predicate of model signing v1.0. */
    private static byte[] statement(SignedFiles files) {
        ObjectNode statement = JSON.createObjectNode();
        statement.put("_type", STATEMENT_TYPE);
        ObjectNode subject = statement.putArray("subject").addObject();
        subject.put("name", files.subject());
        subject.putObject("digest").put(SHA256, rootDigest(files.digests()));
        statement.put("predicateType", PREDICATE_TYPE);
        ObjectNode predicate = statement.putObject("predicate");
        ObjectNode serialization = predicate.putObject("serialization");
        serialization.put("method", BY_FILE);
        serialization.put("hash_type", SHA256);
        serialization.put("allow_symlinks", false);
        serialization.putArray("ignore_paths").add(CheckpointLayout.SIGNATURE);
        ArrayNode resources = predicate.putArray("resources");
        files.digests().forEach((name, digest) -> resources
                .addObject()
                .put("name", name)
                .put("algorithm", SHA256)
                .put("digest", digest));
        return bytes(statement);
    }

    /** SHA-256 over the digests of the files, in the order of their names. */
    private static String rootDigest(Map<String, String> digests) {
        MessageDigest root = Sha256.digest();
        digests.values().forEach(digest -> root.update(HexFormat.of().parseHex(digest)));
        return Sha256.hex(root);
    }

    /** What is signed: type and content with their lengths (secure-systems-lab/dsse, protocol.md, PAE). */
    static byte[] preAuthentication(byte[] statement) {
        byte[] head = ("DSSEv1 " + PAYLOAD_TYPE.length() + " " + PAYLOAD_TYPE + " " + statement.length + " ")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] message = Arrays.copyOf(head, head.length + statement.length);
        System.arraycopy(statement, 0, message, head.length, statement.length);
        return message;
    }

    /** The bundle (sigstore/protobuf-specs, sigstore_bundle.proto and envelope.proto) in its JSON form. */
    private static byte[] bundle(byte[] statement, byte[] signature, String keyId) {
        ObjectNode bundle = JSON.createObjectNode();
        bundle.put("mediaType", BUNDLE_TYPE);
        ObjectNode material = bundle.putObject("verificationMaterial");
        material.putObject("publicKey").put("hint", keyId);
        material.putArray("tlogEntries");
        ObjectNode envelope = bundle.putObject("dsseEnvelope");
        envelope.put("payload", Base64.getEncoder().encodeToString(statement));
        envelope.put("payloadType", PAYLOAD_TYPE);
        envelope.putArray("signatures")
                .addObject()
                .put("sig", Base64.getEncoder().encodeToString(signature))
                .put("keyid", keyId);
        return bytes(bundle);
    }

    /** Takes a bundle apart, and makes sure that its parts make this bundle and no other. */
    private static Parts split(byte[] bundle) throws UntrustedSignatureException {
        Parts parts;
        try {
            JsonNode tree = JSON.readTree(bundle);
            parts = new Parts(
                    Base64.getDecoder().decode(tree.at("/dsseEnvelope/payload").asText()),
                    Base64.getDecoder()
                            .decode(tree.at("/dsseEnvelope/signatures/0/sig").asText()),
                    tree.at("/verificationMaterial/publicKey/hint").asText());
        } catch (IOException | IllegalArgumentException e) {
            throw new UntrustedSignatureException(Reason.MALFORMED, "it is no signature bundle");
        }
        if (!Arrays.equals(bundle, bundle(parts.statement(), parts.signature(), parts.keyId()))) {
            throw new UntrustedSignatureException(
                    Reason.MALFORMED, "it is no signature bundle as RealAlign Stream writes them");
        }
        return parts;
    }

    private static SignedFiles files(byte[] statement) throws UntrustedSignatureException {
        JsonNode tree;
        try {
            tree = JSON.readTree(statement);
        } catch (IOException e) {
            throw noStatement("it is not JSON");
        }
        require(tree.path("_type").asText().equals(STATEMENT_TYPE), "its type is not " + STATEMENT_TYPE);
        require(tree.path("predicateType").asText().equals(PREDICATE_TYPE), "its predicate is not " + PREDICATE_TYPE);
        require(tree.path("subject").size() == 1, "it has not one subject");
        JsonNode serialization = tree.at("/predicate/serialization");
        require(
                serialization.path("method").asText().equals(BY_FILE)
                        && serialization.path("hash_type").asText().equals(SHA256),
                "it does not list whole files by SHA-256");
        Map<String, String> digests = new TreeMap<>();
        for (JsonNode resource : tree.at("/predicate/resources")) {
            String name = resource.path("name").asText();
            String digest = resource.path("digest").asText();
            require(
                    !name.isEmpty() && resource.path("algorithm").asText().equals(SHA256) && Sha256.isHex(digest),
                    "a file has no name or no SHA-256");
            require(digests.put(name, digest) == null, "it lists " + name + " twice");
        }
        require(
                tree.at("/subject/0/digest/sha256").asText().equals(rootDigest(digests)),
                "its subject is not the digest of the files it lists");
        return new SignedFiles(tree.at("/subject/0/name").asText(), digests);
    }

    private static void require(boolean holds, String otherwise) throws UntrustedSignatureException {
        if (!holds) {
            throw noStatement(otherwise);
        }
    }

    private static UntrustedSignatureException noStatement(String why) {
        return new UntrustedSignatureException(
                Reason.NO_STATEMENT, "what it signs is no statement about the files of a version: " + why);
    }

    private static byte[] bytes(ObjectNode node) {
        try {
            return JSON.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException("a JSON tree must be writable", e);
        }
    }
}
