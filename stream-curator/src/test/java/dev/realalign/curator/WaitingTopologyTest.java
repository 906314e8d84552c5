package dev.realalign.curator;

import static dev.realalign.curator.TestPictures.clouds;
import static dev.realalign.curator.TestPictures.file;
import static dev.realalign.curator.TestPictures.flat;
import static dev.realalign.curator.TopologyHarness.image;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.image.PngEncoder;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.similar.HeldOutPictures;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.GeneratedNegative;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.NegativeRefusal;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.ShadowRejection;
import dev.realalign.schemas.SimilarImage;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.WaitingImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Images that wait: for the owners of their perceptual hash, for a generator, for both. */
class WaitingTopologyTest {
    private static final String SIMILARITY_ON = "NEAR_DUPLICATE:on,OWN_OUTPUT:on";
    private static final String ALONE = "NEAR_DUPLICATE:off,OWN_OUTPUT:off";
    private static final String ALL_GENERATED = "SDEDIT:1000000,LOCAL_WARP:0.000001";
    private static final int SIDE = 32;

    @TempDir
    private Path folder;

    private TopologyHarness curator(String modes, String... settings) {
        Map<String, String> given = new HashMap<>(Map.of("curation.gate.modes", modes));
        for (int i = 0; i < settings.length; i += 2) {
            given.put(settings[i], settings[i + 1]);
        }
        return new TopologyHarness(folder, given);
    }

    private TopologyHarness generating(String modes) {
        return curator(modes, "curation.negative.mix", ALL_GENERATED);
    }

    private static byte[] picture(long seed) {
        return file(clouds(seed, 64, 64), "png");
    }

    /** The same picture at another size: other bytes, and nearly the same hash. */
    private static byte[] copy(long seed, int size) {
        return file(clouds(seed, size, size), "png");
    }

    private static String id(byte[] original) {
        return ImageId.of(original).hex();
    }

    // near duplicates

    @Test
    void different_pictures_are_all_accepted() {
        try (TopologyHarness curator = curator(SIMILARITY_ON)) {
            for (int i = 0; i < 20; i++) {
                assertThat(curator.feed(picture(i))).isInstanceOf(PreferenceTriple.class);
            }
            assertThat(curator.requests()).isEmpty();
        }
    }

    @Test
    void a_picture_that_waited_becomes_the_triple_it_would_have_become_at_once(@TempDir Path other) {
        byte[] original = picture(3);
        SpecificRecord waited;
        try (TopologyHarness curator = curator(SIMILARITY_ON)) {
            waited = curator.feed(original);
        }
        try (TopologyHarness alone = new TopologyHarness(other, Map.of("curation.gate.modes", ALONE))) {
            PreferenceTriple straight = (PreferenceTriple) alone.feed(original);
            assertThat(PreferenceTriple.newBuilder((PreferenceTriple) waited)
                            .setCuratorVersion(straight.getCuratorVersion())
                            .build())
                    .isEqualTo(straight);
        }
    }

    @Test
    void a_near_duplicate_is_rejected_with_the_picture_it_resembles() {
        try (TopologyHarness curator = curator(SIMILARITY_ON)) {
            byte[] first = picture(1);
            curator.feed(picture(7));
            assertThat(curator.feed(first)).isInstanceOf(PreferenceTriple.class);

            ImageRejection rejection = (ImageRejection) curator.feed(copy(1, 80));

            assertThat(rejection.getReason()).isEqualTo("NEAR_DUPLICATE");
            SimilarImage similar = rejection.getSimilar();
            assertThat(similar.getImageId()).isEqualTo(id(first));
            assertThat(similar.getRecord()).isEqualTo(new RecordPosition(0, 1L));
            assertThat(similar.getDistance()).isBetween(0, 6);
            assertThat(rejection.getEvidence())
                    .isEqualTo("it looks like image " + id(first)
                            + " of the record at offset 1 of partition 0: their perceptual hashes differ in "
                            + similar.getDistance() + " of 64 bits, up to 6 count as near");
            assertThat(curator.counts.rejected()).containsEntry(Reason.NEAR_DUPLICATE, 1L);
        }
    }

    @Test
    void in_shadow_mode_a_near_duplicate_is_noted_and_accepted_and_holds_no_place() {
        try (TopologyHarness curator = curator("NEAR_DUPLICATE:shadow")) {
            byte[] first = picture(1);
            curator.feed(first);

            PreferenceTriple second = (PreferenceTriple) curator.feed(copy(1, 80));
            PreferenceTriple third = (PreferenceTriple) curator.feed(copy(1, 72));

            for (PreferenceTriple triple : List.of(second, third)) {
                assertThat(triple.getShadow())
                        .extracting(ShadowRejection::getReason)
                        .containsExactly("NEAR_DUPLICATE");
                assertThat(triple.getShadow().get(0).getEvidence()).startsWith("it looks like image " + id(first));
            }
            assertThat(curator.counts.shadowed()).containsEntry(Reason.NEAR_DUPLICATE, 2L);
        }
    }

    @Test
    void a_distance_of_0_bits_lets_everything_pass_that_is_not_the_same() {
        try (TopologyHarness curator = curator(SIMILARITY_ON, "curation.gate.similar.max.distance.bits", "0")) {
            byte[] changed = copy(1, 80);
            curator.feed(picture(1));
            SpecificRecord second = curator.feed(changed);

            // the same pixels in another file type have the same hash
            ImageRejection third = (ImageRejection) curator.feed(file(clouds(1, 64, 64), "bmp"));

            assertThat(third.getSimilar().getDistance()).isZero();
            assertThat(second).isNotNull();
        }
    }

    @Test
    void a_picture_that_was_rejected_in_the_end_does_not_stand_in_the_way_of_its_copies() {
        try (TopologyHarness curator = generating(SIMILARITY_ON)) {
            curator.give(image(picture(1)).build());
            NegativeRequest request = curator.requests().get(0);
            curator.answer(refusal(request, "DRAWING", true));
            assertThat(reason(curator.onlyResult())).isEqualTo("REFUSED_BY_GENERATOR");

            curator.give(image(copy(1, 80)).build());

            curator.answer(good(curator.requests().get(0)));
            assertThat(curator.onlyResult()).isInstanceOf(PreferenceTriple.class);
        }
    }

    @Test
    void the_picture_of_an_image_that_waits_is_renewed_in_the_blob_store_until_its_verdict() {
        try (TopologyHarness curator = curator(
                ALONE,
                "curation.negative.mix",
                ALL_GENERATED,
                "curation.generated.deadline.ms",
                "400000",
                "curator.waiting.keep.ms",
                "400000")) {
            Map<BlobReference, Instant> renewed = curator.blobs.ofWaiting().renewed;
            curator.give(image(picture(1)).build());
            NegativeRequest request = curator.requests().get(0);

            curator.pass(Duration.ofSeconds(100));
            assertThat(renewed).containsEntry(request.getPicture(), TopologyHarness.NOW.plusSeconds(100));
            curator.pass(Duration.ofSeconds(99));
            curator.pass(Duration.ofSeconds(1));
            assertThat(renewed).containsEntry(request.getPicture(), TopologyHarness.NOW.plusSeconds(200));

            curator.answer(good(request));
            curator.pass(Duration.ofSeconds(100));
            assertThat(renewed).containsEntry(request.getPicture(), TopologyHarness.NOW.plusSeconds(200));
        }
    }

    @Test
    void pictures_are_renewed_a_few_at_a_time_and_the_mark_says_when_their_round_began() throws IOException {
        try (TopologyHarness curator = curator(
                ALONE,
                "curation.negative.mix",
                ALL_GENERATED,
                "curation.generated.deadline.ms",
                "400000",
                "curator.waiting.keep.ms",
                "400000")) {
            TopologyHarness.MemoryBlobs waiting = curator.blobs.ofWaiting();
            BlobReference mark = waiting.put(WaitingPictures.mark(curator.config.applicationId(), 0));
            for (int i = 0; i < 40; i++) {
                curator.give(image(picture(i)).build());
            }

            curator.pass(Duration.ofMillis(100));
            assertThat(waiting.renewed).hasSize(32).doesNotContainKey(mark);
            curator.pass(Duration.ofMillis(100));
            assertThat(waiting.renewed).hasSize(41).containsEntry(mark, TopologyHarness.NOW.plusMillis(100));
            assertThat(waiting.renewed.keySet())
                    .containsAll(curator.requests().stream()
                            .map(NegativeRequest::getPicture)
                            .toList());
        }
    }

    @Test
    void a_picture_that_an_earlier_build_kept_among_the_originals_is_found() throws IOException {
        try (TopologyHarness curator = generating(ALONE)) {
            RealImage image = image(picture(1)).build();
            WaitingImage waits = WaitingImage.newBuilder()
                    .setImage(image)
                    .setRecord(new RecordPosition(0, 7L))
                    .setHash(1)
                    .setPicture(curator.blobs.put(picture(1)))
                    .setWaitsFor("GENERATOR")
                    .setHoldsPlaces(false)
                    .setDeadline(TopologyHarness.NOW)
                    .build();
            RecordJudge judge = new RecordJudge(
                    curator.config,
                    new RecordReader<>(
                            Topics.REAL_IMAGES, curator.config.cluster().registry()),
                    curator.blobs,
                    HeldOutPictures.NONE);

            assertThat(judge.again(waits))
                    .hasValueSatisfying(again -> assertThat(again.png()).isEqualTo(picture(1)));
        }
    }

    @Test
    void a_copy_waits_for_the_verdict_on_the_first_and_is_rejected_when_that_is_accepted() {
        try (TopologyHarness curator = generating(SIMILARITY_ON)) {
            byte[] first = picture(1);
            curator.give(image(first).build());
            NegativeRequest request = curator.requests().get(0);
            curator.give(image(copy(1, 80)).build());
            curator.give(image(copy(1, 72)).build());
            assertThat(curator.requests()).isEmpty();
            assertThat(curator.results()).isEmpty();

            curator.answer(good(request));

            List<SpecificRecord> results = curator.results();
            assertThat(results).hasSize(3);
            assertThat(((PreferenceTriple) results.get(0)).getImageId()).isEqualTo(id(first));
            for (SpecificRecord copy : results.subList(1, 3)) {
                assertThat(reason(copy)).isEqualTo("NEAR_DUPLICATE");
                assertThat(((ImageRejection) copy).getSimilar().getImageId()).isEqualTo(id(first));
            }
        }
    }

    @Test
    void a_copy_takes_the_place_of_the_first_when_that_is_rejected() {
        try (TopologyHarness curator = generating(SIMILARITY_ON)) {
            byte[] second = copy(1, 80);
            curator.give(image(picture(1)).build());
            NegativeRequest request = curator.requests().get(0);
            curator.give(image(second).build());
            curator.give(image(copy(1, 72)).build());

            curator.answer(refusal(request, "DRAWING", true));

            assertThat(reason(curator.onlyResult())).isEqualTo("REFUSED_BY_GENERATOR");
            NegativeRequest next = curator.requests().get(0);
            assertThat(next.getImageId()).isEqualTo(id(second));
            curator.answer(good(next));
            assertThat(curator.results())
                    .extracting(WaitingTopologyTest::reason)
                    .containsExactly("a triple", "NEAR_DUPLICATE");
        }
    }

    @Test
    void the_same_bytes_again_are_a_near_duplicate_where_that_gate_is_all_there_is() {
        try (TopologyHarness curator = curator("DUPLICATE:off,NEAR_DUPLICATE:on")) {
            curator.feed(picture(1));

            assertThat(reason(curator.feed(picture(1)))).isEqualTo("NEAR_DUPLICATE");
        }
    }

    // held-out pictures

    @Test
    void a_picture_near_to_a_held_out_one_is_rejected_with_its_name() throws IOException {
        Path root = folder.resolve("held-out");
        Path heldOut = Files.createDirectories(root.resolve("test"));
        Files.write(heldOut.resolve("a.png"), picture(1));
        Files.write(heldOut.resolve("b.png"), picture(2));
        try (TopologyHarness curator = curator(ALONE, "curation.gate.held.out.images", root.toString())) {
            ImageRejection rejection = (ImageRejection) curator.feed(copy(2, 80));

            assertThat(rejection.getReason()).isEqualTo("HELD_OUT_LEAK");
            assertThat(rejection.getEvidence()).startsWith("it looks like the held-out picture test/b.png: their");
            assertThat(rejection.getSimilar().getImageId()).isEqualTo("test/b.png");
            assertThat(rejection.getSimilar().getRecord()).isNull();
            assertThat(curator.feed(picture(3))).isInstanceOf(PreferenceTriple.class);
        }
    }

    @Test
    void held_out_files_that_are_no_pictures_or_not_there_are_named_at_once() throws IOException {
        Path words = Files.writeString(folder.resolve("words.txt"), "words");
        Path gone = folder.resolve("gone");

        assertThatThrownBy(() -> curator(ALONE, "curation.gate.held.out.images", words + "," + gone))
                .isInstanceOf(UserErrorException.class)
                .hasMessageContaining("curation.gate.held.out.images names " + words
                        + ", which is no picture that can be decoded. Take it out.")
                .hasMessageContaining("curation.gate.held.out.images names " + gone + ", which cannot be read: ");
    }

    // our own output

    @Test
    void a_picture_near_to_a_generated_negative_is_our_own_output() {
        try (TopologyHarness curator = generating(SIMILARITY_ON)) {
            byte[] source = picture(1);
            curator.give(image(source).build());
            curator.answer(answer(curator.requests().get(0))
                    .setNegative(png(clouds(50, SIDE, SIDE)))
                    .build());
            curator.onlyResult();

            ImageRejection rejection = (ImageRejection) curator.feed(copy(50, 64));

            assertThat(rejection.getReason()).isEqualTo("OWN_OUTPUT");
            assertThat(rejection.getSimilar().getImageId()).isEqualTo(id(source));
            assertThat(rejection.getEvidence())
                    .startsWith("it looks like the negative that was generated for image " + id(source));
        }
    }

    @Test
    void a_generated_negative_near_to_its_own_source_is_not_remembered() {
        try (TopologyHarness curator =
                curator("NEAR_DUPLICATE:off,OWN_OUTPUT:on", "curation.negative.mix", ALL_GENERATED)) {
            curator.give(image(picture(1)).build());
            curator.answer(good(curator.requests().get(0)));
            curator.onlyResult();

            curator.give(image(copy(1, 80)).build());

            assertThat(curator.requests()).hasSize(1);
            assertThat(curator.results()).isEmpty();
        }
    }

    // generated negatives

    @Test
    void an_image_that_wants_a_generated_negative_asks_for_it_and_joins_the_answer() {
        try (TopologyHarness curator = generating(ALONE)) {
            byte[] original = picture(1);
            curator.give(image(original).setCaption("clouds").build());

            NegativeRequest request = curator.requests().get(0);
            assertThat(request.getImageId()).isEqualTo(id(original));
            assertThat(request.getCaption()).isEqualTo("clouds");
            assertThat(request.getKind()).isEqualTo("SDEDIT");
            assertThat(request.getResolution()).isEqualTo(SIDE);
            assertThat(request.getGates()).isEmpty();
            assertThat(request.getNegative()).isNull();
            assertThat(request.getRequestedAt()).isEqualTo(TopologyHarness.NOW);
            assertThat(request.getDeadline()).isEqualTo(TopologyHarness.NOW.plusSeconds(120));
            assertThat(curator.results()).isEmpty();

            RgbImage negative = changed(SIDE);
            RgbImage everything = flat(SIDE, SIDE, 0xFFFFFF);
            curator.answer(answer(request)
                    .setNegative(png(negative))
                    .setMask(png(everything))
                    .setScores(Map.of("PICKSCORE_REAL", 0.7))
                    .build());

            PreferenceTriple triple = (PreferenceTriple) curator.onlyResult();
            assertThat(bytes(triple.getReal()))
                    .isEqualTo(curator.blobs.ofWaiting().get(request.getPicture()));
            assertThat(bytes(triple.getNegative())).isEqualTo(PngEncoder.encode(negative));
            assertThat(bytes(triple.getMask())).isEqualTo(PngEncoder.encode(everything));
            assertThat(triple.getKind()).isEqualTo("SDEDIT");
            assertThat(triple.getSeed()).isEqualTo(request.getSeed());
            assertThat(triple.getGeneratorModel()).isEqualTo("tiny");
            assertThat(triple.getGeneratorVersion()).isEqualTo(4L);
            assertThat(triple.getGeneratorDigest()).isEqualTo("d4");
            assertThat(triple.getParameters()).isEqualTo(Map.of("steps", "20"));
            assertThat(triple.getScores()).isEqualTo(Map.of("PICKSCORE_REAL", 0.7));
            assertThat(triple.getFallback()).isNull();
            assertThat(triple.getRegion()).isNull();
            assertThat(triple.getRecord()).isEqualTo(request.getRecord());
            assertThat(curator.counts.answersDropped()).isZero();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static Stream<Arguments> flaws() {
        RgbImage small = clouds(2, 16, 16);
        RgbImage black = flat(SIDE, SIDE, 0);
        return Stream.of(
                arguments("no negative at all", null, null, "NO_NEGATIVE"),
                arguments("no PNG", ByteBuffer.wrap(new byte[] {1, 2, 3}), null, "NEGATIVE_UNREADABLE"),
                arguments("a truncated PNG", cut(png(changed(SIDE))), null, "NEGATIVE_UNREADABLE"),
                arguments("another size", png(small), null, "NEGATIVE_OF_OTHER_SIZE"),
                arguments("a mask that is no PNG", png(changed(SIDE)), ByteBuffer.wrap(new byte[9]), "MASK_UNREADABLE"),
                arguments("a mask of another size", png(changed(SIDE)), png(small), "MASK_UNREADABLE"),
                arguments("a change where the mask is black", png(changed(SIDE)), png(black), "CHANGED_OUTSIDE_MASK"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("flaws")
    void a_negative_that_cannot_be_learned_from_is_replaced_by_a_perturbation_which_says_why(
            String name, @Nullable ByteBuffer negative, @Nullable ByteBuffer mask, String fallback) {
        try (TopologyHarness curator = generating(ALONE)) {
            curator.give(image(picture(1)).build());
            NegativeRequest request = curator.requests().get(0);

            curator.answer(answer(request).setNegative(negative).setMask(mask).build());

            PreferenceTriple triple = (PreferenceTriple) curator.onlyResult();
            assertThat(triple.getKind()).isEqualTo("LOCAL_WARP");
            assertThat(triple.getFallback()).isEqualTo(fallback);
            assertThat(triple.getGeneratorModel()).isNull();
            assertThat(triple.getScores()).isEmpty();
            assertThat(triple.getMask()).isNull();
        }
    }

    @Test
    void a_negative_that_equals_its_picture_or_is_of_another_kind_is_replaced_too() throws IOException {
        try (TopologyHarness curator = generating(ALONE)) {
            curator.give(image(picture(1)).build());
            NegativeRequest request = curator.requests().get(0);
            curator.answer(answer(request)
                    .setNegative(ByteBuffer.wrap(curator.blobs.ofWaiting().get(request.getPicture())))
                    .build());
            assertThat(((PreferenceTriple) curator.onlyResult()).getFallback()).isEqualTo("NEGATIVE_TOO_CLOSE");

            curator.give(image(picture(2)).build());
            curator.answer(GeneratedNegative.newBuilder(good(curator.requests().get(0)))
                    .setKind("TEXT_TO_IMAGE")
                    .build());
            assertThat(((PreferenceTriple) curator.onlyResult()).getFallback()).isEqualTo("OTHER_KIND");
        }
    }

    @Test
    void a_refused_kind_is_replaced_by_a_perturbation_with_the_generators_reason() {
        try (TopologyHarness curator = generating(ALONE)) {
            curator.give(image(picture(1)).build());

            curator.answer(refusal(curator.requests().get(0), "EMPTY_MASK", false));

            PreferenceTriple triple = (PreferenceTriple) curator.onlyResult();
            assertThat(triple.getFallback()).isEqualTo("EMPTY_MASK");
            assertThat(triple.getKind()).isEqualTo("LOCAL_WARP");
        }
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                arguments("on", "NOT_A_PHOTOGRAPH", "NOT_A_PHOTOGRAPH", "seen: a drawing"),
                arguments("on", "SOMETHING_ELSE", "REFUSED_BY_GENERATOR", "SOMETHING_ELSE: seen: a drawing"),
                arguments("shadow", "NOT_A_PHOTOGRAPH", "a triple", null));
    }

    @ParameterizedTest(name = "a gate that is {0} and says {1} ends in {2}")
    @MethodSource("refusals")
    void a_model_backed_gate_is_asked_by_its_mode_and_its_refusal_follows_it(
            String mode, String refused, String reason, @Nullable String evidence) {
        try (TopologyHarness curator = curator(ALONE + ",NOT_A_PHOTOGRAPH:" + mode)) {
            curator.give(image(picture(1)).build());
            NegativeRequest request = curator.requests().get(0);
            assertThat(request.getGates()).containsExactly("NOT_A_PHOTOGRAPH");
            assertThat(request.getKind()).isNull();

            curator.answer(refusal(request, refused, true));

            SpecificRecord result = curator.onlyResult();
            assertThat(reason(result)).isEqualTo(reason);
            if (result instanceof ImageRejection rejection) {
                assertThat(rejection.getEvidence()).isEqualTo(evidence);
            } else {
                assertThat(((PreferenceTriple) result).getShadow())
                        .containsExactly(new ShadowRejection("NOT_A_PHOTOGRAPH", "seen: a drawing"));
                assertThat(((PreferenceTriple) result).getFallback()).isNull();
            }
        }
    }

    @Test
    void scores_are_asked_for_both_halves_of_a_perturbed_pair() throws IOException {
        try (TopologyHarness curator = curator(ALONE, "curation.generated.scores", "PICKSCORE")) {
            curator.give(image(picture(1)).build());
            NegativeRequest request = curator.requests().get(0);
            assertThat(request.getKind()).isNull();
            assertThat(request.getScores()).containsExactly("PICKSCORE");

            Map<String, Double> scores = Map.of("PICKSCORE_REAL", 0.8, "PICKSCORE_NEGATIVE", 0.2);
            curator.answer(answer(request).setScores(scores).build());

            PreferenceTriple triple = (PreferenceTriple) curator.onlyResult();
            assertThat(triple.getScores()).isEqualTo(scores);
            assertThat(bytes(triple.getNegative()))
                    .isEqualTo(curator.blobs.ofWaiting().get(request.getNegative()));
            assertThat(triple.getGeneratorModel()).isNull();
        }
    }

    @Test
    void a_deadline_brings_a_perturbation_and_answers_after_it_are_dropped_and_counted() {
        try (TopologyHarness curator = generating(ALONE)) {
            curator.give(image(picture(1)).build());
            NegativeRequest request = curator.requests().get(0);
            curator.pass(Duration.ofSeconds(119));
            assertThat(curator.results()).isEmpty();

            curator.pass(Duration.ofSeconds(1));

            PreferenceTriple triple = (PreferenceTriple) curator.onlyResult();
            assertThat(triple.getFallback()).isEqualTo("DEADLINE");
            assertThat(triple.getKind()).isEqualTo("LOCAL_WARP");
            assertThat(curator.counts.deadlinesPassed()).isEqualTo(1);
            curator.answer(good(request));
            assertThat(curator.results()).isEmpty();
            assertThat(curator.counts.answersDropped()).isEqualTo(1);
        }
    }

    @Test
    void a_gate_that_is_not_asked_in_time_lets_the_picture_pass() {
        try (TopologyHarness curator = curator(ALONE + ",NOT_A_PHOTOGRAPH:on")) {
            curator.give(image(picture(1)).build());

            curator.pass(Duration.ofSeconds(121));

            assertThat(((PreferenceTriple) curator.onlyResult()).getFallback()).isNull();
        }
    }

    @Test
    void more_deadlines_than_a_tick_ends_are_ended_by_the_next_ones() {
        try (TopologyHarness curator = generating(ALONE)) {
            for (int i = 0; i < 40; i++) {
                curator.give(image(picture(i)).build());
            }
            curator.pass(Duration.ofSeconds(120));
            assertThat(curator.results()).hasSize(16);

            curator.pass(Duration.ofMillis(100));
            curator.pass(Duration.ofMillis(100));

            assertThat(curator.results()).hasSize(24);
        }
    }

    @Test
    void a_second_answer_is_dropped_and_counted() {
        try (TopologyHarness curator = generating(ALONE)) {
            curator.give(image(picture(1)).build());
            NegativeRequest request = curator.requests().get(0);

            curator.answer(good(request));
            curator.answer(good(request));
            curator.pass(Duration.ofSeconds(500));

            assertThat(curator.results()).hasSize(1);
            assertThat(curator.counts.answersDropped()).isEqualTo(1);
        }
    }

    @Test
    void an_answer_nobody_asked_for_is_dropped_and_the_image_still_asks_for_its_own() {
        try (TopologyHarness curator = generating(ALONE)) {
            RealImage image = image(picture(1)).build();
            curator.answer(answer(NegativeRequest.newBuilder()
                            .setImageId(image.getImageId())
                            .setCaption("")
                            .setPicture(curator.blobs.put(new byte[] {1}))
                            .setRecord(new RecordPosition(0, 0L))
                            .setKind("SDEDIT")
                            .setResolution(SIDE)
                            .setSeed(1)
                            .setRequestedAt(Instant.EPOCH)
                            .setDeadline(Instant.EPOCH)
                            .build())
                    .build());
            assertThat(curator.counts.answersDropped()).isEqualTo(1);

            curator.give(image);

            assertThat(curator.requests()).hasSize(1);
            assertThat(curator.results()).isEmpty();
        }
    }

    @Test
    void a_source_may_have_a_mix_of_its_own() {
        try (TopologyHarness curator = curator(
                ALONE,
                "curation.negative.mix.by.source",
                "album/*=" + ALL_GENERATED.replace(',', ';') + ",album/b=LOCAL_BLUR:1,loose.jpg=LOCAL_BLUR:1")) {
            curator.give(image(picture(1)).setSource("album/a").build());
            curator.give(image(picture(2)).setSource("album/b").build());
            assertThat(curator.requests()).extracting(NegativeRequest::getKind).containsExactly("SDEDIT", "SDEDIT");

            PreferenceTriple loose = (PreferenceTriple)
                    curator.feed(image(picture(3)).setSource("loose.jpg").build());
            assertThat(loose.getKind()).isEqualTo("LOCAL_BLUR");
            assertThat(curator.feed(image(picture(4)).setSource("elsewhere").build()))
                    .isInstanceOf(PreferenceTriple.class);
        }
    }

    private static GeneratedNegative.Builder answer(NegativeRequest request) {
        return GeneratedNegative.newBuilder()
                .setImageId(request.getImageId())
                .setRecord(request.getRecord())
                .setKind(request.getKind())
                .setModel("tiny")
                .setModelVersion(4L)
                .setModelDigest("d4")
                .setSeed(request.getSeed())
                .setParameters(Map.of("steps", "20"))
                .setGenerator("test")
                .setGeneratedAt(Instant.EPOCH)
                .setSeconds(0.1);
    }

    private static GeneratedNegative good(NegativeRequest request) {
        return answer(request).setNegative(png(changed(SIDE))).build();
    }

    private static GeneratedNegative refusal(NegativeRequest request, String reason, boolean rejectsImage) {
        return answer(request)
                .setRefusal(new NegativeRefusal(reason, "seen: a drawing", rejectsImage))
                .build();
    }

    /** A negative that is near to the picture of seed 1, and different from every other one. */
    private static RgbImage changed(int side) {
        RgbImage image = clouds(1, side, side);
        for (int i = 0; i < image.rgb().length; i++) {
            image.rgb()[i] = (byte) Math.min(255, (image.rgb()[i] & 0xFF) + (i / 3 % 2 == 0 ? 24 : 0));
        }
        return image;
    }

    private static ByteBuffer png(RgbImage image) {
        return ByteBuffer.wrap(PngEncoder.encode(image));
    }

    private static ByteBuffer cut(ByteBuffer png) {
        return ByteBuffer.wrap(png.array(), 0, png.array().length / 2).slice();
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static String reason(SpecificRecord result) {
        return result instanceof ImageRejection rejection ? rejection.getReason() : "a triple";
    }
}
