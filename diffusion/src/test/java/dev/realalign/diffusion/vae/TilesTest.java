package dev.realalign.diffusion.vae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TilesTest {

    @ParameterizedTest(name = "{0} x {1} in tiles of {2}")
    @CsvSource({"8, 8, 8, 1", "9, 8, 8, 2", "15, 8, 8, 3", "20, 9, 8, 6", "33, 31, 8, 30", "7, 40, 4, 26"})
    void a_network_that_looks_at_single_cells_gives_the_same_in_tiles(int height, int width, int tile, int calls) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor x = Tensor.uniform(3, -1, 1, 2, 3, height, width);
            Tensor whole = doubled(x);
            AtomicInteger called = new AtomicInteger();
            Tensor tiled = new Tiles(tile, 1, 2).map(x, part -> {
                called.incrementAndGet();
                assertThat(part.size(2)).isLessThanOrEqualTo(tile);
                assertThat(part.size(3)).isLessThanOrEqualTo(tile);
                return doubled(part);
            });
            assertThat(tiled.shape()).containsExactly(2, 3, 2L * height, 2L * width);
            assertThat(tiled.sub(whole).abs().max().item()).isCloseTo(0, within(1e-6));
            assertThat(called.get()).isEqualTo(calls);
        }
    }

    @ParameterizedTest(name = "{0} cells of 4 pixels in tiles of {1}")
    @CsvSource({"3, 4", "10, 4", "11, 8"})
    void cells_of_several_pixels_are_never_cut(int cells, int tile) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor x = Tensor.uniform(4, -1, 1, 1, 1, 4L * cells, 4L * cells);
            Tensor tiled = new Tiles(tile, 4, 1).map(x, part -> Ops.avgPool2d(part, 4, 4));
            assertThat(tiled.sub(Ops.avgPool2d(x, 4, 4)).abs().max().item()).isCloseTo(0, within(1e-6));
        }
    }

    private static Tensor doubled(Tensor x) {
        return Ops.upsampleNearest(x, 2 * x.size(2), 2 * x.size(3)).mul(3);
    }
}
