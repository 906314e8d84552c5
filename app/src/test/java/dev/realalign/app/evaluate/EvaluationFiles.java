package dev.realalign.app.evaluate;

import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.lora.LoraFiles;
import dev.realalign.diffusion.lora.LoraFormat;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.diffusion.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.imageio.ImageIO;

/** Pictures and adapters to evaluate. */
public final class EvaluationFiles {
    private EvaluationFiles() {}

    /** The bundled model. */
    public static Path model() {
        return Path.of(System.getProperty("realalign.home", "."), "models", "tiny-photo");
    }

    /** Writes this many pictures, no two alike, into the folder {@code images} below another. */
    public static Path pictures(Path folder, int count, int side) throws IOException {
        Path images = Files.createDirectory(folder.resolve("images"));
        for (int i = 0; i < count; i++) {
            BufferedImage picture = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
            for (int y = 0; y < side; y++) {
                for (int x = 0; x < side; x++) {
                    int red = (x * (i % 7 + 1) * 5 + i * 11) & 0xFF;
                    int green = (y * (i % 5 + 1) * 6) & 0xFF;
                    picture.setRGB(x, y, red << 16 | green << 8 | (red + green) / 2);
                }
            }
            ImageIO.write(picture, "png", images.resolve(i + ".png").toFile());
        }
        return images;
    }

    /** An adapter of the bundled model with noise of a deviation on every weight; 0 leaves it without any effect. */
    public static Path adapter(Path file, double deviation) {
        try (DiffusionModel model = DiffusionModel.load(model(), LoadOptions.DEFAULT);
                LoraAdapter adapter = LoraAdapter.create(model.denoiser(), new LoraConfig(2, 2), 1)) {
            long seed = 0;
            for (Tensor weight : adapter.parameters().values()) {
                try (Tensor noise = Tensor.randn(seed++, weight.shape())) {
                    weight.blendInPlace(1, noise, deviation);
                }
            }
            LoraFiles.save(adapter, file, LoraFormat.PEFT, Map.of());
        }
        return file;
    }
}
