package dev.realalign.generator.answer;

import dev.realalign.generator.draw.Artist;
import dev.realalign.generator.draw.Drawing;
import dev.realalign.generator.draw.GeneratedKind;
import dev.realalign.generator.draw.NetworkFailureException;
import dev.realalign.generator.draw.Subject;
import dev.realalign.generator.score.Judge;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.DamagedBlobException;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.GeneratedNegative;
import dev.realalign.schemas.NegativeRefusal;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.Topic;
import java.awt.image.BufferedImage;
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
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers requests with an artist and a judge: gates first, then negatives kind by kind, then scores. */
public final class RequestAnswerer {
    private static final Logger log = LoggerFactory.getLogger(RequestAnswerer.class);

    /** What an answer may hold beside its pictures, in bytes. */
    private static final int ROOM_FOR_THE_REST = 64 * 1024;

    private static final double NANOS_PER_SECOND = 1e9;

    private final Artist artist;
    private final Judge judge;
    private final BlobStore blobs;
    private final String worker;
    private final InstantSource clock;
    private final LongSupplier nanos;

    /**
     * @param artist who draws
     * @param judge who scores and judges
     * @param blobs where the pictures of requests are
     * @param worker name of this worker, for the answers
     * @param clock time of day, which deadlines are compared with
     * @param nanos a clock that only ever moves forward, in nanoseconds
     */
    public RequestAnswerer(
            Artist artist, Judge judge, BlobStore blobs, String worker, InstantSource clock, LongSupplier nanos) {
        this.artist = artist;
        this.judge = judge;
        this.blobs = blobs;
        this.worker = worker;
        this.clock = clock;
        this.nanos = nanos;
    }

    /**
     * A request that can be answered.
     *
     * @param measures what its gates measured
     */
    private record Pending(Received received, Subject subject, SortedMap<String, Double> measures) {}

    /**
     * Answers.
     *
     * @param model what the artist draws with at the moment
     * @param pulse told now and then while there is work; what it throws ends the work without answers
     * @return an answer to every request whose deadline has not passed, in no certain order
     */
    public List<Answered> answer(List<Received> requests, ServedModel model, Artist.Pulse pulse) {
        List<Answered> answers = new ArrayList<>();
        Map<GeneratedKind, List<Pending>> wanted = new EnumMap<>(GeneratedKind.class);
        for (Received received : requests) {
            if (isLate(received)) {
                continue;
            }
            long began = nanos.getAsLong();
            SortedMap<String, Double> measures = new TreeMap<>();
            try {
                NegativeRequest request = received.request();
                GeneratedKind kind = requireAnswerable(request);
                Pending pending = new Pending(received, subject(request), measures);
                passGates(pending);
                if (kind == null) {
                    answers.add(scored(pending, model, began));
                } else {
                    wanted.computeIfAbsent(kind, k -> new ArrayList<>()).add(pending);
                }
            } catch (RefusedException e) {
                answers.add(refused(received, model, e, measures, seconds(began, 1)));
            }
            pulse.beat();
        }
        wanted.forEach((kind, subjects) -> answers.addAll(draw(kind, subjects, model, pulse)));
        return answers;
    }

    private boolean isLate(Received received) {
        return clock.instant().isAfter(received.request().getDeadline());
    }

    /** The kind of negative that is wanted; null for none. */
    private @Nullable GeneratedKind requireAnswerable(NegativeRequest request) throws RefusedException {
        for (String score : request.getScores()) {
            refuseFor(RefusalReason.SCORES_UNAVAILABLE, judge.cannotScore(score));
        }
        for (String gate : request.getGates()) {
            refuseFor(RefusalReason.GATE_UNAVAILABLE, judge.cannotJudge(gate));
        }
        String name = request.getKind();
        if (name == null) {
            return null;
        }
        GeneratedKind kind = GeneratedKind.of(name)
                .orElseThrow(() -> new RefusedException(
                        RefusalReason.UNKNOWN_KIND,
                        "\"" + name + "\" is none of the kinds this generator draws: "
                                + Arrays.toString(GeneratedKind.values())));
        refuseFor(RefusalReason.UNSUPPORTED_KIND, artist.cannotDraw(kind));
        return kind;
    }

    private static void refuseFor(RefusalReason reason, Optional<String> trouble) throws RefusedException {
        if (trouble.isPresent()) {
            throw new RefusedException(reason, trouble.get());
        }
    }

    private void passGates(Pending pending) throws RefusedException {
        for (String gate : pending.received().request().getGates()) {
            try {
                Judge.Verdict verdict = judge.judge(gate, pending.subject().picture());
                pending.measures().put(verdict.measureName(), verdict.measure());
                if (verdict.objection() != null) {
                    throw RefusedException.byGate(gate, verdict.objection());
                }
            } catch (NetworkFailureException e) {
                throw failed(e);
            }
        }
    }

    private static RefusedException failed(NetworkFailureException e) {
        return new RefusedException(RefusalReason.NETWORK_FAILURE, String.valueOf(e.getMessage()));
    }

    /** The answer to a request that wants no negative drawn. */
    private Answered scored(Pending pending, ServedModel model, long began) throws RefusedException {
        NegativeRequest request = pending.received().request();
        BlobReference negative = request.getNegative();
        score(pending, negative == null ? null : PngFile.read(bytes(negative), request.getResolution()));
        return new Answered(
                pending.received(),
                answer(pending.received(), model, seconds(began, 1))
                        .setScores(pending.measures())
                        .build());
    }

    private void score(Pending pending, @Nullable BufferedImage negative) throws RefusedException {
        for (String score : pending.received().request().getScores()) {
            try {
                Subject subject = pending.subject();
                pending.measures().putAll(judge.score(score, subject.caption(), subject.picture(), negative));
            } catch (NetworkFailureException e) {
                throw failed(e);
            }
        }
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
    private List<Answered> draw(GeneratedKind kind, List<Pending> subjects, ServedModel model, Artist.Pulse pulse) {
        long began = nanos.getAsLong();
        try {
            List<Drawing> drawings =
                    artist.draw(kind, subjects.stream().map(Pending::subject).toList(), pulse);
            double each = seconds(began, subjects.size());
            List<Answered> answers = new ArrayList<>();
            for (int i = 0; i < drawings.size(); i++) {
                answers.add(answered(subjects.get(i), kind, drawings.get(i), model, each));
                pulse.beat();
            }
            return answers;
        } catch (NetworkFailureException e) {
            log.warn("the network failed on {} pictures for {}: {}", subjects.size(), kind, e.getMessage());
            if (subjects.size() == 1) {
                Pending only = subjects.get(0);
                return List.of(refused(only.received(), model, failed(e), only.measures(), seconds(began, 1)));
            }
            return subjects.stream()
                    .flatMap(one -> draw(kind, List.of(one), model, pulse).stream())
                    .toList();
        }
    }

    private Answered answered(Pending pending, GeneratedKind kind, Drawing drawing, ServedModel model, double seconds) {
        try {
            GeneratedNegative.Builder answer = answer(pending.received(), model, seconds);
            if (drawing instanceof Drawing.Undrawn undrawn) {
                throw new RefusedException(RefusalReason.valueOf(undrawn.flaw().name()), undrawn.evidence());
            }
            if (drawing instanceof Drawing.Drawn drawn) {
                byte[] negative = PngFile.of(drawn.picture());
                byte[] mask = drawn.mask() == null ? null : PngFile.of(drawn.mask());
                requireRoom(negative.length + (mask == null ? 0 : mask.length));
                answer.setNegative(ByteBuffer.wrap(negative));
                answer.setMask(mask == null ? null : ByteBuffer.wrap(mask));
                score(pending, drawn.picture());
            }
            answer.setScores(pending.measures());
            answer.setParameters(artist.parameters(kind));
            return new Answered(pending.received(), answer.build());
        } catch (RefusedException e) {
            return refused(pending.received(), model, e, pending.measures(), seconds);
        }
    }

    private static void requireRoom(int bytes) throws RefusedException {
        int room = Topic.MAX_PICTURE_RECORD_BYTES - ROOM_FOR_THE_REST;
        if (bytes > room) {
            throw new RefusedException(
                    RefusalReason.NEGATIVE_TOO_LARGE, "negative and mask have " + bytes + " bytes of " + room);
        }
    }

    private Answered refused(
            Received received,
            ServedModel model,
            RefusedException refusal,
            SortedMap<String, Double> measures,
            double seconds) {
        return new Answered(
                received,
                answer(received, model, seconds)
                        .setRefusal(new NegativeRefusal(refusal.reason(), refusal.evidence(), refusal.rejectsImage()))
                        .setScores(measures)
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
