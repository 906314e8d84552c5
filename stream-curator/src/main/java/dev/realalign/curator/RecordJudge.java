package dev.realalign.curator;

import dev.realalign.curator.RecordReader.UnreadableRecordException;
import dev.realalign.curator.gate.ColourMeasure;
import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.gate.Rejection;
import dev.realalign.curator.gate.Rights;
import dev.realalign.curator.gate.RunningMean;
import dev.realalign.curator.image.DamagedImageException;
import dev.realalign.curator.image.EncodedPicture;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.image.TrainingPicture;
import dev.realalign.curator.negative.GeneratedCheck;
import dev.realalign.curator.negative.Negative;
import dev.realalign.curator.negative.NegativeKind;
import dev.realalign.curator.pair.Gap;
import dev.realalign.curator.pair.PairFilter;
import dev.realalign.curator.pair.PairMaker;
import dev.realalign.curator.pair.RankWindows;
import dev.realalign.curator.pair.Sight;
import dev.realalign.curator.pair.Verdict;
import dev.realalign.curator.similar.HeldOutPictures;
import dev.realalign.curator.similar.PerceptualHash;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.DamagedBlobException;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.Colourfulness;
import dev.realalign.schemas.GeneratedNegative;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.KeyPartitioner;
import dev.realalign.schemas.NegativeRefusal;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Region;
import dev.realalign.schemas.SimilarImage;
import dev.realalign.schemas.SimilarityAnswer;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.WaitingImage;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Judges records of real-images, and writes down what they end in: exactly one triple or rejection each. What a record says about itself is checked
 * against its bytes before its picture is looked at; an image is remembered as seen once its bytes are known to be its
 * own. Not for use by several threads.
 */
final class RecordJudge {
    /** Of a record's largest size, what is left for its framing and its small fields. */
    private static final int RECORD_OVERHEAD_BYTES = 64 * 1024;

    private static final int LONGEST_SOURCE_IN_REJECTION = 4096;
    private static final int ID_SHOWN = 80;
    private static final int LONGEST_REASON = 80;
    private static final int LONGEST_EVIDENCE = 1000;
    /** A generated negative has no strength of ours; how far it went is among its parameters. */
    private static final double WHOLE_STRENGTH = 1;

    private final CuratorConfig config;
    private final RecordReader<RealImage> reader;
    private final BlobStore blobs;
    private final HeldOutPictures heldOut;
    private final PairMaker pairs;
    private final PairFilter filter;

    RecordJudge(CuratorConfig config, RecordReader<RealImage> reader, BlobStore blobs, HeldOutPictures heldOut) {
        this.config = config;
        this.reader = reader;
        this.blobs = blobs;
        this.heldOut = heldOut;
        this.pairs = new PairMaker(config.pairs());
        this.filter = new PairFilter(config.pairs().filter());
    }

    /**
     * Judges a record by all that needs nothing but itself.
     *
     * @param firstSeen where each image came first
     * @param means running means of the record's partition
     * @param now time of the verdict
     * @throws UncheckedIOException if the blob store fails; the record is to be judged again
     */
    Judged judge(ReceivedRecord received, FirstSeen firstSeen, RunningMeans means, Instant now) {
        byte[] key = received.key();
        byte[] value = received.value();
        if (key == null || value == null) {
            String missing = key == null ? "key" : "value";
            return ended(new Case(received, null, now)
                    .reject(new Rejection(Reason.UNREADABLE_RECORD, "the record has no " + missing)));
        }
        RealImage image;
        try {
            image = reader.read(value);
        } catch (UnreadableRecordException e) {
            return ended(new Case(received, null, now)
                    .reject(new Rejection(
                            Reason.UNREADABLE_RECORD,
                            "the value of " + value.length + " bytes is no RealImage: " + e.getMessage())));
        }
        return judge(received, image, key, firstSeen, means, now);
    }

    private Judged judge(
            ReceivedRecord received,
            RealImage image,
            byte[] key,
            FirstSeen firstSeen,
            RunningMeans means,
            Instant now) {
        Case judged = new Case(received, image, now);
        Findings findings = judged.findings;
        Optional<Rejection> claim =
                judgeClaims(received, image, key, findings).or(() -> pairs.judgeRights(rights(image), findings));
        if (claim.isPresent()) {
            return ended(judged.reject(claim.get()));
        }
        byte[] original;
        try {
            original = original(image);
        } catch (FileNotFoundException e) {
            return ended(judged.reject(
                    new Rejection(Reason.BLOB_MISSING, "the blob store does not hold " + words(image.getBlob()))));
        } catch (DamagedBlobException e) {
            return ended(judged.reject(new Rejection(
                    Reason.ID_MISMATCH,
                    "the blob store holds other bytes under the name of " + words(image.getBlob()))));
        } catch (IOException e) {
            throw cannotRead(e);
        }
        String actual = ImageId.of(original).hex();
        if (!actual.equals(image.getImageId())) {
            return ended(judged.reject(new Rejection(
                    Reason.ID_MISMATCH, "the bytes have the SHA-256 " + actual + ", the id is " + image.getImageId())));
        }
        Optional<RecordPosition> first = firstSeen.before(actual, received.position());
        Optional<Rejection> duplicate = findings.ask(Reason.DUPLICATE, () -> first.map(RecordJudge::duplicate));
        if (duplicate.isPresent()) {
            return ended(judged.reject(duplicate.get(), first.orElse(null), null, Map.of()));
        }
        Sight sight = pairs.look(original, means.colourfulness().orElseGet(pairs::startOfColourfulness), findings);
        findings.colourfulness().map(pairs::after).ifPresent(means::setColourfulness);
        if (sight instanceof Sight.Rejected rejected) {
            return ended(judged.reject(rejected.rejection()));
        }
        RgbImage real = ((Sight.Passed) sight).real();
        PassedImage passed =
                new PassedImage(image, received.position(), findings, EncodedPicture.of(real), PerceptualHash.of(real));
        return judgeHeldOut(passed, now).<Judged>map(Judged.Ended::new).orElseGet(() -> new Judged.Passed(passed));
    }

    private static Judged ended(Outcome outcome) {
        return new Judged.Ended(outcome);
    }

    private static UncheckedIOException cannotRead(IOException e) {
        return new UncheckedIOException("the blob store cannot be read: " + e.getMessage(), e);
    }

    private Optional<Outcome> judgeHeldOut(PassedImage passed, Instant now) {
        Optional<SimilarImage> leak =
                heldOut.near(passed.hash(), config.similarity().greatestDistance());
        return passed.findings()
                .ask(
                        Reason.HELD_OUT_LEAK,
                        () -> leak.map(similar -> new Rejection(
                                Reason.HELD_OUT_LEAK,
                                "it looks like the held-out picture " + similar.getImageId() + distance(similar))))
                .map(rejection -> new Case(passed, now).reject(rejection, null, leak.orElse(null), Map.of()));
    }

    /**
     * Judges an image by what the owners of its hash's bands know.
     *
     * @return the rejection, if it is one
     */
    Optional<Outcome> judgeSimilarity(PassedImage passed, SimilarityAnswer answer, Instant now) {
        Optional<SimilarImage> own = Optional.ofNullable(answer.getOwnOutput());
        Optional<SimilarImage> near = Optional.ofNullable(answer.getNearDuplicate());
        Findings findings = passed.findings();
        Optional<Rejection> ownOutput = findings.ask(
                Reason.OWN_OUTPUT,
                () -> own.map(similar -> new Rejection(
                        Reason.OWN_OUTPUT,
                        "it looks like the negative that was generated for image " + similar.getImageId()
                                + distance(similar))));
        if (ownOutput.isPresent()) {
            return Optional.of(new Case(passed, now).reject(ownOutput.get(), null, own.get(), Map.of()));
        }
        return findings.ask(
                        Reason.NEAR_DUPLICATE,
                        () -> near.map(similar -> new Rejection(
                                Reason.NEAR_DUPLICATE,
                                "it looks like image " + similar.getImageId() + " of the record at offset "
                                        + similar.getRecord().getOffset() + " of partition "
                                        + similar.getRecord().getPartition() + distance(similar))))
                .map(rejection -> new Case(passed, now).reject(rejection, null, near.orElse(null), Map.of()));
    }

    private String distance(SimilarImage similar) {
        return ": their perceptual hashes differ in " + similar.getDistance() + " of " + PerceptualHash.BITS
                + " bits, up to " + config.similarity().greatestDistance() + " count as near";
    }

    /** What an image wants of the generators: a function of the settings, its id and its source. */
    Wish wish(PassedImage passed) {
        return new Wish(
                pairs.negatives(passed.image().getSource())
                        .generatedKind(passed.image().getImageId()),
                Arrays.stream(Reason.values())
                        .filter(Reason::isModelBacked)
                        .filter(passed.findings()::isAsked)
                        .map(Reason::name)
                        .toList(),
                config.generated().scores());
    }

    /** Seed of everything random about an image's negative. */
    long seed(PassedImage passed) {
        return pairs.negatives(passed.image().getSource()).seed(passed.image().getImageId());
    }

    /** The perturbed negative of an image as PNG, for scores; empty if there is none. */
    Optional<byte[]> perturbation(PassedImage passed) {
        return perturb(passed) instanceof Verdict.Accepted accepted ? Optional.of(accepted.worse()) : Optional.empty();
    }

    private Verdict perturb(PassedImage passed) {
        return pairs.perturb(passed.image().getImageId(), passed.image().getSource(), passed.picture());
    }

    /**
     * Ends an image with a perturbed negative.
     *
     * @param fallback why it stands where a generated one was wanted, if it does
     * @param scores scores of the real picture and of this negative, by name
     * @param windows what the pairs of the record's partition are ranked against
     */
    Outcome endPerturbed(
            PassedImage passed,
            Optional<String> fallback,
            Map<String, Double> scores,
            RankWindows windows,
            Instant now) {
        Case ending = new Case(passed, now);
        Verdict verdict = perturb(passed);
        return verdict instanceof Verdict.Accepted pair
                ? ending.accept(
                        passed, new Half(pair.worse(), pair.negative(), null, fallback.orElse(null), scores), windows)
                : ending.reject(((Verdict.Rejected) verdict).rejection(), null, null, scores);
    }

    /**
     * Ends an image with a generator's answer: by its refusal, its negative, or a perturbation in its place.
     *
     * @param wanted kind that was asked for; empty where only scores and gates were
     * @param windows what the pairs of the record's partition are ranked against
     */
    Outcome endAnswered(
            PassedImage passed, Optional<String> wanted, GeneratedNegative answer, RankWindows windows, Instant now) {
        NegativeRefusal refusal = answer.getRefusal();
        if (refusal != null && refusal.getRejectsImage()) {
            Optional<Rejection> rejection = refused(passed.findings(), refusal);
            if (rejection.isPresent()) {
                return new Case(passed, now).reject(rejection.get(), null, null, answer.getScores());
            }
        }
        if (wanted.isEmpty()) {
            return endPerturbed(passed, Optional.empty(), answer.getScores(), windows, now);
        }
        if (refusal != null) {
            return endPerturbed(
                    passed, Optional.of(shortened(refusal.getReason(), LONGEST_REASON)), Map.of(), windows, now);
        }
        if (!wanted.get().equals(answer.getKind())) {
            return endPerturbed(passed, Optional.of(GeneratedCheck.Flaw.OTHER_KIND.name()), Map.of(), windows, now);
        }
        GeneratedCheck.Finding finding =
                pairs.check(passed.real(), bytes(answer.getNegative()), bytes(answer.getMask()));
        if (finding instanceof GeneratedCheck.Finding.Bad bad) {
            return endPerturbed(passed, Optional.of(bad.flaw().name()), Map.of(), windows, now);
        }
        GeneratedCheck.Finding.Good good = (GeneratedCheck.Finding.Good) finding;
        return new Case(passed, now)
                .accept(
                        passed,
                        new Half(
                                passed.picture().encode(good.image()),
                                new Negative(
                                        good.image(),
                                        NegativeKind.valueOf(wanted.get()),
                                        WHOLE_STRENGTH,
                                        answer.getSeed(),
                                        Optional.empty(),
                                        good.rmsDifference()),
                                answer,
                                null,
                                answer.getScores()),
                        windows);
    }

    private static Optional<Rejection> refused(Findings findings, NegativeRefusal refusal) {
        Reason reason = Arrays.stream(Reason.values())
                .filter(known -> known.isModelBacked() && known.name().equals(refusal.getReason()))
                .findFirst()
                .orElse(Reason.REFUSED_BY_GENERATOR);
        String evidence = shortened(refusal.getEvidence(), LONGEST_EVIDENCE);
        return findings.ask(
                reason,
                () -> Optional.of(new Rejection(
                        reason,
                        reason == Reason.REFUSED_BY_GENERATOR
                                ? shortened(refusal.getReason(), LONGEST_REASON) + ": " + evidence
                                : evidence)));
    }

    private static Optional<byte[]> bytes(@Nullable ByteBuffer buffer) {
        return Optional.ofNullable(buffer).map(filled -> {
            byte[] bytes = new byte[filled.remaining()];
            filled.duplicate().get(bytes);
            return bytes;
        });
    }

    /** Ends an image whose training picture the blob store lost while it waited. */
    Outcome endWithoutPicture(WaitingImage waiting, Instant now) {
        return new Case(waiting.getImage(), waiting.getRecord(), findings(waiting), now)
                .reject(new Rejection(
                        Reason.BLOB_MISSING,
                        "the blob store lost the training picture, " + words(waiting.getPicture())
                                + ", while the image waited"));
    }

    /**
     * An image that waited, as it was when it began to.
     *
     * @return empty if the blob store lost its training picture
     * @throws UncheckedIOException if the blob store fails
     */
    Optional<PassedImage> again(WaitingImage waiting) {
        try {
            byte[] png = picture(waiting.getPicture());
            ImageContainer container = ImageContainer.read(png, ImageType.PNG);
            RgbImage real =
                    new TrainingPicture(container.height(), config.pairs().background()).of(container);
            return Optional.of(new PassedImage(
                    waiting.getImage(),
                    waiting.getRecord(),
                    findings(waiting),
                    EncodedPicture.of(real, png),
                    waiting.getHash()));
        } catch (FileNotFoundException | DamagedBlobException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw cannotRead(e);
        } catch (DamagedImageException e) {
            throw new IllegalStateException("A picture that was encoded here no longer decodes.", e);
        }
    }

    /** Builds before the folder of waiting pictures kept them among the originals. */
    private byte[] picture(BlobReference reference) throws IOException {
        try {
            return blobs.ofWaiting().get(reference);
        } catch (FileNotFoundException e) {
            return blobs.get(reference);
        }
    }

    /** What was found about an image before it waited. */
    private Findings findings(WaitingImage waiting) {
        return new Findings(
                config.pairs().modes(),
                waiting.getShadow().stream()
                        .map(noted -> new Rejection(Reason.valueOf(noted.getReason()), noted.getEvidence()))
                        .toList(),
                Optional.ofNullable(waiting.getColourfulness())
                        .map(colour -> new ColourMeasure(
                                colour.getValue(), new RunningMean(colour.getMean(), colour.getImages()))),
                Evidence.measures(waiting.getMeasures()));
    }

    /** An image as it waits. */
    WaitingImage.Builder waiting(PassedImage passed) {
        return WaitingImage.newBuilder()
                .setImage(RealImage.newBuilder(passed.image())
                        .setContent(null)
                        .setBlob(null)
                        .build())
                .setRecord(passed.position())
                .setHash(passed.hash())
                .setColourfulness(colourfulness(passed.findings()))
                .setShadow(Evidence.shadow(passed.findings()))
                .setMeasures(Evidence.measures(passed.findings()));
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

    private @Nullable Colourfulness colourfulness(Findings findings) {
        return Evidence.colourfulness(findings.colourfulness(), pairs.colourfulnessRule());
    }

    /**
     * The negative half of a triple.
     *
     * @param png the picture as PNG
     * @param negative how it was made
     * @param generated the answer that it came in; null for a perturbation
     * @param fallback why a perturbation stands where a generated one was wanted; null where none was
     * @param scores scores of both halves by name
     */
    private record Half(
            byte[] png,
            Negative negative,
            @Nullable GeneratedNegative generated,
            @Nullable String fallback,
            Map<String, Double> scores) {}

    /** A record under judgement, and how its verdict is written down. */
    private final class Case {
        private final String key;
        private final RecordPosition position;
        private final @Nullable RealImage image;
        private final Findings findings;
        private final Instant now;
        private Optional<Gap> gap = Optional.empty();

        private Case(String key, RecordPosition position, @Nullable RealImage image, Findings findings, Instant now) {
            this.key = key;
            this.position = position;
            this.image = image;
            this.findings = findings;
            this.now = now;
        }

        Case(ReceivedRecord received, @Nullable RealImage image, Instant now) {
            this(received.keyText(), received.position(), image, pairs.nothingFound(), now);
        }

        Case(RealImage image, RecordPosition position, Findings findings, Instant now) {
            this(image.getImageId(), position, image, findings, now);
        }

        Case(PassedImage passed, Instant now) {
            this(passed.image(), passed.position(), passed.findings(), now);
        }

        Outcome reject(Rejection rejection) {
            return reject(rejection, null, null, Map.of());
        }

        Outcome reject(
                Rejection rejection,
                @Nullable RecordPosition first,
                @Nullable SimilarImage similar,
                Map<String, Double> scores) {
            ImageRejection record = ImageRejection.newBuilder()
                    .setImageId(key)
                    .setReason(rejection.reason().name())
                    .setEvidence(rejection.evidence())
                    .setRecord(position)
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
                    .setSimilar(similar)
                    .setScores(scores)
                    .build();
            return new Outcome.Rejected(key, record, rejection.reason(), shadowReasons());
        }

        /** Every triple is made here, whatever its image waited for. */
        Outcome accept(PassedImage passed, Half half, RankWindows windows) {
            RealImage source = passed.image();
            Negative negative = half.negative();
            PairMaker.measurePair(passed.real(), negative.image(), negative.rmsDifference(), findings);
            PairFilter.Judgement judgement = filter.judge(half.scores(), findings, windows);
            gap = judgement.gap();
            if (judgement.rejection().isPresent()) {
                return reject(judgement.rejection().get(), null, null, half.scores());
            }
            GeneratedNegative generated = half.generated();
            long bytes = (long) passed.png().length
                    + half.png().length
                    + (generated == null ? 0 : generatedBytes(generated))
                    + utf8Bytes(source.getCaption())
                    + utf8Bytes(source.getSource())
                    + factBytes(source);
            if (bytes > Topic.MAX_PICTURE_RECORD_BYTES - RECORD_OVERHEAD_BYTES) {
                return reject(new Rejection(
                        Reason.TRIPLE_TOO_LARGE,
                        "pictures, caption, source and facts have " + bytes + " bytes, a triple holds at most "
                                + (Topic.MAX_PICTURE_RECORD_BYTES - RECORD_OVERHEAD_BYTES)));
            }
            PreferenceTriple triple = PreferenceTriple.newBuilder()
                    .setImageId(source.getImageId())
                    .setCaption(source.getCaption())
                    .setReal(ByteBuffer.wrap(passed.png()))
                    .setNegative(ByteBuffer.wrap(half.png()))
                    .setWidth(negative.image().width())
                    .setHeight(negative.image().height())
                    .setKind(negative.kind().name())
                    .setStrength(negative.strength())
                    .setSeed(negative.seed())
                    .setRegion(negative.region().map(Case::region).orElse(null))
                    .setRmsDifference(negative.rmsDifference())
                    .setRecord(position)
                    .setSource(source.getSource())
                    .setCuratorVersion(config.curatorVersion())
                    .setGeneratorVersion(generated == null ? null : generated.getModelVersion())
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
                    .setMask(generated == null ? null : generated.getMask())
                    .setGeneratorModel(generated == null ? null : generated.getModel())
                    .setGeneratorDigest(generated == null ? null : generated.getModelDigest())
                    .setParameters(generated == null ? Map.of() : generated.getParameters())
                    .setFallback(half.fallback())
                    .setScores(half.scores())
                    .build();
            return new Outcome.Accepted(
                    source.getImageId(),
                    triple,
                    shadowReasons(),
                    generated == null ? OptionalLong.empty() : OptionalLong.of(PerceptualHash.of(negative.image())));
        }

        private @Nullable Colourfulness colourfulness() {
            return RecordJudge.this.colourfulness(findings);
        }

        private static long generatedBytes(GeneratedNegative generated) {
            ByteBuffer mask = generated.getMask();
            long bytes = (mask == null ? 0 : mask.remaining()) + utf8Bytes(generated.getModel());
            for (Map.Entry<String, String> parameter : generated.getParameters().entrySet()) {
                bytes += utf8Bytes(parameter.getKey()) + utf8Bytes(parameter.getValue());
            }
            for (String score : generated.getScores().keySet()) {
                bytes += utf8Bytes(score) + Double.BYTES;
            }
            return bytes;
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
