package dev.realalign.evaluation.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.pipeline.RgbImages;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeatureTrainingTest {
    private static final FeatureTraining QUICK = new FeatureTraining(1, 12, 8, 3e-3);

    @TempDir
    Path folder;

    /** Upright and lying stripes in random colours. */
    private static List<LabelledPhoto> stripes() {
        Random random = new Random(1);
        List<LabelledPhoto> photos = new ArrayList<>();
        for (int i = 0; i < 96; i++) {
            boolean upright = i % 2 == 0;
            BufferedImage picture = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
            int one = random.nextInt(0x1000000);
            int other = random.nextInt(0x1000000);
            for (int y = 0; y < 32; y++) {
                for (int x = 0; x < 32; x++) {
                    picture.setRGB(x, y, (upright ? x : y) / 3 % 2 == 0 ? one : other);
                }
            }
            photos.add(new LabelledPhoto(
                    "%016x".formatted(random.nextLong()) + "0".repeat(48), upright ? "upright" : "lying", picture));
        }
        return photos;
    }

    @Test
    void it_learns_what_the_labels_say_and_writes_what_it_saw() throws IOException {
        List<LabelledPhoto> photos = stripes();
        List<String> lines = new ArrayList<>();
        FeatureTraining.Outcome outcome = QUICK.run(photos, folder, lines::add);
        assertThat(outcome.trained() + outcome.heldOut()).isEqualTo(96);
        assertThat(outcome.accuracy()).isGreaterThan(0.9);
        assertThat(lines).hasSize(12).last().asString().startsWith("epoch 12 of 12: loss ");
        try (PhotoClassifier loaded = PhotoClassifier.load(folder)) {
            assertThat(loaded.classes()).containsExactly("lying", "upright");
            assertThat(loaded.name())
                    .contains("trained on " + outcome.trained()
                            + " labelled photographs of 2 classes (seed 1, 12 epochs)");
            assertThat(photos).allSatisfy(photo -> assertThat(loaded.hasSeen(photo.imageId()))
                    .isEqualTo(FeatureTraining.isTrainedOn(photo.imageId())));
        }
    }

    @Test
    void the_same_photographs_and_seed_give_the_same_bytes() throws IOException {
        Path again = Files.createDirectory(folder.resolve("again"));
        new FeatureTraining(1, 1, 16, 3e-3).run(stripes(), folder, line -> {});
        new FeatureTraining(1, 1, 16, 3e-3).run(stripes(), again, line -> {});
        assertThat(again.resolve(PhotoClassifier.WEIGHTS))
                .hasSameBinaryContentAs(folder.resolve(PhotoClassifier.WEIGHTS));
    }

    @Test
    void a_picture_has_the_same_features_alone_and_among_others() {
        try (PhotoClassifier classifier = PhotoClassifier.random(1, List.of("none"));
                Tensor both = RgbImages.toTensor(
                        List.of(stripes().get(0).picture(), stripes().get(1).picture()));
                Tensor second = RgbImages.toTensor(List.of(stripes().get(1).picture()))) {
            double[][] rows = classifier.features(both);
            assertThat(rows).hasDimensions(2, PhotoClassifier.FEATURES);
            assertThat(classifier.features(second)[0]).containsExactly(rows[1], within(1e-5));
            assertThat(classifier.name()).startsWith("random features");
        }
    }

    @Test
    void photographs_of_one_label_teach_nothing() {
        List<LabelledPhoto> one = stripes().stream()
                .filter(photo -> photo.label().equals("lying"))
                .toList();
        assertThatThrownBy(() -> QUICK.run(one, folder, line -> {}))
                .hasMessage("features are trained on photographs of at least two labels, each with several photographs,"
                        + " not on 48 of 1");
    }

    @Test
    void another_network_is_refused() {
        SafeTensors.write(folder.resolve(PhotoClassifier.WEIGHTS), Map.of("x", Tensor.zeros(2)), Map.of());
        assertThatThrownBy(() -> PhotoClassifier.load(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("its header names no features");
        assertThatThrownBy(() -> PhotoClassifier.load(folder.resolve("nowhere")))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("the file does not exist");
    }
}
