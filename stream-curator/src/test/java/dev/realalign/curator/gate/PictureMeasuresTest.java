package dev.realalign.curator.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.curator.TestPictures;
import dev.realalign.curator.image.RgbImage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PictureMeasuresTest {

    @ParameterizedTest(name = "{0}x{1} pixels")
    @CsvSource({"1, 1", "2, 5", "5, 2", "3, 3", "64, 48", "31, 2100"})
    void measures_are_those_of_their_definitions_pixel_by_pixel(int width, int height) {
        RgbImage image = TestPictures.clouds(7, width, height);
        // both ends of the scale, and the largest Laplacians there are
        for (int i = 0; i < image.rgb().length; i += 5) {
            image.rgb()[i] = (byte) (i % 2 == 0 ? 0 : 255);
        }

        PictureMeasures measures = PictureMeasures.of(image);

        List<Double> luma = new ArrayList<>();
        List<Double> redGreen = new ArrayList<>();
        List<Double> yellowBlue = new ArrayList<>();
        List<Double> laplacian = new ArrayList<>();
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = image.index(x, y);
                int red = image.rgb()[at] & 0xFF;
                int green = image.rgb()[at + 1] & 0xFF;
                int blue = image.rgb()[at + 2] & 0xFF;
                luma.add((double) image.luma(at));
                redGreen.add((double) red - green);
                yellowBlue.add((red + green) / 2.0 - blue);
                if (x > 0 && y > 0 && x < width - 1 && y < height - 1) {
                    laplacian.add((double) image.luma(image.index(x - 1, y))
                            + image.luma(image.index(x + 1, y))
                            + image.luma(image.index(x, y - 1))
                            + image.luma(image.index(x, y + 1))
                            - 4 * image.luma(at));
                }
            }
        }
        double colours = Math.hypot(deviation(redGreen), deviation(yellowBlue));
        assertThat(measures.lumaDeviation()).isCloseTo(deviation(luma), within(1e-9));
        assertThat(measures.blackShare()).isEqualTo(share(luma, 0, 5));
        assertThat(measures.whiteShare()).isEqualTo(share(luma, 250, 255));
        assertThat(measures.sharpness()).isCloseTo(Math.pow(deviation(laplacian), 2), within(1e-6));
        assertThat(measures.colourfulness())
                .isCloseTo(colours + 0.3 * Math.hypot(mean(redGreen), mean(yellowBlue)), within(1e-9));
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    }

    private static double deviation(List<Double> values) {
        double mean = mean(values);
        return Math.sqrt(values.stream()
                .mapToDouble(value -> (value - mean) * (value - mean))
                .average()
                .orElse(0));
    }

    private static double share(List<Double> values, int least, int greatest) {
        return values.stream()
                        .filter(value -> value >= least && value <= greatest)
                        .count()
                / (double) values.size();
    }
}
