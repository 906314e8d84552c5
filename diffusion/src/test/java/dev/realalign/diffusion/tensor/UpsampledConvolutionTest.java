package dev.realalign.diffusion.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The transposed convolution that stands for upsampling and convolving, against just that. */
class UpsampledConvolutionTest {
    private static final int IN = 5;
    private static final int OUT = 3;

    @ParameterizedTest(name = "{0} x {1}")
    @CsvSource({"1, 1", "4, 4", "3, 8"})
    @DisplayName(
            "an upsampled convolution and its gradients are those of upsampling first, and the same bytes each time")
    void matchesUpsamplingFirst(int height, int width) {
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> leaves = List.of(
                    Tensor.randn(1, 2, IN, height, width).requireGrad(),
                    Tensor.randn(2, OUT, IN, 3, 3).requireGrad(),
                    Tensor.randn(3, OUT).requireGrad());
            Tensor slope = Tensor.randn(4, 2, OUT, 2L * height, 2L * width);
            Tensor y = Autograd.withGrad(() -> Ops.upsampledConv2d(leaves.get(0), leaves.get(1), leaves.get(2)));
            Tensor again = Autograd.withGrad(() -> Ops.upsampledConv2d(leaves.get(0), leaves.get(1), leaves.get(2)));
            Tensor plain = Autograd.withGrad(() -> Ops.conv2d(
                    Ops.upsampleNearest(leaves.get(0), 2L * height, 2L * width),
                    leaves.get(1),
                    leaves.get(2),
                    1,
                    1,
                    1,
                    1));
            assertThat(y.shape()).containsExactly(2, OUT, 2L * height, 2L * width);
            assertThat(y.toFloats()).isEqualTo(again.toFloats());
            assertThat(y.toFloats()).containsExactly(plain.toFloats(), within(1e-5f));
            List<Tensor> found = Autograd.gradients(List.of(y), List.of(slope), leaves);
            List<Tensor> repeated = Autograd.gradients(List.of(again), List.of(slope), leaves);
            List<Tensor> expected = Autograd.gradients(List.of(plain), List.of(slope), leaves);
            for (int i = 0; i < leaves.size(); i++) {
                assertThat(found.get(i).toFloats()).isEqualTo(repeated.get(i).toFloats());
                assertThat(found.get(i).toFloats())
                        .containsExactly(expected.get(i).toFloats(), within(1e-4f));
            }
        }
    }

    @Test
    @DisplayName("in bf16 it upsamples first: sums of weights would be rounded")
    void upsamplesFirstInHalfPrecision() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor x = Tensor.randn(1, 1, IN, 4, 4).to(ElementType.BF16);
            Tensor w = Tensor.randn(2, OUT, IN, 3, 3).to(ElementType.BF16);
            Tensor y = Ops.upsampledConv2d(x, w, null);
            Tensor plain = Ops.conv2d(Ops.upsampleNearest(x, 8, 8), w, null, 1, 1, 1, 1);
            assertThat(y.to(ElementType.F32).toFloats())
                    .isEqualTo(plain.to(ElementType.F32).toFloats());
        }
    }
}
