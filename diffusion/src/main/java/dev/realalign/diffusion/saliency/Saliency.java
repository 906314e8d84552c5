package dev.realalign.diffusion.saliency;

import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Masks of what stands out in pictures, as RealAlign cuts them (arXiv 2605.19839): the picture squashed to 320 x 320 and
 * normalised as ImageNet's, the network's first output stretched to 0..1 and resized back, cut at 0.5.
 */
public final class Saliency {

    private static final long SIDE = 320;
    private static final float[] IMAGENET_MEAN = {0.485f, 0.456f, 0.406f};
    private static final float[] IMAGENET_DEVIATION = {0.229f, 0.224f, 0.225f};

    /** A map that spans less than this holds nothing: the network sees no difference between any two pixels. */
    private static final double FLAT = 1e-6;

    private final U2Net network;

    /** @param network stays the caller's */
    public Saliency(U2Net network) {
        this.network = network;
    }

    /**
     * How much each pixel stands out, stretched to 0..1 per picture.
     *
     * @param images (B, 3, H, W), -1 to 1
     * @return per picture a map (1, 1, H, W) in the caller's scope, or nothing where the network's map is constant
     */
    public List<Optional<Tensor>> maps(Tensor images) {
        List<Optional<Tensor>> maps = new ArrayList<>();
        try (TensorScope scope = TensorScope.open()) {
            Tensor raw = network.forward(normalised(images)); // (B, 1, 320, 320)
            for (long i = 0; i < images.size(0); i++) {
                Tensor one = raw.slice(0, i, i + 1);
                double low = one.min().item();
                double range = one.max().item() - low;
                maps.add(
                        range < FLAT || Double.isNaN(range)
                                ? Optional.empty()
                                : Optional.of(scope.keep(Ops.upsampleBilinear(
                                        one.add(-low).mul(1 / range), images.size(2), images.size(3), false))));
            }
        }
        return maps;
    }

    /**
     * Masks of what stands out.
     *
     * @param images (B, 3, H, W), -1 to 1
     * @return per picture a mask (1, 1, H, W) of 0 and 1 (1 = stands out) in the caller's scope, or nothing where the map
     *     is constant or no pixel reaches 0.5
     */
    public List<Optional<Tensor>> masks(Tensor images) {
        List<Optional<Tensor>> masks = new ArrayList<>();
        try (TensorScope scope = TensorScope.open()) {
            for (Optional<Tensor> map : maps(images)) {
                Optional<Tensor> mask = map.map(m -> Ops.atLeast(m, 0.5));
                masks.add(mask.filter(m -> m.max().item() > 0).map(scope::keep));
            }
        }
        return masks;
    }

    private static Tensor normalised(Tensor images) {
        Tensor small = Ops.resizeBilinear(images, SIDE, SIDE); // (B, 3, 320, 320)
        Tensor unit = small.add(1).mul(0.5);
        Tensor mean = Tensor.of(IMAGENET_MEAN, 1, 3, 1, 1).to(images.device());
        Tensor deviation = Tensor.of(IMAGENET_DEVIATION, 1, 3, 1, 1).to(images.device());
        return unit.sub(mean).div(deviation);
    }
}
