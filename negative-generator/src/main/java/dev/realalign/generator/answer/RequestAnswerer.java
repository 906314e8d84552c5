package dev.realalign.generator.answer;

import dev.realalign.generator.draw.Artist;
import dev.realalign.generator.draw.Drawing;
import dev.realalign.generator.draw.DrawingException;
import dev.realalign.generator.draw.GeneratedKind;
import dev.realalign.generator.draw.Subject;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.DamagedBlobException;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.GeneratedNegative;
import dev.realalign.schemas.NegativeRefusal;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.Topic;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers requests with an artist, kind by kind. */
public final class RequestAnswerer {
    private static final Logger log = LoggerFactory.getLogger(RequestAnswerer.class);

    /** What an answer may hold beside its pictures, in bytes. */
    private static final int ROOM_FOR_THE_REST = 64 * 1024;

    private static final double NANOS_PER_SECOND = 1e9;

    private final Artist artist;
    private final BlobStore blobs;
    private final String worker;
    private final InstantSource clock;
    private final LongSupplier nanos;

    /**
     * @param artist who draws
     * @param blobs where the pictures of requests are
     * @param worker name of this worker, for the answers
     * @param clock time of day, which deadlines are compared with
     * @param nanos a clock that only ever moves forward, in nanoseconds
     */
    public RequestAnswerer(Artist artist, BlobStore blobs, String worker, InstantSource clock, LongSupplier nanos) {
        this.artist = artist;
        this.blobs = blobs;
        this.worker = worker;
        this.clock = clock;
        this.nanos = nanos;
    }

    /** A request whose negative can be drawn. */
    private record Drawable(Received received, Subject subject) {}

    /**
     * Answers.
     *
     * @param model what the artist draws with at the moment
     * @param pulse told now and then while there is work; what it throws ends the work without answers
     * @return an answer to every request whose deadline has not passed, in no certain order
     */
    public List<Answered> answer(List<Received> requests, ServedModel model, Artist.Pulse pulse) {
        List<Answered> answers = new ArrayList<>();
        Map<GeneratedKind, List<Drawable>> drawable = new EnumMap<>(GeneratedKind.class);
        for (Received received : requests) {
            if (isLate(received)) {
                continue;
            }
            long began = nanos.getAsLong();
            try {
                GeneratedKind kind = kind(received.request());
                drawable.computeIfAbsent(kind, k -> new ArrayList<>())
                        .add(new Drawable(received, subject(received.request())));
            } catch (RefusedException e) {
                answers.add(refused(received, model, e, seconds(began, 1)));
            }
        }
        drawable.forEach((kind, subjects) -> answers.addAll(draw(kind, subjects, model, pulse)));
        return answers;
    }

    private boolean isLate(Received received) {
        return clock.instant().isAfter(received.request().getDeadline());
    }

    private GeneratedKind kind(NegativeRequest request) throws RefusedException {
        if (!request.getScores().isEmpty()) {
            throw new RefusedException(
                    RefusalReason.SCORES_UNAVAILABLE,
                    "this generator has no weights for " + String.join(", ", request.getScores()));
        }
        if (!request.getGates().isEmpty()) {
            throw new RefusedException(
                    RefusalReason.GATE_UNAVAILABLE,
                    "this generator has no weights for " + String.join(", ", request.getGates()));
        }
        String name = request.getKind();
        GeneratedKind kind = GeneratedKind.of(name == null ? "" : name)
                .orElseThrow(() -> new RefusedException(
                        RefusalReason.UNKNOWN_KIND,
                        "\"" + name + "\" is none of the kinds this generator draws: "
                                + Arrays.toString(GeneratedKind.values())));
        String trouble = artist.cannotDraw(kind).orElse(null);
        if (trouble != null) {
            throw new RefusedException(RefusalReason.UNSUPPORTED_KIND, trouble);
        }
        return kind;
    }

    private Subject subject(NegativeRequest request) throws RefusedException {
        if (request.getResolution() != artist.resolution()) {
            throw new RefusedException(
                    RefusalReason.WRONG_RESOLUTION,
                    "pictures of " + request.getResolution() + " pixels are wanted, this generator draws at "
                            + artist.resolution());
        }
        return new Subject(
                request.getCaption(),
                request.getSeed(),
                PngFile.read(bytes(request.getPicture()), request.getResolution()));
    }

    private byte[] bytes(BlobReference picture) throws RefusedException {
        try {
            return blobs.get(picture);
        } catch (FileNotFoundException e) {
            throw new RefusedException(
                    RefusalReason.PICTURE_MISSING, "the blob store does not hold " + picture.getSha256());
        } catch (DamagedBlobException e) {
            throw new RefusedException(RefusalReason.PICTURE_DAMAGED, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new RefusedException(
                    RefusalReason.PICTURE_UNREADABLE, "the blob store cannot be read: " + e.getMessage());
        }
    }

    /** Where a batch fails, each of its pictures is tried alone, so that only the one at fault goes without. */
    private List<Answered> draw(GeneratedKind kind, List<Drawable> subjects, ServedModel model, Artist.Pulse pulse) {
        long began = nanos.getAsLong();
        try {
            List<Drawing> drawings =
                    artist.draw(kind, subjects.stream().map(Drawable::subject).toList(), pulse);
            double each = seconds(began, subjects.size());
            List<Answered> answers = new ArrayList<>();
            for (int i = 0; i < drawings.size(); i++) {
                answers.add(answered(subjects.get(i).received(), kind, drawings.get(i), model, each));
            }
            return answers;
        } catch (DrawingException e) {
            log.warn("the network failed on {} pictures for {}: {}", subjects.size(), kind, e.getMessage());
            if (subjects.size() == 1) {
                RefusedException refusal =
                        new RefusedException(RefusalReason.NETWORK_FAILURE, String.valueOf(e.getMessage()));
                return List.of(refused(subjects.get(0).received(), model, refusal, seconds(began, 1)));
            }
            return subjects.stream()
                    .flatMap(one -> draw(kind, List.of(one), model, pulse).stream())
                    .toList();
        }
    }

    private Answered answered(
            Received received, GeneratedKind kind, Drawing drawing, ServedModel model, double seconds) {
        try {
            GeneratedNegative.Builder answer = answer(received, model, seconds);
            if (drawing instanceof Drawing.Undrawn undrawn) {
                throw new RefusedException(RefusalReason.valueOf(undrawn.flaw().name()), undrawn.evidence());
            }
            if (drawing instanceof Drawing.Drawn drawn) {
                byte[] negative = PngFile.of(drawn.picture());
                byte[] mask = drawn.mask() == null ? null : PngFile.of(drawn.mask());
                requireRoom(negative.length + (mask == null ? 0 : mask.length));
                answer.setNegative(ByteBuffer.wrap(negative));
                answer.setMask(mask == null ? null : ByteBuffer.wrap(mask));
            }
            answer.setParameters(artist.parameters(kind));
            return new Answered(received, answer.build());
        } catch (RefusedException e) {
            return refused(received, model, e, seconds);
        }
    }

    private static void requireRoom(int bytes) throws RefusedException {
        int room = Topic.MAX_PICTURE_RECORD_BYTES - ROOM_FOR_THE_REST;
        if (bytes > room) {
            throw new RefusedException(
                    RefusalReason.NEGATIVE_TOO_LARGE, "negative and mask have " + bytes + " bytes of " + room);
        }
    }

    private Answered refused(Received received, ServedModel model, RefusedException refusal, double seconds) {
        return new Answered(
                received,
                answer(received, model, seconds)
                        .setRefusal(new NegativeRefusal(refusal.reason().name(), refusal.evidence(), false))
                        .build());
    }

    private GeneratedNegative.Builder answer(Received received, ServedModel model, double seconds) {
        NegativeRequest request = received.request();
        return GeneratedNegative.newBuilder()
                .setImageId(request.getImageId())
                .setRecord(request.getRecord())
                .setKind(request.getKind())
                .setModel(model.name())
                .setModelVersion(model.version())
                .setModelDigest(model.digest())
                .setSeed(request.getSeed())
                .setGenerator(worker)
                .setGeneratedAt(clock.instant().truncatedTo(ChronoUnit.MILLIS))
                .setSeconds(seconds);
    }

    private double seconds(long began, int pictures) {
        return (nanos.getAsLong() - began) / NANOS_PER_SECOND / pictures;
    }
}
