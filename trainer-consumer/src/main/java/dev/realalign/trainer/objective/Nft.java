package dev.realalign.trainer.objective;

/**
 * DiffusionNFT (arXiv 2509.16117) on rectified flow, unpaired: real images have r = 1, generated ones r = 0. With v the
 * policy's, o the old policy's and q the base's velocity, xhat(u) = x_t - t u and
 *
 * <pre>v+ = b v + (1 - b) o,   v- = (1 + b) o - b v
 * l(u) = mean((xhat(u) - x_0)^2 / max(1e-5, mean |xhat(u) - x_0|)),   the denominator not differentiated
 * loss = 5 [r l(v+) + (1 - r) l(v-)] / b + 1e-4 mean (v - q)^2</pre>
 *
 * <p>Since x_t - x_0 = t (eps - x_0) is t times the target y, xhat(u) - x_0 = -t (u - y): with e = v - y and f = o - y it is
 * -t [b e + (1 - b) f] for v+ and -t [(1 + b) f - b e] for v-.
 *
 * @param strength b; published: 1 and 0.1
 */
public record Nft(double strength) {
    /** The published factor on both errors. */
    private static final double SCALE = 5;
    /** Keeps the denominator away from zero, as published. */
    private static final double LEAST_ERROR = 1e-5;
    /** The published weight of the distance to the base. */
    public static final double ANCHOR = 1e-4;

    public Nft {
        if (!(strength > 0)) {
            throw new IllegalArgumentException("the strength of nft is positive, not " + strength);
        }
    }

    /**
     * What one image measures, as sums over its N elements.
     *
     * @param elements N
     * @param sigma t, the share of noise, in (0, 1]
     * @param squared sum of (b e + (1 - b) f)^2 for a real image, of ((1 + b) f - b e)^2 for a generated one
     * @param absolute sum of the absolute values of the same
     * @param drift sum of (v - q)^2
     */
    public record ImageErrors(long elements, double sigma, double squared, double absolute, double drift) {}

    /**
     * Loss and gradient of one image: dL/dv = error (v - y) + old (o - y) + base (v - q).
     *
     * @param loss the image's loss
     * @param error factor on e = v - y
     * @param old factor on f = o - y
     * @param base factor on v - q
     */
    public record ImageGradient(double loss, double error, double old, double base) {}

    /** Factors of e and of f in the mix that a real or a generated image is judged by. */
    public double[] mix(boolean real) {
        return real ? new double[] {strength, 1 - strength} : new double[] {-strength, 1 + strength};
    }

    /** The verdict on one image. */
    public ImageGradient evaluate(boolean real, ImageErrors image) {
        double n = image.elements();
        double t = image.sigma();
        double denominator = Math.max(LEAST_ERROR, t * image.absolute() / n);
        double scale = SCALE / strength * t * t / denominator / n;
        double[] mix = mix(real);
        double slope = 2 * scale * mix[0]; // d mix / dv is the factor of e
        return new ImageGradient(
                scale * image.squared() + ANCHOR * image.drift() / n, slope * mix[0], slope * mix[1], 2 * ANCHOR / n);
    }
}
