package dev.realalign.subscriber;

import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.InvalidManifestException;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.schemas.VersionManifest;
import dev.realalign.schemas.signing.ModelSignature;
import dev.realalign.schemas.signing.SignedFiles;
import dev.realalign.schemas.signing.TrustedKeys;
import dev.realalign.schemas.signing.UntrustedSignatureException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder a subscriber keeps.
 *
 * <pre>
 * INTO/versions/00000042/   verified versions, complete or absent
 * INTO/current              symbolic link to the one that is served, moved in one step
 * INTO/subscription.json    {@link Progress}
 * </pre>
 *
 * One subscriber at a time holds it, by a lock that ends with its process.
 */
final class SubscriberFolder implements AutoCloseable {
    static final String CURRENT = "current";
    static final String VERSIONS = "versions";
    static final String PROGRESS = "subscription.json";

    private static final Logger log = LoggerFactory.getLogger(SubscriberFolder.class);
    private static final String LOCK = ".subscriber.lock";
    private static final Pattern VERSION = Pattern.compile("[0-9]{8}");
    private static final int LARGEST_MANIFEST_BYTES = 16 * 1024 * 1024;
    private static final int BUFFER_BYTES = 64 * 1024;

    private final Path into;
    private final String model;
    private final Trust trust;
    private final FileChannel lock;
    private Progress progress;

    private SubscriberFolder(Path into, String model, Trust trust, FileChannel lock, Progress progress) {
        this.into = into;
        this.model = model;
        this.trust = trust;
        this.lock = lock;
        this.progress = progress;
    }

    /**
     * Takes hold of a folder, made where it is missing, and clears what a crash has left in it.
     *
     * @param trust whose signatures count
     * @throws SubscriptionException when the folder cannot be kept: not writable, held by another subscriber, of another
     *     model line, or unable to hold symbolic links
     */
    static SubscriberFolder open(Path into, String model, Trust trust) {
        Path folder = into.toAbsolutePath().normalize();
        try {
            Files.createDirectories(folder.resolve(VERSIONS));
        } catch (IOException e) {
            throw new SubscriptionException(
                    "the folder " + folder + " cannot be made (" + reason(e) + "); choose one that is writable", e);
        }
        FileChannel lock = lock(folder);
        try {
            Path file = folder.resolve(PROGRESS);
            Progress progress = Files.exists(file) ? Progress.read(file) : Progress.none(model);
            if (!progress.model().equals(model)) {
                throw new SubscriptionException("the folder " + folder + " follows the model " + progress.model()
                        + "; choose another folder for " + model);
            }
            requireLinkPlace(folder);
            StoreFolder.sweep(folder.resolve(VERSIONS));
            return new SubscriberFolder(folder, model, trust, lock, progress);
        } catch (SubscriptionException e) {
            closeQuietly(lock, e);
            throw e;
        } catch (IOException e) {
            SubscriptionException failure = new SubscriptionException(
                    "the folder " + folder + " cannot be kept (" + reason(e) + "); choose one that is writable", e);
            closeQuietly(lock, failure);
            throw failure;
        }
    }

    Progress progress() {
        return progress;
    }

    /**
     * The version that {@code current} pointed to when the folder was last used, if it still is what it was; a damaged
     * one, or one whose key is trusted no more, is reported and left to be fetched again.
     */
    Optional<ReceivedVersion> current() {
        Progress.Current current = progress.current();
        if (current == null) {
            return Optional.empty();
        }
        Target target = new Target(
                model,
                current.version(),
                current.digest(),
                "",
                current.sequence(),
                Instant.ofEpochMilli(current.announcedAt()));
        try {
            return Optional.of(verifyKept(target));
        } catch (IOException e) {
            log.warn("{}; it will be fetched again", e.getMessage());
            return Optional.empty();
        }
    }

    /**
     * Brings a version into the folder, unless it is there already, and verifies it.
     *
     * @throws CorruptArtifactException when a file is not what was announced, or the version is not trusted
     * @throws IOException when a file cannot be fetched or written
     */
    ReceivedVersion obtain(Target target, ArtifactSource source) throws IOException {
        Path place = place(target);
        if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            try {
                return verifyKept(target);
            } catch (IOException e) {
                log.warn("{}; fetching it again", e.getMessage());
            }
        }
        return fetch(target, source, place);
    }

    /** Points {@code current} to a version, in one step, and remembers what was followed to it. */
    void switchTo(Target target, Follow follow, Instant now) throws IOException {
        Path link = into.resolve(CURRENT);
        Path next = into.resolve("." + CURRENT + CheckpointLayout.UNFINISHED);
        Files.deleteIfExists(next);
        Files.createSymbolicLink(next, Path.of(VERSIONS, digits(target)));
        Files.move(next, link, StandardCopyOption.ATOMIC_MOVE);
        StoreFolder.force(into);
        remember(progress.switchedTo(target, follow, now));
    }

    /** Remembers that everything up to a sequence was delivered. */
    void delivered(Follow follow, long sequence) throws IOException {
        remember(progress.deliveredUpTo(follow, sequence));
    }

    /** Removes all versions but the one that is served and the newest others. */
    void prune(int keepOthers) throws IOException {
        String served = name(into.resolve(CURRENT).toRealPath());
        List<Path> others;
        try (Stream<Path> kept = Files.list(into.resolve(VERSIONS))) {
            others = kept.filter(folder -> VERSION.matcher(name(folder)).matches())
                    .filter(folder -> !name(folder).equals(served))
                    .sorted(Comparator.comparing(SubscriberFolder::name).reversed())
                    .toList();
        }
        for (Path folder : others.subList(Math.min(keepOthers, others.size()), others.size())) {
            StoreFolder.remove(folder);
        }
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }

    private ReceivedVersion fetch(Target target, ArtifactSource source, Path place) throws IOException {
        URI location = location(target);
        Description description = describe(target, source, location);
        VersionManifest manifest = description.manifest();
        try (StoreFolder.Draft draft = StoreFolder.draft(place)) {
            for (FileEntry file : manifest.files()) {
                try (InputStream in = source.open(location, file.name())) {
                    copy(in, draft.file(file.name()), file, target);
                }
            }
            draft.write(CheckpointLayout.MANIFEST, description.manifestBytes());
            if (description.signature() != null) {
                draft.write(CheckpointLayout.SIGNATURE, description.signature());
            }
            draft.forceAll();
            StoreFolder.remove(place);
            draft.finish();
        }
        return received(target, manifest);
    }

    private ReceivedVersion verifyKept(Target target) throws IOException {
        Path place = place(target);
        VersionManifest manifest =
                describe(target, new FileArtifactSource(), place.toUri()).manifest();
        for (FileEntry file : manifest.files()) {
            file.verify(place.resolve(file.name()));
        }
        return received(target, manifest);
    }

    /** What a version says of itself, verified: the files it lists are still to be compared with it. */
    private record Description(VersionManifest manifest, byte[] manifestBytes, byte @Nullable [] signature) {}

    /** Signature first: nothing that a stranger wrote is read any further. */
    private Description describe(Target target, ArtifactSource source, URI location) throws IOException {
        Optional<TrustedKeys> keys = trust.keys();
        if (keys.isEmpty()) {
            byte[] bytes = read(source, location, CheckpointLayout.MANIFEST, LARGEST_MANIFEST_BYTES);
            return new Description(verifyManifest(target, bytes), bytes, null);
        }
        byte[] signature;
        try {
            signature = read(source, location, CheckpointLayout.SIGNATURE, ModelSignature.LARGEST_BYTES);
        } catch (NoSuchFileException e) {
            throw corrupt(
                    Refusal.UNSIGNED,
                    CheckpointLayout.SIGNATURE,
                    target,
                    "the version is not signed, there is no such file");
        }
        try {
            SignedFiles signed = ModelSignature.verify(signature, keys.get());
            byte[] bytes = read(source, location, CheckpointLayout.MANIFEST, LARGEST_MANIFEST_BYTES);
            VersionManifest manifest = verifyManifest(target, bytes);
            signed.require(SignedFiles.of(manifest, target.digest()));
            return new Description(manifest, bytes, signature);
        } catch (UntrustedSignatureException e) {
            throw corrupt(refusal(e.reason()), CheckpointLayout.SIGNATURE, target, String.valueOf(e.getMessage()));
        }
    }

    private static Refusal refusal(UntrustedSignatureException.Reason reason) {
        return switch (reason) {
            case MALFORMED -> Refusal.SIGNATURE_MALFORMED;
            case UNKNOWN_KEY -> Refusal.SIGNATURE_BY_UNKNOWN_KEY;
            case FORGED -> Refusal.SIGNATURE_FORGED;
            case NO_STATEMENT, OTHER_FILES -> Refusal.SIGNATURE_OF_OTHER_FILES;
        };
    }

    private static byte[] read(ArtifactSource source, URI location, String name, int atMost) throws IOException {
        try (InputStream in = source.open(location, name)) {
            return in.readNBytes(atMost);
        }
    }

    private static VersionManifest verifyManifest(Target target, byte[] bytes) throws IOException {
        String digest = Sha256.hex(bytes);
        if (!digest.equals(target.digest())) {
            throw corrupt(
                    Refusal.MANIFEST_DIFFERS,
                    CheckpointLayout.MANIFEST,
                    target,
                    "it has SHA-256 " + digest + ", the announcement says " + target.digest());
        }
        VersionManifest manifest;
        try {
            manifest = VersionManifest.parse(bytes, CheckpointLayout.MANIFEST);
        } catch (InvalidManifestException e) {
            throw corrupt(
                    Refusal.MANIFEST_MALFORMED, CheckpointLayout.MANIFEST, target, String.valueOf(e.getMessage()));
        }
        if (manifest.version() != target.version() || !manifest.model().equals(target.model())) {
            throw corrupt(
                    Refusal.MANIFEST_OF_OTHER_VERSION,
                    CheckpointLayout.MANIFEST,
                    target,
                    "it describes version " + manifest.version() + " of " + manifest.model());
        }
        for (String own : List.of(CheckpointLayout.MANIFEST, CheckpointLayout.SIGNATURE)) {
            if (manifest.file(own) != null) {
                throw corrupt(
                        Refusal.MANIFEST_MALFORMED,
                        CheckpointLayout.MANIFEST,
                        target,
                        "it lists " + own + " among the files");
            }
        }
        return manifest;
    }

    private static void copy(InputStream in, Path to, FileEntry expected, Target target) throws IOException {
        MessageDigest digest = Sha256.digest();
        long size = 0;
        try (OutputStream out = Files.newOutputStream(to, StandardOpenOption.CREATE_NEW)) {
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                size += n;
                if (size > expected.size()) {
                    throw corrupt(
                            Refusal.FILE_SIZE,
                            expected.name(),
                            target,
                            "it is longer than the " + expected.size() + " bytes of its manifest");
                }
                digest.update(buffer, 0, n);
                write(out, buffer, n, to);
            }
        }
        if (size < expected.size()) {
            throw corrupt(
                    Refusal.FILE_SIZE,
                    expected.name(),
                    target,
                    "it has " + size + " bytes, its manifest says " + expected.size());
        }
        String found = Sha256.hex(digest);
        if (!found.equals(expected.sha256())) {
            throw corrupt(
                    Refusal.FILE_DIFFERS,
                    expected.name(),
                    target,
                    "it has SHA-256 " + found + ", its manifest says " + expected.sha256());
        }
    }

    private static void write(OutputStream out, byte[] buffer, int length, Path to) throws IOException {
        try {
            out.write(buffer, 0, length);
        } catch (IOException e) {
            throw new IOException(to + " cannot be written: " + e.getMessage(), e);
        }
    }

    private void remember(Progress next) throws IOException {
        Path unfinished = into.resolve("." + PROGRESS + CheckpointLayout.UNFINISHED);
        Files.write(unfinished, next.toBytes());
        StoreFolder.force(unfinished);
        Files.move(unfinished, into.resolve(PROGRESS), StandardCopyOption.ATOMIC_MOVE);
        StoreFolder.force(into);
        progress = next;
    }

    private ReceivedVersion received(Target target, VersionManifest manifest) {
        return new ReceivedVersion(
                target.model(),
                target.version(),
                target.digest(),
                target.sequence(),
                place(target),
                target.announcedAt(),
                manifest);
    }

    private Path place(Target target) {
        return into.resolve(VERSIONS).resolve(digits(target));
    }

    private static String digits(Target target) {
        return CheckpointKeys.versionDigits(target.version());
    }

    private static URI location(Target target) throws IOException {
        try {
            return URI.create(target.location());
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "version " + target.version() + " of " + target.model() + " was announced at \"" + target.location()
                            + "\", which is no URI",
                    e);
        }
    }

    private static CorruptArtifactException corrupt(Refusal reason, String file, Target target, String difference) {
        return new CorruptArtifactException(reason, file, target.version(), target.model(), difference);
    }

    private static String name(Path folder) {
        return String.valueOf(folder.getFileName());
    }

    private static FileChannel lock(Path folder) {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            @Nullable FileLock held = channel.tryLock();
            if (held != null) {
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            log.debug("the lock of {} is held by this process", folder);
        } catch (IOException e) {
            throw new SubscriptionException(
                    "the folder " + folder + " cannot be written to (" + reason(e) + "); choose one that is writable",
                    e);
        }
        SubscriptionException failure = new SubscriptionException(
                "another subscriber keeps the folder " + folder + "; stop it, or choose another folder");
        closeQuietly(Objects.requireNonNull(channel), failure);
        throw failure;
    }

    /** Finds out at once, not at the first version, whether {@code current} can be a symbolic link here. */
    private static void requireLinkPlace(Path folder) throws IOException {
        Path link = folder.resolve(CURRENT);
        if (Files.exists(link, LinkOption.NOFOLLOW_LINKS) && !Files.isSymbolicLink(link)) {
            throw new SubscriptionException(link + " is in the way: it must be a symbolic link that this subscriber"
                    + " moves; remove it, or choose another folder");
        }
        Path trial = folder.resolve("." + CURRENT + ".trial");
        try {
            Files.deleteIfExists(trial);
            Files.createSymbolicLink(trial, Path.of(VERSIONS));
            Files.delete(trial);
        } catch (UnsupportedOperationException | IOException e) {
            throw new SubscriptionException(
                    "the folder " + folder + " cannot hold symbolic links (" + reason(e)
                            + "), so the current version cannot be switched in one step; choose a folder on a file"
                            + " system that has them",
                    e);
        }
    }

    private static String reason(Throwable failure) {
        String message = failure.getMessage();
        String kind = failure.getClass().getSimpleName().replaceFirst("Exception$", "");
        return message == null ? kind : kind + ": " + message;
    }

    private static void closeQuietly(FileChannel channel, SubscriptionException failure) {
        try {
            channel.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }
}
