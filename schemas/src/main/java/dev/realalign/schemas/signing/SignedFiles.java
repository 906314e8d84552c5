package dev.realalign.schemas.signing;

import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.VersionManifest;
import dev.realalign.schemas.signing.UntrustedSignatureException.Reason;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * The files a signature is about.
 *
 * @param subject name of what is signed, such as {@code tiny-photo/00000042}; for people
 * @param digests lower-case hex SHA-256 of every file, by its name, sorted
 */
public record SignedFiles(String subject, Map<String, String> digests) {
    /** Copies and sorts the files. */
    public SignedFiles {
        digests = Collections.unmodifiableMap(new TreeMap<>(digests));
    }

    /**
     * Every file of a version, its manifest included.
     *
     * @param manifest what the version is
     * @param digest SHA-256 of the manifest's own bytes: the version's digest
     */
    public static SignedFiles of(VersionManifest manifest, String digest) {
        Map<String, String> digests = new TreeMap<>();
        for (FileEntry file : manifest.files()) {
            digests.put(file.name(), file.sha256());
        }
        digests.put(CheckpointLayout.MANIFEST, digest);
        return new SignedFiles(CheckpointKeys.version(manifest.model(), manifest.version()), digests);
    }

    /**
     * Makes sure that exactly the files of a version are signed.
     *
     * @throws UntrustedSignatureException naming the first file that differs
     */
    public void require(SignedFiles version) throws UntrustedSignatureException {
        for (Map.Entry<String, String> file : version.digests.entrySet()) {
            String signed = digests.get(file.getKey());
            if (signed == null) {
                throw others("it does not sign " + file.getKey());
            }
            if (!signed.equals(file.getValue())) {
                throw others("it signs a " + file.getKey() + " with SHA-256 " + signed + ", this one has "
                        + file.getValue());
            }
        }
        for (String signed : digests.keySet()) {
            if (!version.digests.containsKey(signed)) {
                throw others("it signs " + signed + ", which the manifest does not list");
            }
        }
    }

    private static UntrustedSignatureException others(String message) {
        return new UntrustedSignatureException(Reason.OTHER_FILES, message);
    }
}
