package dev.realalign.generator.answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.generator.draw.Artist;
import dev.realalign.generator.draw.Drawing;
import dev.realalign.generator.draw.GeneratedKind;
import dev.realalign.generator.draw.NetworkFailureException;
import dev.realalign.generator.draw.Subject;
import dev.realalign.generator.mask.Mask;
import dev.realalign.generator.mask.MaskRules;
import dev.realalign.generator.score.Judge;
import dev.realalign.runtime.BlobStore;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.GeneratedNegative;
import dev.realalign.schemas.NegativeRefusal;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.TrustedRecords;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every way in which a request is answered, with an artist that paints one colour. */
class RequestAnswererTest {
    private static final int SIDE = 8;
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");
    private static final ServedModel VERSION = new ServedModel("portraits", 7L, "d".repeat(64));

    @TempDir
    Path folder;

    private final SinglePainter artist = new SinglePainter();
    private final AtomicLong nanos = new AtomicLong();
    private BlobStore blobs;
    private BlobReference picture;
    private int next;

    @BeforeAll
    static void trust() {
        TrustedRecords.allow();
    }

    @BeforeEach
    void store() throws IOException {
        blobs = BlobStore.open(folder.toUri());
        picture = blobs.put(PngFile.of(new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB)));
    }

    @Test
    @DisplayName(
            "A negative comes with version, digest, seed, parameters, worker, time and its share of the batch's time")
    void negative() throws IOException {
        List<GeneratedNegative> answers = answers(
                request("TEXT_TO_IMAGE").build(), request("TEXT_TO_IMAGE").build());

        GeneratedNegative answer = answers.get(1);
        assertThat(answers).hasSize(2);
        assertThat(answer.getRefusal()).isNull();
        assertThat(answer.getImageId()).isEqualTo(id(1));
        assertThat(answer.getRecord()).isEqualTo(new RecordPosition(2, 1L));
        assertThat(answer.getKind()).isEqualTo("TEXT_TO_IMAGE");
        assertThat(answer.getModel()).isEqualTo("portraits");
        assertThat(answer.getModelVersion()).isEqualTo(7);
        assertThat(answer.getModelDigest()).isEqualTo("d".repeat(64));
        assertThat(answer.getSeed()).isEqualTo(101);
        assertThat(answer.getParameters()).containsExactly(Map.entry("steps", "4"));
        assertThat(answer.getGenerator()).isEqualTo("generator-one");
        assertThat(answer.getGeneratedAt()).isEqualTo(NOW);
        assertThat(answer.getSeconds()).isEqualTo(1.5); // 3 s for two
        assertThat(answer.getMask()).isNull();
        assertThat(image(answer.getNegative()).getRGB(3, 3)).isEqualTo(0xFF000065); // 101
    }

    @Test
    @DisplayName("An inpainted negative comes with its mask, white inside")
    void mask() throws IOException {
        GeneratedNegative answer =
                answers(request("SALIENCY_INPAINTING").build()).get(0);

        BufferedImage mask = image(answer.getMask());
        assertThat(mask.getRaster().getNumBands()).isEqualTo(1);
        assertThat(mask.getRaster().getSample(0, 0, 0)).isEqualTo(255);
        assertThat(mask.getRaster().getSample(1, 0, 0)).isZero();
    }

    @Test
    @DisplayName("What cannot be answered is refused with a reason and evidence, and says nothing against the image")
    void refusals() throws IOException {
        BlobReference missing = new BlobReference("a".repeat(64), 10L);
        BlobReference text = blobs.put("no picture".getBytes(StandardCharsets.UTF_8));
        BlobReference small = blobs.put(PngFile.of(new BufferedImage(4, 5, BufferedImage.TYPE_INT_RGB)));
        BlobReference damaged = blobs.put(new byte[] {1, 2, 3});
        Path file = folder.resolve(damaged.getSha256().substring(0, 2)).resolve(damaged.getSha256());
        Files.write(file, new byte[] {3, 2, 1});

        assertThat(refusal(request("OIL_PAINTING").build()))
                .isEqualTo(new NegativeRefusal(
                        "UNKNOWN_KIND",
                        "\"OIL_PAINTING\" is none of the kinds this generator draws: [TEXT_TO_IMAGE, SDEDIT,"
                                + " SALIENCY_INPAINTING]",
                        false));
        assertThat(refusal(request("SDEDIT").build()))
                .isEqualTo(new NegativeRefusal("UNSUPPORTED_KIND", "this painter never paints over", false));
        assertThat(refusal(request("TEXT_TO_IMAGE").setPicture(missing).build()))
                .isEqualTo(new NegativeRefusal(
                        "PICTURE_MISSING", "the blob store does not hold " + "a".repeat(64), false));
        assertThat(refusal(request("TEXT_TO_IMAGE").setPicture(text).build()).getReason())
                .isEqualTo("PICTURE_UNREADABLE");
        assertThat(refusal(request("TEXT_TO_IMAGE").setPicture(damaged).build()).getReason())
                .isEqualTo("PICTURE_DAMAGED");
        assertThat(refusal(request("TEXT_TO_IMAGE").setPicture(small).build()))
                .isEqualTo(new NegativeRefusal(
                        "WRONG_RESOLUTION", "the picture has 4x5 pixels, not the 8x8 of the request", false));
        assertThat(refusal(request("TEXT_TO_IMAGE").setResolution(512).build()))
                .isEqualTo(new NegativeRefusal(
                        "WRONG_RESOLUTION", "pictures of 512 pixels are wanted, this generator draws at 8", false));
        assertThat(refusal(request(null).setScores(List.of("BEAUTY")).build()))
                .isEqualTo(new NegativeRefusal("SCORES_UNAVAILABLE", "BEAUTY has no weights", false));
        assertThat(refusal(request("TEXT_TO_IMAGE").setGates(List.of("TASTE")).build()))
                .isEqualTo(new NegativeRefusal("GATE_UNAVAILABLE", "TASTE has no weights", false));
        assertThat(refusal(request("SALIENCY_INPAINTING").setCaption("dull").build()))
                .isEqualTo(new NegativeRefusal("EMPTY_MASK", "nothing stands out", false));
        assertThat(refusal(request("SALIENCY_INPAINTING").setCaption("garish").build()))
                .isEqualTo(new NegativeRefusal("FULL_MASK", "all stands out", false));
    }

    @Test
    @DisplayName("Scores come with a negative, of both pictures, together with what the gates measured")
    void scores() {
        GeneratedNegative answer = answers(request("TEXT_TO_IMAGE")
                        .setScores(List.of("PICKSCORE"))
                        .setGates(List.of("NOT_A_PHOTOGRAPH"))
                        .build())
                .get(0);

        assertThat(answer.getRefusal()).isNull();
        assertThat(answer.getNegative()).isNotNull();
        assertThat(answer.getScores())
                .isEqualTo(Map.of("PICKSCORE_REAL", 0.0, "PICKSCORE_NEGATIVE", 100.0, "SHARE", 0.75));
    }

    @Test
    @DisplayName("Where only scores are wanted, a negative that is there already is scored too, and nothing is drawn")
    void scoresAlone() throws IOException {
        BufferedImage drawn = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        drawn.setRGB(0, 0, 77);

        List<GeneratedNegative> answers = answers(
                request(null).setScores(List.of("PICKSCORE")).build(),
                request(null)
                        .setScores(List.of("PICKSCORE"))
                        .setNegative(blobs.put(PngFile.of(drawn)))
                        .build());

        assertThat(answers).allSatisfy(answer -> {
            assertThat(answer.getRefusal()).isNull();
            assertThat(answer.getNegative()).isNull();
        });
        assertThat(answers.get(0).getScores()).isEqualTo(Map.of("PICKSCORE_REAL", 0.0));
        assertThat(answers.get(1).getScores()).isEqualTo(Map.of("PICKSCORE_REAL", 0.0, "PICKSCORE_NEGATIVE", 77.0));
    }

    @Test
    @DisplayName("A gate's objection rejects the image itself, with what was measured; nothing is drawn")
    void objection() throws IOException {
        BufferedImage cartoon = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        cartoon.setRGB(0, 0, 1);
        GeneratedNegative answer = answers(request("TEXT_TO_IMAGE")
                        .setPicture(blobs.put(PngFile.of(cartoon)))
                        .setGates(List.of("NOT_A_PHOTOGRAPH"))
                        .build())
                .get(0);

        assertThat(answer.getRefusal()).isEqualTo(new NegativeRefusal("NOT_A_PHOTOGRAPH", "drawn by hand", true));
        assertThat(answer.getNegative()).isNull();
        assertThat(answer.getScores()).isEqualTo(Map.of("SHARE", 0.25));
    }

    @Test
    @DisplayName("A judge that fails costs the one request its answer")
    void failingJudge() {
        List<GeneratedNegative> answers = answers(
                request("TEXT_TO_IMAGE").setScores(List.of("PICKSCORE")).build(),
                request("TEXT_TO_IMAGE")
                        .setCaption("unspeakable")
                        .setScores(List.of("PICKSCORE"))
                        .build());

        assertThat(answers.get(0).getNegative()).isNotNull();
        assertThat(answers.get(1).getRefusal()).isEqualTo(new NegativeRefusal("NETWORK_FAILURE", "speechless", false));
    }

    @Test
    @DisplayName("Where a batch fails its pictures are tried alone, and only the one at fault is refused")
    void failingPicture() {
        List<GeneratedNegative> answers = answers(
                request("TEXT_TO_IMAGE").build(),
                request("TEXT_TO_IMAGE").setCaption("cursed").build(),
                request("TEXT_TO_IMAGE").build());

        assertThat(answers).hasSize(3);
        assertThat(answers.get(0).getNegative()).isNotNull();
        assertThat(answers.get(1).getRefusal())
                .isEqualTo(new NegativeRefusal("NETWORK_FAILURE", "out of paint", false));
        assertThat(answers.get(2).getNegative()).isNotNull();
    }

    @Test
    @DisplayName("A request whose deadline has passed is passed over; at the deadline it is still answered")
    void late() {
        List<GeneratedNegative> answers = answers(
                request("TEXT_TO_IMAGE").setDeadline(NOW.minusMillis(1)).build(),
                request("TEXT_TO_IMAGE").setDeadline(NOW).build());

        assertThat(answers).hasSize(1);
        assertThat(answers.get(0).getImageId()).isEqualTo(id(1));
    }

    @Test
    @DisplayName("What the pulse throws ends the work without answers")
    void stopped() {
        List<Received> requests = received(request("TEXT_TO_IMAGE").build());

        assertThatThrownBy(() -> answerer().answer(requests, VERSION, () -> {
                    throw new IllegalStateException("stop");
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("stop");
    }

    @Test
    @DisplayName("Answers are counted by kind and by reason")
    void counts() {
        List<Received> requests = received(
                request("TEXT_TO_IMAGE").build(),
                request("TEXT_TO_IMAGE").build(),
                request("SDEDIT").build(),
                request("SALIENCY_INPAINTING").setDeadline(Instant.EPOCH).build());
        List<Answered> answers = answerer().answer(requests, VERSION, () -> {});
        AnswerCounts counts = new AnswerCounts();

        counts.finished(answers, requests.size() - answers.size());
        counts.undecodable();

        AnswerCounts.Numbers numbers = counts.numbers();
        assertThat(numbers.negatives()).containsExactly(Map.entry("TEXT_TO_IMAGE", 2L));
        assertThat(numbers.refusals()).containsExactly(Map.entry("UNSUPPORTED_KIND", 1L));
        assertThat(numbers.late()).isEqualTo(1);
        assertThat(numbers.undecodable()).isEqualTo(1);
    }

    private NegativeRefusal refusal(NegativeRequest request) {
        List<GeneratedNegative> answers = answers(request);
        assertThat(answers).hasSize(1);
        assertThat(answers.get(0).getNegative()).isNull();
        assertThat(answers.get(0).getKind()).isEqualTo(request.getKind());
        assertThat(answers.get(0).getRefusal()).isNotNull();
        assertThat(answers.get(0).getRefusal().getRejectsImage()).isFalse();
        return answers.get(0).getRefusal();
    }

    private List<GeneratedNegative> answers(NegativeRequest... requests) {
        return answerer().answer(received(requests), VERSION, () -> {}).stream()
                .map(Answered::answer)
                .toList();
    }

    private RequestAnswerer answerer() {
        return new RequestAnswerer(
                artist, new SeedJudge(), blobs, "generator-one", InstantSource.fixed(NOW), nanos::get);
    }

    private static List<Received> received(NegativeRequest... requests) {
        List<Received> received = new ArrayList<>();
        for (NegativeRequest request : requests) {
            received.add(new Received(0, received.size(), request));
        }
        return received;
    }

    private NegativeRequest.Builder request(@Nullable String kind) {
        int number = next++;
        return NegativeRequest.newBuilder()
                .setImageId(id(number))
                .setCaption("a photo")
                .setPicture(picture)
                .setRecord(new RecordPosition(2, (long) number))
                .setKind(kind)
                .setResolution(SIDE)
                .setSeed(100L + number)
                .setGates(List.of())
                .setScores(List.of())
                .setRequestedAt(NOW.minusSeconds(1))
                .setDeadline(NOW.plusSeconds(60));
    }

    /** Scores a picture by the colour of its first pixel, and objects to one colour. */
    private static final class SeedJudge implements Judge {
        @Override
        public Optional<String> cannotScore(String score) {
            return score.equals("PICKSCORE") ? Optional.empty() : Optional.of(score + " has no weights");
        }

        @Override
        public Optional<String> cannotJudge(String gate) {
            return gate.equals("NOT_A_PHOTOGRAPH") ? Optional.empty() : Optional.of(gate + " has no weights");
        }

        @Override
        public SortedMap<String, Double> score(
                String score, String caption, BufferedImage real, @Nullable BufferedImage negative) {
            if (caption.equals("unspeakable")) {
                throw new NetworkFailureException("speechless", null);
            }
            SortedMap<String, Double> scores = new TreeMap<>();
            scores.put("PICKSCORE_REAL", (double) (real.getRGB(0, 0) & 0xFFFFFF));
            if (negative != null) {
                scores.put("PICKSCORE_NEGATIVE", (double) (negative.getRGB(0, 0) & 0xFFFFFF));
            }
            return scores;
        }

        @Override
        public Verdict judge(String gate, BufferedImage real) {
            assertThat(real.getWidth()).isEqualTo(SIDE);
            boolean hand = real.getRGB(0, 0) == 0xFF000001;
            return new Verdict(hand ? "drawn by hand" : null, "SHARE", hand ? 0.25 : 0.75);
        }
    }

    private static String id(int number) {
        return Sha256.hex(("image " + number).getBytes(StandardCharsets.UTF_8));
    }

    private static BufferedImage image(ByteBuffer png) throws IOException {
        byte[] bytes = new byte[png.remaining()];
        png.duplicate().get(bytes);
        return ImageIO.read(new ByteArrayInputStream(bytes));
    }

    /** Paints the seed as a colour; takes 3 s for a call. */
    private final class SinglePainter implements Artist {
        @Override
        public Optional<String> cannotDraw(GeneratedKind kind) {
            return kind == GeneratedKind.SDEDIT ? Optional.of("this painter never paints over") : Optional.empty();
        }

        @Override
        public int resolution() {
            return SIDE;
        }

        @Override
        public List<Drawing> draw(GeneratedKind kind, List<Subject> subjects, Pulse pulse) {
            pulse.beat();
            nanos.addAndGet(3_000_000_000L);
            if (subjects.stream().anyMatch(subject -> subject.caption().equals("cursed"))) {
                throw new NetworkFailureException("out of paint", null);
            }
            return subjects.stream().map(subject -> drawing(kind, subject)).toList();
        }

        private static Drawing drawing(GeneratedKind kind, Subject subject) {
            if (subject.caption().equals("dull")) {
                return new Drawing.Undrawn(MaskRules.Flaw.EMPTY_MASK, "nothing stands out");
            }
            if (subject.caption().equals("garish")) {
                return new Drawing.Undrawn(MaskRules.Flaw.FULL_MASK, "all stands out");
            }
            BufferedImage picture = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
            for (int i = 0; i < SIDE * SIDE; i++) {
                picture.setRGB(i % SIDE, i / SIDE, (int) subject.seed());
            }
            boolean[] first = new boolean[SIDE * SIDE];
            first[0] = true;
            return new Drawing.Drawn(
                    picture, kind == GeneratedKind.SALIENCY_INPAINTING ? new Mask(SIDE, SIDE, first) : null);
        }

        @Override
        public SortedMap<String, String> parameters(GeneratedKind kind) {
            return new TreeMap<>(Map.of("steps", "4"));
        }
    }
}
