package dev.realalign.curator;

import dev.realalign.curator.RealImageReader.UnreadableRecordException;
import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.gate.Rejection;
import dev.realalign.curator.gate.Rights;
import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.negative.Negative;
import dev.realalign.curator.pair.Gap;
import dev.realalign.curator.pair.PairFilter;
import dev.realalign.curator.pair.PairMaker;
import dev.realalign.curator.pair.RankWindows;
import dev.realalign.curator.pair.Verdict;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.DamagedBlobException;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.Colourfulness;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.KeyPartitioner;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Region;
import dev.realalign.schemas.Topic;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Turns one record of real-images into exactly one triple or rejection. What a record says about itself is checked
 * against its bytes before its picture is looked at; an image is remembered as seen once its bytes are known to be its
 * own. Not for use by several threads.
 */
final class RecordJudge {
    /** Of a record's largest size, what is left for its framing and its small fields. */
    private static final int RECORD_OVERHEAD_BYTES = 64 * 1024;

    private static final int LONGEST_SOURCE_IN_REJECTION = 4096;
    private static final int ID_SHOWN = 80;

    private final CuratorConfig config;
    private final RealImageReader reader;
    private final BlobStore blobs;
    private final PairMaker pairs;
    private final PairFilter filter;

    RecordJudge(CuratorConfig config, RealImageReader reader, BlobStore blobs) {
        this.config = config;
        this.reader = reader;
        this.blobs = blobs;
        this.pairs = new PairMaker(config.pairs());
        this.filter = new PairFilter(config.pairs().filter());
    }

    /**
     * Judges a record.
     *
     * @param firstSeen where each image came first
     * @param means running means of the record's partition
     * @param windows what the pairs of the record's partition are ranked against
     * @param now time of the verdict
     * @throws UncheckedIOException if the blob store fails; the record is to be judged again
     */
    Outcome judge(ReceivedRecord received, FirstSeen firstSeen, RunningMeans means, RankWindows windows, Instant now) {
        byte[] key = received.key();
        byte[] value = received.value();
        if (key == null || value == null) {
            String missing = key == null ? "key" : "value";
            return new Case(received, null, now).reject(Reason.UNREADABLE_RECORD, "the record has no " + missing);
        }
        RealImage image;
        try {
            image = reader.read(value);
        } catch (UnreadableRecordException e) {
            return new Case(received, null, now)
                    .reject(
                            Reason.UNREADABLE_RECORD,
                            "the value of " + value.length + " bytes is no RealImage: " + e.getMessage());
        }
        return judge(new Case(received, image, now), image, key, firstSeen, means, windows);
    }

    private Outcome judge(
            Case judged, RealImage image, byte[] key, FirstSeen firstSeen, RunningMeans means, RankWindows windows) {
        Findings findings = judged.findings;
        Optional<Rejection> claim =
                judgeClaims(judged.received, image, key, findings).or(() -> pairs.judgeRights(rights(image), findings));
        if (claim.isPresent()) {
            return judged.reject(claim.get());
        }
        byte[] original;
        try {
            original = original(image);
        } catch (FileNotFoundException e) {
            return judged.reject(Reason.BLOB_MISSING, "the blob store does not hold " + words(image.getBlob()));
        } catch (DamagedBlobException e) {
            return judged.reject(
                    Reason.ID_MISMATCH, "the blob store holds other bytes under the name of " + words(image.getBlob()));
        } catch (IOException e) {
            throw new UncheckedIOException("the blob store cannot be read: " + e.getMessage(), e);
        }
        String actual = ImageId.of(original).hex();
        if (!actual.equals(image.getImageId())) {
            return judged.reject(
                    Reason.ID_MISMATCH, "the bytes have the SHA-256 " + actual + ", the id is " + image.getImageId());
        }
        Optional<RecordPosition> first = firstSeen.before(actual, judged.received.position());
        Optional<Rejection> duplicate = findings.ask(Reason.DUPLICATE, () -> first.map(RecordJudge::duplicate));
        if (duplicate.isPresent()) {
            return judged.reject(duplicate.get(), first.orElse(null));
        }
        Verdict verdict =
                pairs.judge(actual, original, means.colourfulness().orElseGet(pairs::startOfColourfulness), findings);
        findings.colourfulness().map(pairs::after).ifPresent(means::setColourfulness);
        if (verdict instanceof Verdict.Accepted accepted) {
            return judged.accept(image, accepted, windows);
        }
        return judged.reject(((Verdict.Rejected) verdict).rejection());
    }

    /** What can be judged before any byte of the picture is fetched. */
    private Optional<Rejection> judgeClaims(ReceivedRecord received, RealImage image, byte[] key, Findings findings) {
        String id = image.getImageId();
        if (!ImageId.isValid(id) || !id.equals(new String(key, StandardCharsets.UTF_8))) {
            return rejection(
                    Reason.ID_MISMATCH,
                    "the key is \"" + received.keyText() + "\", the image id is \"" + shortened(id, ID_SHOWN)
                            + "\"; both must be the SHA-256 of the picture's bytes");
        }
        int partitions = config.cluster().imagePartitions();
        int expected = KeyPartitioner.partition(key, partitions);
        int actual = received.position().getPartition();
        if (expected != actual) {
            return rejection(
                    Reason.WRONG_PARTITION,
                    "the record lies in partition " + actual + ", its key belongs to " + expected + " of " + partitions
                            + " (murmur2 of the key's UTF-8 bytes)");
        }
        ByteBuffer content = image.getContent();
        BlobReference blob = image.getBlob();
        if (content != null && blob != null) {
            return rejection(
                    Reason.UNREADABLE_RECORD, "it has both inline bytes and a blob reference; exactly one is allowed");
        }
        if (content == null && blob == null) {
            return rejection(Reason.EMPTY, "it has neither inline bytes nor a blob reference");
        }
        if (blob != null && !blob.getSha256().equals(id)) {
            return rejection(
                    Reason.ID_MISMATCH,
                    "the blob is \"" + shortened(blob.getSha256(), ID_SHOWN) + "\", the image id is " + id);
        }
        return pairs.judgeSize(content != null ? content.remaining() : blob.getSize(), findings);
    }

    private static Rights rights(RealImage image) {
        return new Rights(Optional.ofNullable(image.getLicence()), image.getOptOut());
    }

    private static Rejection duplicate(RecordPosition first) {
        return new Rejection(
                Reason.DUPLICATE,
                "the same bytes came first as offset " + first.getOffset() + " of partition " + first.getPartition());
    }

    private static String words(BlobReference blob) {
        return "blob " + blob.getSha256() + " of " + blob.getSize() + " bytes";
    }

    private static Optional<Rejection> rejection(Reason reason, String evidence) {
        return Optional.of(new Rejection(reason, evidence));
    }

    private byte[] original(RealImage image) throws IOException {
        BlobReference blob = image.getBlob();
        if (blob != null) {
            return blobs.get(blob);
        }
        ByteBuffer content = image.getContent().duplicate();
        byte[] original = new byte[content.remaining()];
        content.get(original);
        return original;
    }

    private static String shortened(String text, int longest) {
        return text.length() <= longest ? text : text.substring(0, longest) + "…";
    }

    /** A record under judgement, and how its verdict is written down. */
    private final class Case {
        private final ReceivedRecord received;
        private final @Nullable RealImage image;
        private final Instant now;
        private final Findings findings = pairs.nothingFound();
        private Optional<Gap> gap = Optional.empty();

        Case(ReceivedRecord received, @Nullable RealImage image, Instant now) {
            this.received = received;
            this.image = image;
            this.now = now;
        }

        Outcome reject(Reason reason, String evidence) {
            return reject(new Rejection(reason, evidence));
        }

        Outcome reject(Rejection rejection) {
            return reject(rejection, null);
        }

        private Outcome reject(Rejection rejection, @Nullable RecordPosition first) {
            String key = received.keyText();
            ImageRejection record = ImageRejection.newBuilder()
                    .setImageId(key)
                    .setReason(rejection.reason().name())
                    .setEvidence(rejection.evidence())
                    .setRecord(received.position())
                    .setFirst(first)
                    .setSource(image == null ? "" : shortened(image.getSource(), LONGEST_SOURCE_IN_REJECTION))
                    .setGateVersion(config.gateVersion())
                    .setIngestTime(image == null ? null : image.getIngestTime())
                    .setRejectedAt(now)
                    .setTrustTier(
                            image == null || image.getTrustTier() == null
                                    ? null
                                    : shortened(image.getTrustTier(), LONGEST_SOURCE_IN_REJECTION))
                    .setColourfulness(colourfulness())
                    .setShadow(Evidence.shadow(findings))
                    .setMeasures(Evidence.measures(findings))
                    .setGap(Evidence.gap(gap))
                    .build();
            return new Outcome.Rejected(key, record, rejection.reason(), shadowReasons());
        }

        Outcome accept(RealImage source, Verdict.Accepted pair, RankWindows windows) {
            PairFilter.Judgement judgement = filter.judge(Map.of(), findings, windows);
            gap = judgement.gap();
            if (judgement.rejection().isPresent()) {
                return reject(judgement.rejection().get());
            }
            long bytes = (long) pair.real().length
                    + pair.worse().length
                    + utf8Bytes(source.getCaption())
                    + utf8Bytes(source.getSource())
                    + factBytes(source);
            if (bytes > Topic.MAX_PICTURE_RECORD_BYTES - RECORD_OVERHEAD_BYTES) {
                return reject(
                        Reason.TRIPLE_TOO_LARGE,
                        "pictures, caption, source and facts have " + bytes + " bytes, a triple holds at most "
                                + (Topic.MAX_PICTURE_RECORD_BYTES - RECORD_OVERHEAD_BYTES));
            }
            Negative negative = pair.negative();
            PreferenceTriple triple = PreferenceTriple.newBuilder()
                    .setImageId(source.getImageId())
                    .setCaption(source.getCaption())
                    .setReal(ByteBuffer.wrap(pair.real()))
                    .setNegative(ByteBuffer.wrap(pair.worse()))
                    .setWidth(negative.image().width())
                    .setHeight(negative.image().height())
                    .setKind(negative.kind().name())
                    .setStrength(negative.strength())
                    .setSeed(negative.seed())
                    .setRegion(negative.region().map(Case::region).orElse(null))
                    .setRmsDifference(negative.rmsDifference())
                    .setRecord(received.position())
                    .setSource(source.getSource())
                    .setCuratorVersion(config.curatorVersion())
                    .setGeneratorVersion(null)
                    .setIngestTime(source.getIngestTime())
                    .setEventTime(source.getEventTime())
                    .setAcceptedAt(now)
                    .setLicence(source.getLicence())
                    .setRightsHolder(source.getRightsHolder())
                    .setCaptionSource(source.getCaptionSource())
                    .setOptOut(source.getOptOut())
                    .setTrustTier(source.getTrustTier())
                    .setColourfulness(colourfulness())
                    .setShadow(Evidence.shadow(findings))
                    .setMeasures(Evidence.measures(findings))
                    .setGap(Evidence.gap(gap))
                    .build();
            return new Outcome.Accepted(source.getImageId(), triple, shadowReasons());
        }

        private @Nullable Colourfulness colourfulness() {
            return Evidence.colourfulness(findings.colourfulness(), pairs.colourfulnessRule());
        }

        private List<Reason> shadowReasons() {
            return findings.shadow().stream().map(Rejection::reason).toList();
        }

        private static long factBytes(RealImage source) {
            return Stream.concat(
                            Stream.of(
                                            source.getLicence(),
                                            source.getRightsHolder(),
                                            source.getCaptionSource(),
                                            source.getTrustTier())
                                    .filter(Objects::nonNull),
                            source.getOptOut().stream())
                    .mapToLong(Case::utf8Bytes)
                    .sum();
        }

        private static long utf8Bytes(String text) {
            return text.getBytes(StandardCharsets.UTF_8).length;
        }

        private static Region region(PixelRegion region) {
            return new Region(region.x(), region.y(), region.width(), region.height());
        }
    }
}
