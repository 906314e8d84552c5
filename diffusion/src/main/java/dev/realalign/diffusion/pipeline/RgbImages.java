package dev.realalign.diffusion.pipeline;

import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;

/** Pictures as tensors (B, 3, H, W) from -1 to 1 and back; the two ways together change nothing. */
public final class RgbImages {

    private RgbImages() {}

    /**
     * 0..255 to -1..1.
     *
     * @param images of one size; transparency is ignored
     */
    public static Tensor toTensor(List<BufferedImage> images) {
        return TensorScope.of(
                () -> Ops.concatenate(images.stream().map(RgbImages::toTensor).toList(), 0));
    }

    private static Tensor toTensor(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        int[] rgb = image.getRGB(0, 0, width, height, null, 0, width);
        float[] values = new float[3 * rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            for (int channel = 0; channel < 3; channel++) {
                values[channel * rgb.length + i] = ((rgb[i] >> (16 - 8 * channel)) & 0xFF) / 127.5f - 1;
            }
        }
        return Tensor.of(values, 1, 3, height, width);
    }

    /** -1..1 to 0..255, rounded; values beyond are cut. One channel is shown as grey. */
    public static List<BufferedImage> toImages(Tensor images) {
        int batch = Math.toIntExact(images.size(0));
        int channels = Math.toIntExact(images.size(1));
        int height = Math.toIntExact(images.size(2));
        int width = Math.toIntExact(images.size(3));
        if (channels != 1 && channels != 3) {
            throw new IllegalArgumentException("a picture has 1 or 3 channels, not " + channels);
        }
        float[] values = images.toFloats();
        int pixels = height * width;
        List<BufferedImage> result = new ArrayList<>();
        for (int b = 0; b < batch; b++) {
            int[] rgb = new int[pixels];
            for (int i = 0; i < pixels; i++) {
                for (int channel = 0; channel < 3; channel++) {
                    float value = values[(b * channels + Math.min(channel, channels - 1)) * pixels + i];
                    rgb[i] |= Math.max(0, Math.min(255, Math.round(value * 127.5f + 127.5f))) << (16 - 8 * channel);
                }
            }
            BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
            image.setRGB(0, 0, width, height, rgb, 0, width);
            result.add(image);
        }
        return result;
    }
}
