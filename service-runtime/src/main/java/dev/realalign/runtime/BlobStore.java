package dev.realalign.runtime;

import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.CheckpointLayout;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.time.Instant;
import java.util.Optional;

/**
 * Bytes by their SHA-256. A put of known bytes writes nothing and renews their age, since whatever is older than every
 * record that can refer to it may be swept.
 */
public interface BlobStore {
    /**
     * Keeps the bytes; when this returns they survive a crash of the machine.
     *
     * @return their reference
     */
    BlobReference put(byte[] bytes) throws IOException;

    /**
     * The bytes of a reference, verified.
     *
     * @throws FileNotFoundException when the store does not hold them
     * @throws DamagedBlobException when their size or digest is not the reference's
     * @throws IOException when they cannot be read
     */
    byte[] get(BlobReference reference) throws IOException;

    /** Whether the store holds the bytes. */
    boolean contains(BlobReference reference) throws IOException;

    /**
     * Makes a reference's bytes as old as if they had been put at a time.
     *
     * @return whether the store holds them
     */
    boolean renew(BlobReference reference, Instant time) throws IOException;

    /** When a reference's bytes were put or renewed last; empty if the store does not hold them. */
    Optional<Instant> renewed(BlobReference reference) throws IOException;

    /**
     * Removes what is older than a time.
     *
     * @return how many blobs were removed
     */
    int sweep(Instant oldest) throws IOException;

    /** A store of its own inside this one, for the pictures of images that wait for their verdict: the curators sweep it. */
    BlobStore ofWaiting();

    /**
     * The store of a URI.
     *
     * @throws UserErrorException for usage when no store has such URIs
     */
    static BlobStore open(URI uri) {
        try {
            return new FileBlobStore(CheckpointLayout.folder(uri));
        } catch (IllegalArgumentException e) {
            throw UserErrorException.usage(StoreConfig.BLOB_STORE + " is \"" + uri
                    + "\": must be a file: URI such as file:///srv/realalign/blobs.");
        }
    }
}
