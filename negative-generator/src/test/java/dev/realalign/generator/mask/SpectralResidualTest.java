package dev.realalign.generator.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class SpectralResidualTest {

    @Test
    @DisplayName("A bright patch before a dull, grainy ground stands out, and little else does")
    void oddPatch() {
        int side = 128;
        int[] rgb = noise(side, side, 3);
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                boolean patch = x >= 72 && x < 88 && y >= 32 && y < 48;
                rgb[y * side + x] = patch ? 0xE0E0E0 : 0x404040 + (rgb[y * side + x] & 0x1F1F1F);
            }
        }

        SaliencyMap map = SpectralResidual.of(rgb, side, side);

        int inside = 0;
        int near = 0;
        for (int i = 0; i < rgb.length; i++) {
            if (map.values()[i] >= 0.5f) {
                inside++;
                int x = i % side;
                int y = i / side;
                near += x >= 64 && x < 104 && y >= 24 && y < 64 ? 1 : 0;
            }
        }
        assertThat(inside).isBetween(100, side * side / 6);
        assertThat((double) near / inside).isGreaterThan(0.9);
    }

    @Test
    @DisplayName("The map's mean lies at a sixth, so that the authors' threshold of three means lies at a half")
    void scale() {
        int[] rgb = noise(64, 64, 1);

        float[] values = SpectralResidual.of(rgb, 64, 64).values();

        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        assertThat(sum / values.length).isCloseTo(1 / 6.0, within(1e-6));
    }

    @Test
    @DisplayName("The transform agrees with the sum it stands for, computed naively")
    void naiveOracle() {
        int side = 8;
        int[] rgb = noise(side, side, 2);

        float[] values = SpectralResidual.of(rgb, side, side).values();

        double[] expected = naive(rgb, side);
        for (int i = 0; i < values.length; i++) {
            assertThat((double) values[i]).as("pixel %d", i).isCloseTo(expected[i], within(1e-5));
        }
    }

    @Test
    @DisplayName("A picture of one colour gives a map in which nothing reaches a half; sides need not be powers of two")
    void oneColour() {
        int[] rgb = new int[50 * 30];

        for (float value : SpectralResidual.of(rgb, 50, 30).values()) {
            assertThat(value).isLessThan(0.5f);
        }
        assertThat(SpectralResidual.of(new int[] {0x123456}, 1, 1).values()).hasSize(1);
    }

    private static int[] noise(int width, int height, long seed) {
        Random random = new Random(seed);
        int[] rgb = new int[width * height];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = random.nextInt(1 << 24);
        }
        return rgb;
    }

    /** The method's formulas over sums of all frequencies, with atan2 for the phase. */
    private static double[] naive(int[] rgb, int side) {
        int n = side * side;
        double[] luma = new double[n];
        for (int i = 0; i < n; i++) {
            luma[i] = 0.299 * (rgb[i] >> 16 & 255) + 0.587 * (rgb[i] >> 8 & 255) + 0.114 * (rgb[i] & 255);
        }
        double[] log = new double[n];
        double[] phase = new double[n];
        for (int f = 0; f < n; f++) {
            double re = 0;
            double im = 0;
            for (int p = 0; p < n; p++) {
                double angle = -2 * Math.PI * (f / side * (p / side) + f % side * (p % side)) / side;
                re += luma[p] * Math.cos(angle);
                im += luma[p] * Math.sin(angle);
            }
            log[f] = Math.log(Math.hypot(re, im));
            phase[f] = Math.atan2(im, re);
        }
        double[] residual = new double[n];
        for (int f = 0; f < n; f++) {
            double sum = 0;
            for (int d = 0; d < 9; d++) {
                int y = (f / side + d / 3 - 1 + side) % side;
                int x = (f % side + d % 3 - 1 + side) % side;
                sum += log[y * side + x];
            }
            residual[f] = Math.exp(log[f] - sum / 9);
        }
        double[] squared = new double[n];
        for (int p = 0; p < n; p++) {
            double re = 0;
            double im = 0;
            for (int f = 0; f < n; f++) {
                double angle = 2 * Math.PI * (f / side * (p / side) + f % side * (p % side)) / side + phase[f];
                re += residual[f] * Math.cos(angle) / n;
                im += residual[f] * Math.sin(angle) / n;
            }
            squared[p] = re * re + im * im;
        }
        double deviation = 2.5 * side / 64;
        int reach = (int) Math.ceil(2 * deviation);
        double[] smooth = new double[n];
        double mean = 0;
        for (int p = 0; p < n; p++) {
            double weights = 0;
            for (int dy = -reach; dy <= reach; dy++) {
                for (int dx = -reach; dx <= reach; dx++) {
                    double weight = Math.exp(-(dx * dx + dy * dy) / (2 * deviation * deviation));
                    int y = Math.max(0, Math.min(side - 1, p / side + dy));
                    int x = Math.max(0, Math.min(side - 1, p % side + dx));
                    smooth[p] += weight * squared[y * side + x];
                    weights += weight;
                }
            }
            smooth[p] /= weights;
            mean += smooth[p] / n;
        }
        for (int p = 0; p < n; p++) {
            smooth[p] /= 6 * mean;
        }
        return smooth;
    }
}
