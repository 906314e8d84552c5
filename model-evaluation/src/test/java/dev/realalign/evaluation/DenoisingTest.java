package dev.realalign.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.evaluation.statistics.Interval;
import dev.realalign.evaluation.statistics.Resampling;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Denoising errors of the bundled model. */
class DenoisingTest {
    private static final int PICTURES = 12;
    private static final DenoisingSettings SETTINGS = new DenoisingSettings(3, 4, 16);
    private static final Resampling RESAMPLING = new Resampling(5, 500);

    private static DiffusionModel model;

    @BeforeAll
    static void load() {
        Path folder = Path.of(System.getProperty("realalign.home", "."), "models", "tiny-photo");
        assumeTrue(Files.isDirectory(folder), "no model at " + folder);
        model = DiffusionModel.load(folder, LoadOptions.DEFAULT);
    }

    @AfterAll
    static void close() {
        if (model != null) {
            model.close();
        }
    }

    private static LoraAdapter fresh() {
        return LoraAdapter.create(model.denoiser(), new LoraConfig(2, 2), 1);
    }

    /** Noise of this deviation on every weight. */
    private static LoraAdapter damaged(double deviation) {
        LoraAdapter adapter = fresh();
        long seed = 0;
        for (Tensor weight : adapter.parameters().values()) {
            try (Tensor noise = Tensor.randn(seed++, weight.shape())) {
                weight.blendInPlace(1, noise, deviation);
            }
        }
        return adapter;
    }

    private static ErrorComparison compare(LoraAdapter adapter) {
        DenoisingMeter meter = new DenoisingMeter(model, List.of(adapter), SETTINGS);
        List<ImageErrors> errors = new ArrayList<>();
        for (int i = 0; i < PICTURES; i++) {
            errors.add(meter.measure(Pictures.number(i)));
        }
        return ErrorComparison.of(
                errors,
                1,
                IntStream.range(0, SETTINGS.bands()).mapToObj(meter::band).toList(),
                RESAMPLING);
    }

    @Test
    void an_adapter_that_changes_nothing_makes_no_difference_at_all() {
        try (LoraAdapter adapter = fresh()) {
            ErrorComparison comparison = compare(adapter);
            assertThat(comparison.verdict()).isEqualTo(Verdict.IDENTICAL);
            assertThat(comparison.difference()).isEqualTo(new Interval(0, 0, 0));
            assertThat(comparison.ratio()).isEqualTo(new Interval(1, 1, 1));
            assertThat(comparison.bands()).hasSize(4).allSatisfy(band -> assertThat(band.difference())
                    .isEqualTo(new Interval(0, 0, 0)));
            assertThat(comparison.kinds()).singleElement().satisfies(kind -> {
                assertThat(kind.margin()).isEqualTo(new Interval(0, 0, 0));
                assertThat(kind.implicitAccuracy()).isEqualTo(new Interval(0.5, 0.5, 0.5));
            });
        }
    }

    @Test
    void a_damaged_adapter_is_worse_beyond_its_interval() {
        try (LoraAdapter adapter = damaged(0.3)) {
            ErrorComparison comparison = compare(adapter);
            assertThat(comparison.verdict()).isEqualTo(Verdict.WORSE);
            assertThat(comparison.difference().low()).isPositive();
            assertThat(comparison.ratio().low()).isGreaterThan(1);
            assertThat(comparison.adapter() - comparison.base())
                    .isCloseTo(comparison.difference().value(), within(1e-12));
        }
    }

    @Test
    void a_picture_measures_the_same_whatever_is_measured_beside_it() {
        try (LoraAdapter first = damaged(0.1);
                LoraAdapter second = damaged(0.05)) {
            ImageErrors alone = new DenoisingMeter(model, List.of(second), SETTINGS).measure(Pictures.number(1));
            DenoisingMeter both = new DenoisingMeter(model, List.of(first, second), SETTINGS);
            both.measure(Pictures.number(0));
            ImageErrors beside = both.measure(Pictures.number(1));
            assertThat(beside.real()[0]).containsExactly(alone.real()[0]);
            assertThat(beside.real()[2]).containsExactly(alone.real()[1]);
        }
    }

    @Test
    void a_picture_and_its_negative_share_noise_and_timesteps() {
        ImageErrors errors = new DenoisingMeter(model, List.of(), SETTINGS).measure(Pictures.againstItself(0));
        double[] negative = Objects.requireNonNull(errors.negatives().get("NOTHING"))[0];
        assertThat(negative).containsExactly(errors.real()[0], within(1e-6));
    }

    @Test
    void another_seed_measures_at_other_noise() {
        ImageErrors one = new DenoisingMeter(model, List.of(), SETTINGS).measure(Pictures.number(0));
        ImageErrors other =
                new DenoisingMeter(model, List.of(), new DenoisingSettings(4, 4, 16)).measure(Pictures.number(0));
        assertThat(one.real()[0]).isNotEqualTo(other.real()[0]);
    }

    @Test
    void bands_cover_the_schedule_from_little_noise_to_much() {
        DenoisingMeter meter = new DenoisingMeter(model, List.of(), SETTINGS);
        assertThat(IntStream.range(0, 4).mapToObj(meter::band))
                .containsExactly(
                        new DenoisingMeter.Band(0, 249),
                        new DenoisingMeter.Band(250, 499),
                        new DenoisingMeter.Band(500, 749),
                        new DenoisingMeter.Band(750, 999));
    }

    @Test
    void a_latent_diffusion_model_is_measured() {
        requireMeasured(golden().resolve("sd15-tiny"));
    }

    /** The tiny reference folder has no tokenizers of its own. */
    @Test
    void a_flow_matching_model_is_measured(@TempDir Path folder) throws IOException {
        copy(golden().resolve("sd35m-tiny"), folder);
        copy(golden().resolve("sd15-tiny/tokenizer"), folder.resolve("tokenizer"));
        copy(golden().resolve("sd15-tiny/tokenizer"), folder.resolve("tokenizer_2"));
        Path index = folder.resolve("model_index.json");
        Files.writeString(
                index,
                Files.readString(index)
                        .replaceAll("\"(text_encoder_3|tokenizer_3)\": \\[[^\\]]*]", "\"$1\": [null, null]"));
        requireMeasured(folder);
    }

    private static Path golden() {
        Path models = Path.of(System.getProperty("realalign.shared", "none"), "golden", "models");
        assumeTrue(Files.isDirectory(models), "shared reference data lacks " + models);
        return models;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path copy = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(file, copy);
                }
            }
        }
    }

    private static void requireMeasured(Path folder) {
        try (DiffusionModel latent = DiffusionModel.load(folder, LoadOptions.DEFAULT);
                LoraAdapter adapter = LoraAdapter.create(latent.denoiser(), new LoraConfig(2, 2), 1)) {
            DenoisingMeter meter = new DenoisingMeter(latent, List.of(adapter), new DenoisingSettings(3, 2, 3));
            EvaluationImage picture = new EvaluationImage(
                    Pictures.id(0),
                    "a photo of a dog",
                    scaled(Pictures.waves(0, false), latent.resolution()),
                    new TreeMap<>(Map.of("UPSIDE_DOWN", scaled(Pictures.waves(0, true), latent.resolution()))));
            ImageErrors errors = meter.measure(picture);
            assertThat(errors.real()[1]).containsExactly(errors.real()[0]);
            assertThat(Arrays.stream(errors.real()[0])).allMatch(error -> error > 0 && error < 100);
            assertThat(meter.band(0).fromTimestep()).isLessThan(meter.band(1).toTimestep());
        }
    }

    private static BufferedImage scaled(BufferedImage picture, int side) {
        BufferedImage scaled = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                scaled.setRGB(x, y, picture.getRGB(x * 32 / side, y * 32 / side));
            }
        }
        return scaled;
    }
}
