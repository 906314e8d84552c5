package dev.realalign.app.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.realalign.app.evaluate.EvaluationFiles;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class EvaluateCommandTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void anAdapterThatChangesNothingIsIdenticalAndADamagedOneFails() throws Exception {
        Path images = pictures(32, 32);
        Path nothing = adapter("nothing.safetensors", 0);
        Path damaged = adapter("damaged.safetensors", 0.3);
        assertThat(run(
                        "--images",
                        images.toString(),
                        "--lora",
                        nothing.toString(),
                        "--lora",
                        damaged.toString(),
                        "--features",
                        "random",
                        "--caption",
                        "a photo of a dog",
                        "--steps",
                        "2",
                        "--bands",
                        "1",
                        "--fail-if-worse",
                        "--json"))
                .isEqualTo(1);
        assertThat(err.toString())
                .contains(damaged + " predicts real pictures worse than the plain model: m_w - r_w is ");
        JsonNode report = Json.parse(out.toString().getBytes(StandardCharsets.UTF_8));
        assertThat(report.path("pictures").asInt()).isEqualTo(32);
        assertThat(report.path("features").asText()).startsWith("random features (an untrained network");
        assertThat(report.path("distances").path("pictures").asInt()).isEqualTo(16);
        assertThat(report.path("distances").path("floor").path("frechet").isNull())
                .isTrue();
        JsonNode same = report.path("adapters").path(0);
        assertThat(same.path("errors").path("verdict").asText()).isEqualTo("IDENTICAL");
        assertThat(same.path("errors").path("difference").path("high").asDouble())
                .isZero();
        assertThat(same.path("errors").path("bands")).hasSize(1);
        assertThat(same.path("distances").path("kernelDifference").path("low").asDouble())
                .isZero();
        assertThat(same.path("sha256").asText()).hasSize(64);
        JsonNode worse = report.path("adapters").path(1);
        assertThat(worse.path("errors").path("verdict").asText()).isEqualTo("WORSE");
        assertThat(worse.path("errors").path("difference").path("low").asDouble())
                .isPositive();
        assertThat(worse.path("errors").path("kinds").findValuesAsText("kind"))
                .contains("COLOUR_CAST", "LOCAL_WARP", "PATCH_DISPLACEMENT");
    }

    @Test
    void errorsAloneNeedNoMoreThanAPictureAndAreReadable() throws IOException {
        assertThat(run(
                        "--images",
                        pictures(1, 40).toString(),
                        "--lora",
                        adapter("a.safetensors", 0.1).toString(),
                        "--no-drawing",
                        "--bands",
                        "2"))
                .isZero();
        assertThat(out.toString()).contains("1 pictures of ", "m_w/r_w", "500 to 999", "COLOUR_CAST");
    }

    @Test
    void picturesMustBeNamed() {
        assertThat(run("--count", "0", "--bands", "0", "--steps", "0")).isEqualTo(2);
        assertThat(err.toString().lines())
                .containsExactly(
                        "realalign: Name real pictures with --images.",
                        "realalign: --count must be from 1 to 4000.",
                        "realalign: --bands must be from 1 to 100.",
                        "realalign: --steps and --batch must be at least 1.");
    }

    @Test
    void anEmptyFolderIsRefused() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThat(run("--images", empty.toString(), "--no-drawing")).isEqualTo(2);
        assertThat(err.toString()).contains("realalign: There are no usable pictures in " + empty);
    }

    @Test
    void tooFewPicturesForDistancesAreRefusedWithWhatWasPassedOver() throws IOException {
        Path images = pictures(10, 32);
        ImageIO.write(
                new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB),
                "png",
                images.resolve("small.png").toFile());
        Files.copy(images.resolve("0.png"), images.resolve("copy.png"));
        assertThat(run("--images", images.toString(), "--features", "random", "--bands", "1"))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains(
                        "realalign: There are only 10 usable pictures in " + images
                                + " (1 smaller than 32 pixels, 1 the same bytes again), and distances take at least 32, half of them"
                                + " for the real-against-real floor: give more pictures, or measure errors alone with --no-drawing.");
    }

    @Test
    void anAdapterOfAnotherFamilyIsRefused() throws IOException {
        Path other = folder.resolve("sd3.safetensors");
        SafeTensors.write(
                other,
                Map.of(
                        "transformer.transformer_blocks.0.attn.to_q.lora_A.weight", Tensor.zeros(2, 64),
                        "transformer.transformer_blocks.0.attn.to_q.lora_B.weight", Tensor.zeros(64, 2)),
                Map.of());
        assertThat(run("--images", pictures(1, 32).toString(), "--lora", other.toString(), "--no-drawing"))
                .isEqualTo(2);
        assertThat(err.toString())
                .startsWith("realalign: The adapter " + other)
                .contains("Name one that was trained on this model.");
    }

    @Test
    void aModelThatPaintsIntoMasksIsRefused() throws IOException {
        Path models = Path.of(System.getProperty("realalign.shared", "none"), "golden", "models");
        assumeTrue(Files.isDirectory(models), "shared reference data lacks " + models);
        Path inpainting = folder.resolve("inpainting");
        for (String part : List.of("model_index.json", "scheduler", "text_encoder", "tokenizer", "vae")) {
            copy(models.resolve("sd15-tiny").resolve(part), inpainting.resolve(part));
        }
        copy(models.resolve("sd15-inpaint-tiny/unet"), inpainting.resolve("unet"));
        assertThat(run("--images", pictures(1, 32).toString(), "--model", inpainting.toString(), "--no-drawing"))
                .isEqualTo(2);
        assertThat(err.toString())
                .isEqualTo(
                        "realalign: The model " + inpainting + " paints into masks, which is not what is measured here:"
                                + " name the model it was made from with --model." + System.lineSeparator());
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = file.equals(from)
                        ? to
                        : to.resolve(from.relativize(file).toString());
                Files.createDirectories(Objects.requireNonNull(copy.getParent()));
                Files.copy(file, copy);
            }
        }
    }

    @Test
    void featuresThatAreNoneAreRefused() throws IOException {
        assertThat(run("--images", pictures(1, 32).toString(), "--features", folder.toString()))
                .isEqualTo(2);
        assertThat(err.toString())
                .startsWith("realalign: The features " + folder.resolve("model.safetensors")
                        + " cannot be used: the file does not exist. Name a"
                        + " folder that --train-features wrote with --features, or use --features random.");
    }

    @Test
    void trainingFeaturesNeedsAPlaceAndLabels() throws IOException {
        Path images = pictures(3, 32);
        assertThat(run("--train-features", images.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("--train-features writes a folder: name it with --out.");
        assertThat(run(
                        "--train-features",
                        images.toString(),
                        "--out",
                        folder.resolve("f").toString()))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains("realalign: The features are trained on photographs of at least two labels");
    }

    private Path pictures(int count, int side) throws IOException {
        return EvaluationFiles.pictures(folder, count, side);
    }

    private Path adapter(String name, double deviation) {
        return EvaluationFiles.adapter(folder.resolve(name), deviation);
    }

    private int run(String... arguments) {
        CommandLine command = RealAlignCommand.commandLine();
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        String[] words = new String[arguments.length + 1];
        words[0] = "evaluate";
        System.arraycopy(arguments, 0, words, 1, arguments.length);
        return command.execute(words);
    }
}
