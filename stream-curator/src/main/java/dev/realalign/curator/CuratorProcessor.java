package dev.realalign.curator;

import dev.realalign.curator.RecordReader.UnreadableRecordException;
import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.gate.RunningMean;
import dev.realalign.curator.pair.RankWindows;
import dev.realalign.curator.similar.Bands;
import dev.realalign.curator.similar.HeldOutPictures;
import dev.realalign.curator.similar.PerceptualHash;
import dev.realalign.curator.similar.Step;
import dev.realalign.runtime.BlobStore;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.GeneratedNegative;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.SimilarityAnswer;
import dev.realalign.schemas.SimilarityQuestion;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.WaitingImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Curates the images of one partition. An image that passes its own gates may have to wait: first for the owners of its
 * perceptual hash, then for a generator. While it waits its training picture lies in the blob store and its facts in
 * {@link WaitingStore}; what it waits for arrives in the same partition. An image that waits for nothing is paired at
 * once.
 *
 * <p>Every step is one transaction: a question or request becomes visible together with the entry that waits for its
 * answer, so no answer can come before it, and an answer without an entry is late, doubled or nobody's.
 */
final class CuratorProcessor implements Processor<byte[], byte[], String, SpecificRecord> {
    private static final String FOR_SIMILARITY = "SIMILARITY";
    private static final String FOR_GENERATOR = "GENERATOR";
    private static final String DEADLINE = "DEADLINE";

    /** How often deadlines are looked at and pictures renewed, and how many images end then at most: together well under a second. */
    private static final Duration TICK = Duration.ofMillis(100);

    private static final int ENDED_PER_TICK = 16;
    private static final long CACHED_BYTES = 32L * 1024 * 1024;

    private final CuratorConfig config;
    private final CuratorTopics topics;
    private final BlobStore pictures;
    private final CurationCounts counts;
    private final RecordReader<RealImage> images;
    private final RecordReader<GeneratedNegative> generated;
    private final Deserializer<SimilarityAnswer> answers;
    private final RecordJudge judge;
    private final DecodedPictures decoded = new DecodedPictures(CACHED_BYTES);
    private @SuppressWarnings("NullAway.Init") ProcessorContext<String, SpecificRecord> context;
    private @SuppressWarnings("NullAway.Init") FirstSeen firstSeen;
    private @SuppressWarnings("NullAway.Init") RunningMeans means;
    private @SuppressWarnings("NullAway.Init") RankWindows windows;
    private @SuppressWarnings("NullAway.Init") WaitingStore waiting;
    private @SuppressWarnings("NullAway.Init") PictureRenewal renewal;

    CuratorProcessor(
            CuratorConfig config,
            CuratorTopics topics,
            BlobStore blobs,
            HeldOutPictures heldOut,
            CurationCounts counts) {
        Map<String, Object> registry = config.cluster().registry();
        this.config = config;
        this.topics = topics;
        this.pictures = blobs.ofWaiting();
        this.counts = counts;
        this.images = new RecordReader<>(Topics.REAL_IMAGES, registry);
        this.generated = new RecordReader<>(Topics.GENERATED_NEGATIVES, registry);
        this.answers = Topics.SIMILARITY_ANSWERS.valueDeserializer(registry);
        this.judge = new RecordJudge(config, images, blobs, heldOut);
    }

    @Override
    public void init(ProcessorContext<String, SpecificRecord> streams) {
        KeyValueStore<String, RecordPosition> store = streams.getStateStore(FirstSeenStore.NAME);
        KeyValueStore<String, RunningMean> runningMeans = streams.getStateStore(RunningMeanStore.NAME);
        KeyValueStore<String, RankWindowStore.Ranked> ranked = streams.getStateStore(RankWindowStore.NAME);
        context = streams;
        firstSeen = new FirstSeenStore(store);
        means = new RunningMeanStore(runningMeans);
        windows = new RankWindowStore(ranked);
        waiting = new WaitingStore(streams);
        // after a failure the same processor goes on: pictures of the aborted transaction are not its own
        decoded.clear();
        streams.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, time -> endOverdue());
        renewal = new PictureRenewal(
                waiting,
                pictures,
                WaitingPictures.mark(config.applicationId(), streams.taskId().partition()),
                WaitingPictures.renewal(config.waitingKeep()));
        streams.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, time -> renewal.goOn(now()));
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        RecordMetadata place = context.recordMetadata().orElseThrow();
        if (place.topic().equals(Topics.REAL_IMAGES.name())) {
            arrived(new ReceivedRecord(
                    new RecordPosition(place.partition(), place.offset()), record.key(), record.value()));
        } else if (place.topic().equals(topics.answers().name())) {
            compared(answers.deserialize(place.topic(), record.value()));
        } else {
            generated(record.value());
        }
    }

    private void arrived(ReceivedRecord received) {
        Judged judged = judge.judge(received, firstSeen, means, now());
        if (judged instanceof Judged.Ended ended) {
            emit(ended.outcome());
            return;
        }
        PassedImage passed = ((Judged.Passed) judged).image();
        Wish wish = wish(passed);
        if (isComparedWithOthers(passed.findings())) {
            askForSimilarity(passed);
        } else if (wish.isAny()) {
            askGenerator(passed, wish, false, false);
        } else {
            emit(judge.endPerturbed(passed, Optional.empty(), Map.of(), windows, now()));
        }
    }

    private Wish wish(PassedImage passed) {
        return topics.asksGenerators() ? judge.wish(passed) : Wish.NONE;
    }

    private static boolean isComparedWithOthers(Findings findings) {
        return findings.isAsked(Reason.NEAR_DUPLICATE) || findings.isAsked(Reason.OWN_OUTPUT);
    }

    private void askForSimilarity(PassedImage passed) {
        waiting.put(judge.waiting(passed)
                .setPicture(keep(passed.png()))
                .setWaitsFor(FOR_SIMILARITY)
                .setHoldsPlaces(true)
                .setDeadline(Instant.EPOCH)
                .build());
        decoded.put(passed);
        forward(
                Bands.key(passed.hash(), 0),
                question(Step.ASK, passed.image().getImageId(), passed.position(), passed.hash(), 0),
                CuratorTopology.QUESTIONS);
    }

    private void compared(SimilarityAnswer answer) {
        Optional<WaitingImage> found = waitingFor(FOR_SIMILARITY, answer.getRecord());
        if (found.isEmpty()) {
            counts.answerDropped();
            return;
        }
        WaitingImage image = found.get();
        Optional<PassedImage> picture = picture(image);
        if (picture.isEmpty()) {
            end(image, judge.endWithoutPicture(image, now()));
            return;
        }
        PassedImage passed = picture.get();
        Optional<Outcome> rejection = judge.judgeSimilarity(passed, answer, now());
        if (rejection.isPresent()) {
            end(image, rejection.get());
            return;
        }
        // in shadow mode a near duplicate is accepted, but holds no place: so the others are judged as if it were on
        boolean holdsPlaces = answer.getNearDuplicate() == null;
        if (!holdsPlaces) {
            tellOwners(Step.RELEASE, image, image.getHash());
        }
        Wish wish = wish(passed);
        if (wish.isAny()) {
            askGenerator(passed, wish, holdsPlaces, true);
        } else {
            end(
                    WaitingImage.newBuilder(image).setHoldsPlaces(holdsPlaces).build(),
                    judge.endPerturbed(passed, Optional.empty(), Map.of(), windows, now()));
        }
    }

    /**
     * Asks a generator.
     *
     * @param holdsPlaces whether the owners of its bands wait for the verdict
     * @param isKept whether its picture is in the blob store already
     */
    private void askGenerator(PassedImage passed, Wish wish, boolean holdsPlaces, boolean isKept) {
        Instant now = now();
        Instant deadline = now.plus(config.generated().deadline());
        BlobReference picture =
                isKept ? waiting.get(passed.position()).orElseThrow().getPicture() : keep(passed.png());
        Optional<BlobReference> negative =
                wish.kind().isEmpty() && !wish.scores().isEmpty()
                        ? judge.perturbation(passed).map(this::keep)
                        : Optional.empty();
        waiting.putWithDeadline(judge.waiting(passed)
                .setPicture(picture)
                .setWaitsFor(FOR_GENERATOR)
                .setHoldsPlaces(holdsPlaces)
                .setDeadline(deadline)
                .setKind(wish.kind().map(Enum::name).orElse(null))
                .build());
        decoded.put(passed);
        NegativeRequest request = NegativeRequest.newBuilder()
                .setImageId(passed.image().getImageId())
                .setCaption(passed.image().getCaption())
                .setPicture(picture)
                .setRecord(passed.position())
                .setKind(wish.kind().map(Enum::name).orElse(null))
                .setNegative(negative.orElse(null))
                .setResolution(passed.real().width())
                .setSeed(judge.seed(passed))
                .setGates(wish.gates())
                .setScores(wish.scores())
                .setRequestedAt(now)
                .setDeadline(deadline)
                .build();
        forward(request.getImageId(), request, CuratorTopology.REQUESTS);
    }

    private void generated(byte[] value) {
        Optional<GeneratedNegative> answer = readable(value);
        Optional<WaitingImage> found = answer.flatMap(read -> waitingFor(FOR_GENERATOR, read.getRecord())
                .filter(image -> image.getImage().getImageId().equals(read.getImageId())));
        if (found.isEmpty()) {
            counts.answerDropped();
            return;
        }
        WaitingImage image = found.get();
        end(
                image,
                picture(image)
                        .map(passed -> judge.endAnswered(
                                passed, Optional.ofNullable(image.getKind()), answer.get(), windows, now()))
                        .orElseGet(() -> judge.endWithoutPicture(image, now())));
    }

    private Optional<GeneratedNegative> readable(byte[] value) {
        try {
            return value == null ? Optional.empty() : Optional.of(generated.read(value));
        } catch (UnreadableRecordException nobodysAnswer) {
            return Optional.empty();
        }
    }

    private void endOverdue() {
        for (WaitingImage image : waiting.overdue(now(), ENDED_PER_TICK)) {
            Optional<String> fallback = Optional.ofNullable(image.getKind()).map(kind -> DEADLINE);
            counts.deadlinePassed();
            end(
                    image,
                    picture(image)
                            .map(passed -> judge.endPerturbed(passed, fallback, Map.of(), windows, now()))
                            .orElseGet(() -> judge.endWithoutPicture(image, now())));
        }
    }

    private Optional<WaitingImage> waitingFor(String what, RecordPosition record) {
        return waiting.get(record).filter(image -> image.getWaitsFor().equals(what));
    }

    private Optional<PassedImage> picture(WaitingImage image) {
        return decoded.take(image.getRecord()).or(() -> judge.again(image));
    }

    /** The verdict on an image that waited. */
    private void end(WaitingImage image, Outcome outcome) {
        waiting.remove(image);
        emit(outcome);
        if (image.getHoldsPlaces()) {
            tellOwners(outcome instanceof Outcome.Accepted ? Step.CONFIRM : Step.RELEASE, image, image.getHash());
        }
        if (outcome instanceof Outcome.Accepted accepted) {
            accepted.generatedHash().ifPresent(hash -> rememberOwnOutput(image, hash));
        }
    }

    /** A negative that looks like its own source would make every copy of the source our own output. */
    private void rememberOwnOutput(WaitingImage image, long hash) {
        if (PerceptualHash.distance(hash, image.getHash()) > config.similarity().greatestDistance()) {
            tellOwners(Step.OWN_OUTPUT, image, hash);
        }
    }

    private void tellOwners(Step step, WaitingImage image, long hash) {
        for (int band = 0; band < Bands.COUNT; band++) {
            forward(
                    Bands.key(hash, band),
                    question(step, image.getImage().getImageId(), image.getRecord(), hash, band),
                    CuratorTopology.QUESTIONS);
        }
    }

    private static SimilarityQuestion question(Step step, String id, RecordPosition record, long hash, int band) {
        return SimilarityQuestion.newBuilder()
                .setStep(step.name())
                .setImageId(id)
                .setRecord(record)
                .setHash(hash)
                .setBand(band)
                .build();
    }

    private BlobReference keep(byte[] bytes) {
        try {
            return pictures.put(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("the blob store cannot be written: " + e.getMessage(), e);
        }
    }

    private void emit(Outcome outcome) {
        counts.count(outcome);
        if (outcome instanceof Outcome.Accepted accepted) {
            forward(accepted.key(), accepted.triple(), CuratorTopology.TRIPLES);
        } else if (outcome instanceof Outcome.Rejected rejected) {
            forward(rejected.key(), rejected.rejection(), CuratorTopology.REJECTIONS);
        }
    }

    /** Without the headers of the record it came from: nobody has bounded their size. */
    private void forward(String key, SpecificRecord value, String sink) {
        context.forward(new Record<>(key, value, context.currentSystemTimeMs()), sink);
    }

    private Instant now() {
        return Instant.ofEpochMilli(context.currentSystemTimeMs());
    }

    @Override
    public void close() {
        images.close();
        generated.close();
        answers.close();
    }
}
