package dev.realalign.diffusion.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class Conv2dTest {
    @Test
    @DisplayName("only a convolution of kernel 3 that keeps height and width is taken with upsampling")
    void upsamplesWithKernelThreeOnly() {
        try (TensorScope scope = TensorScope.open()) {
            Weights weights = Weights.random(1, ElementType.F32, Device.CPU);
            Tensor x = Tensor.randn(2, 1, 4, 2, 2);
            assertThat(Conv2d.same(weights.at("same"), 4, 6, 3)
                            .forwardUpsampled(x)
                            .shape())
                    .containsExactly(1, 6, 4, 4);
            assertThatThrownBy(() -> Conv2d.same(weights.at("wide"), 4, 6, 5).forwardUpsampled(x))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "only a convolution of kernel 3, stride 1 and padding 1 is taken with upsampling, not 5, 1 and 2");
            assertThatThrownBy(() ->
                            Conv2d.of(weights.at("halving"), 4, 6, 3, 2, 1).forwardUpsampled(x))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "only a convolution of kernel 3, stride 1 and padding 1 is taken with upsampling, not 3, 2 and 1");
            weights.finish().values().forEach(Tensor::close);
        }
    }
}
