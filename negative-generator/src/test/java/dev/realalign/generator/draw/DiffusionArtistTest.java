package dev.realalign.generator.draw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.generator.mask.Mask;
import dev.realalign.generator.mask.MaskRules;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The bundled model draws; the nine-channel network and U2-Net come from the shared reference data, where they are there. */
class DiffusionArtistTest {
    private static final int SIDE = 32;
    private static final Path TINY = Path.of(System.getProperty("realalign.home"), "models", "tiny-photo");
    private static final Path GOLDEN = Path.of(System.getProperty("realalign.shared"), "golden", "models");

    private static DrawSettings settings(int batch, SamplerChoice sampler, @Nullable Path u2net) {
        return new DrawSettings(0, batch, sampler, 4, 3, 0.5, 1, u2net, OptionalInt.empty(), 0.01, 0.95);
    }

    @ParameterizedTest
    @EnumSource(GeneratedKind.class)
    @DisplayName("The same subjects give the same bytes, each its own picture, and the pulse beats at every step")
    void repeatable(GeneratedKind kind) {
        List<Subject> subjects = subjects(3);
        AtomicInteger beats = new AtomicInteger();
        try (DiffusionArtist artist = DiffusionArtist.load(TINY, settings(4, SamplerChoice.DPM_SOLVER, null))) {
            long tensors = Tensor.liveCount();

            List<Drawing> first = artist.draw(kind, subjects, beats::incrementAndGet);
            List<Drawing> second = artist.draw(kind, subjects, () -> {});

            assertThat(Tensor.liveCount()).isEqualTo(tensors);
            assertThat(beats.get()).isEqualTo(kind == GeneratedKind.SDEDIT ? 2 : 4);
            for (int i = 0; i < subjects.size(); i++) {
                assertThat(pixels(first.get(i))).isEqualTo(pixels(second.get(i)));
                assertThat(pixels(first.get(i)))
                        .isNotEqualTo(pixels(subjects.get(i).picture()));
            }
            assertThat(pixels(first.get(0))).isNotEqualTo(pixels(first.get(1)));
        }
    }

    @ParameterizedTest
    @EnumSource(GeneratedKind.class)
    @DisplayName("What a picture is drawn together with changes it by no more than rounding: one level of 255")
    void batches(GeneratedKind kind) {
        List<Subject> subjects = subjects(5);
        List<Drawing> together;
        List<Drawing> alone;
        try (DiffusionArtist artist = DiffusionArtist.load(TINY, settings(5, SamplerChoice.MODEL, null))) {
            together = artist.draw(kind, subjects, () -> {});
        }
        try (DiffusionArtist artist = DiffusionArtist.load(TINY, settings(1, SamplerChoice.MODEL, null))) {
            alone = artist.draw(kind, subjects, () -> {});
        }
        for (int i = 0; i < subjects.size(); i++) {
            assertThat(largestDifference(pixels(together.get(i)), pixels(alone.get(i))))
                    .isLessThanOrEqualTo(1);
        }
    }

    @Test
    @DisplayName("Outside the mask an inpainted negative has the picture's own pixels, inside it does not")
    void outsideTheMask() {
        List<Subject> subjects = subjects(4);
        try (DiffusionArtist artist = DiffusionArtist.load(TINY, settings(3, SamplerChoice.DPM_SOLVER, null))) {
            List<Drawing> drawings = artist.draw(GeneratedKind.SALIENCY_INPAINTING, subjects, () -> {});
            for (int i = 0; i < subjects.size(); i++) {
                requireKept(subjects.get(i), drawings.get(i));
            }
        }
    }

    @Test
    @DisplayName("A picture without a usable mask is left out; the others of its batch are drawn as without it")
    void maskless() {
        Subject plain = new Subject("nothing", 5, Scenes.oneColour(SIDE));
        Subject first = Scenes.subject(1, SIDE);
        Subject second = Scenes.subject(2, SIDE);
        try (DiffusionArtist artist = DiffusionArtist.load(TINY, settings(3, SamplerChoice.DPM_SOLVER, null))) {
            List<Drawing> with =
                    artist.draw(GeneratedKind.SALIENCY_INPAINTING, List.of(first, plain, second), () -> {});
            List<Drawing> without = artist.draw(GeneratedKind.SALIENCY_INPAINTING, List.of(first, second), () -> {});

            assertThat(with.get(1)).isInstanceOfSatisfying(Drawing.Undrawn.class, undrawn -> assertThat(undrawn.flaw())
                    .isEqualTo(MaskRules.Flaw.EMPTY_MASK));
            assertThat(pixels(with.get(0))).isEqualTo(pixels(without.get(0)));
            assertThat(pixels(with.get(2))).isEqualTo(pixels(without.get(1)));
        }
    }

    @Test
    @DisplayName("The nine-channel network paints into masks, keeps what lies outside, and draws nothing else")
    void nineChannels(@TempDir Path folder) throws IOException {
        Path unet = GOLDEN.resolve("sd15-inpaint-tiny").resolve("unet");
        Path rest = GOLDEN.resolve("sd15-tiny");
        assumeThat(Files.isDirectory(unet))
                .as("the shared reference data is not here")
                .isTrue();
        Files.createSymbolicLink(folder.resolve("unet"), unet.toAbsolutePath());
        for (String part : List.of("vae", "text_encoder", "tokenizer", "scheduler", "model_index.json")) {
            Files.createSymbolicLink(folder.resolve(part), rest.resolve(part).toAbsolutePath());
        }
        try (DiffusionArtist artist = DiffusionArtist.load(folder, settings(2, SamplerChoice.MODEL, null))) {
            List<Subject> subjects = subjects(2, artist.resolution());

            List<Drawing> drawings = artist.draw(GeneratedKind.SALIENCY_INPAINTING, subjects, () -> {});

            requireKept(subjects.get(0), drawings.get(0));
            requireKept(subjects.get(1), drawings.get(1));
            assertThat(artist.cannotDraw(GeneratedKind.SALIENCY_INPAINTING)).isEmpty();
            assertThat(artist.cannotDraw(GeneratedKind.TEXT_TO_IMAGE))
                    .contains("the base model's network has mask channels and only paints into masks");
            assertThat(artist.parameters(GeneratedKind.SALIENCY_INPAINTING)).containsEntry("mask.channels", "true");
        }
    }

    @Test
    @DisplayName("U2-Net's map makes the mask where its weights are given")
    void u2net() {
        Path weights = GOLDEN.resolve("u2netp-tiny").resolve("u2netp.safetensors");
        assumeThat(Files.isRegularFile(weights))
                .as("the shared reference data is not here")
                .isTrue();
        try (DiffusionArtist artist = DiffusionArtist.load(TINY, settings(2, SamplerChoice.DPM_SOLVER, weights))) {
            List<Subject> subjects = subjects(2);

            List<Drawing> drawings = artist.draw(GeneratedKind.SALIENCY_INPAINTING, subjects, () -> {});

            assertThat(artist.parameters(GeneratedKind.SALIENCY_INPAINTING))
                    .containsEntry("saliency", "u2net")
                    .containsEntry("mask.dilation.px", "0");
            for (int i = 0; i < subjects.size(); i++) {
                requireKept(subjects.get(i), drawings.get(i));
            }
        }
    }

    @Test
    @DisplayName("Settings that do not fit the model are refused when it is loaded")
    void unsuitable() {
        DrawSettings odd =
                new DrawSettings(33, 1, SamplerChoice.MODEL, 4, 3, 0.5, 1, null, OptionalInt.of(1), 0.01, 0.95);
        DrawSettings weak =
                new DrawSettings(0, 1, SamplerChoice.MODEL, 4, 3, 0.1, 1, null, OptionalInt.of(1), 0.01, 0.95);
        long tensors = Tensor.liveCount();

        assertThatThrownBy(() -> DiffusionArtist.load(TINY, odd))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("pictures of 33 pixels do not fit the model, whose sides are multiples of ")
                .hasMessageEndingWith("; it was trained at 32");
        assertThatThrownBy(() -> DiffusionArtist.load(TINY, weak))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0.1");
        assertThat(Tensor.liveCount()).isEqualTo(tensors);
    }

    private static void requireKept(Subject subject, Drawing drawing) {
        assertThat(drawing).isInstanceOf(Drawing.Drawn.class);
        Mask mask = ((Drawing.Drawn) drawing).mask();
        assertThat(mask).isNotNull();
        int[] real = pixels(subject.picture());
        int[] negative = pixels(drawing);
        int changed = 0;
        for (int i = 0; i < real.length; i++) {
            if (mask.inside()[i]) {
                changed += real[i] == negative[i] ? 0 : 1;
            } else {
                assertThat(negative[i]).as("pixel %d", i).isEqualTo(real[i]);
            }
        }
        assertThat(changed).isPositive();
    }

    private static List<Subject> subjects(int count) {
        return subjects(count, SIDE);
    }

    private static List<Subject> subjects(int count, int side) {
        List<Subject> subjects = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            subjects.add(Scenes.subject(i, side));
        }
        return subjects;
    }

    private static int[] pixels(Drawing drawing) {
        assertThat(drawing).isInstanceOf(Drawing.Drawn.class);
        return pixels(((Drawing.Drawn) drawing).picture());
    }

    private static int[] pixels(BufferedImage picture) {
        return picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
    }

    private static int largestDifference(int[] a, int[] b) {
        int largest = 0;
        for (int i = 0; i < a.length; i++) {
            for (int shift = 0; shift < 24; shift += 8) {
                largest = Math.max(largest, Math.abs((a[i] >> shift & 255) - (b[i] >> shift & 255)));
            }
        }
        return largest;
    }
}
