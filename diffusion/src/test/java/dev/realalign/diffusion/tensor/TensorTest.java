package dev.realalign.diffusion.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TensorTest {
    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @Test
    @DisplayName("values go in and come out in row-major order")
    void roundTrip() {
        Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
        assertThat(x.shape()).containsExactly(2, 3);
        assertThat(x.type()).isEqualTo(ElementType.F32);
        assertThat(x.transpose(0, 1).toFloats()).containsExactly(1, 4, 2, 5, 3, 6);
        assertThat(Tensor.of(new long[] {-1, 1L << 40}).toLongs()).containsExactly(-1, 1L << 40);
        assertThat(Tensor.of(new byte[] {1, (byte) 200}).toFloats()).containsExactly(1, 200);
        assertThat(Tensor.of(new double[] {0.1}).toDoubles()).containsExactly(0.1);
        assertThat(Tensor.of(new int[] {7}).type()).isEqualTo(ElementType.I32);
        assertThat(Tensor.arange(4).toLongs()).containsExactly(0, 1, 2, 3);
        assertThat(Tensor.scalar(2.5).item()).isEqualTo(2.5);
    }

    @ParameterizedTest(name = "{0} converts to itself and back")
    @EnumSource(ElementType.class)
    void everyTypeConverts(ElementType type) {
        Tensor x = Tensor.of(new float[] {0, 1, 1}).to(type);
        assertThat(x.type()).isEqualTo(type);
        assertThat(x.toFloats()).containsExactly(0, 1, 1);
        assertThat(x.rawBytes()).hasSize(3 * type.bytes());
        assertThat(Tensor.full(1, type, 2, 2).toFloats()).containsExactly(1, 1, 1, 1);
    }

    @Test
    @DisplayName("bfloat16 rounds to eight bits of mantissa and passes through the operations networks use")
    void bf16() {
        Tensor x = Tensor.of(new float[] {1.00390625f, 3.1415927f}, 1, 2).to(ElementType.BF16);
        assertThat(x.toFloats()).containsExactly(1.0f, 3.140625f);
        Tensor w = Tensor.full(1, ElementType.BF16, 4, 2);
        assertThat(Ops.linear(x, w, null).type()).isEqualTo(ElementType.BF16);
        assertThat(Ops.softmax(x, -1).type()).isEqualTo(ElementType.BF16);
        assertThat(x.add(x).mul(2).type()).isEqualTo(ElementType.BF16);
        assertThat(x.add(Tensor.zeros(1, 2)).type()).isEqualTo(ElementType.F32);
        assertThat(Ops.conv2d(
                                Tensor.full(1, ElementType.BF16, 1, 2, 4, 4),
                                Tensor.full(1, ElementType.BF16, 3, 2, 3, 3),
                                null,
                                1,
                                1,
                                1,
                                1)
                        .type())
                .isEqualTo(ElementType.BF16);
    }

    @Test
    @DisplayName("random numbers are a function of the seed and the shape alone")
    void seeded() {
        float[] first = Tensor.randn(42, 2, 3).toFloats();
        Tensor.randn(1, 1000);
        assertThat(Tensor.randn(42, 2, 3).toFloats()).containsExactly(first);
        assertThat(Tensor.randn(43, 2, 3).toFloats()).isNotEqualTo(first);
        assertThat(Tensor.randn(-7, 3).isFinite()).isTrue();
        Tensor many = Tensor.randn(5, 100_000);
        assertThat(many.mean().item()).isCloseTo(0, within(0.02));
        assertThat(many.square().mean().item()).isCloseTo(1, within(0.02));
        Tensor uniform = Tensor.uniform(5, -2, 3, 100_000);
        assertThat(uniform.min().item()).isBetween(-2.0, -1.99);
        assertThat(uniform.max().item()).isBetween(2.99, 3.0);
    }

    @Test
    @DisplayName("arithmetic broadcasts, reductions reduce")
    void arithmetic() {
        Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
        Tensor row = Tensor.of(new float[] {10, 20}, 1, 2);
        assertThat(x.add(row).toFloats()).containsExactly(11, 22, 13, 24);
        assertThat(x.sub(row).toFloats()).containsExactly(-9, -18, -7, -16);
        assertThat(x.mul(row).toFloats()).containsExactly(10, 40, 30, 80);
        assertThat(x.div(row).toFloats()).containsExactly(.1f, .1f, .3f, .2f);
        assertThat(x.matmul(x).toFloats()).containsExactly(7, 10, 15, 22);
        assertThat(x.mul(3).add(1).toFloats()).containsExactly(4, 7, 10, 13);
        assertThat(x.addScaled(row, -0.5).toFloats()).containsExactly(-4, -8, -2, -6);
        assertThat(x.sum().item()).isEqualTo(10);
        assertThat(x.sum(true, 0).shape()).containsExactly(1, 2);
        assertThat(x.mean(false, 1).toFloats()).containsExactly(1.5f, 3.5f);
        assertThat(x.argmax(1).toLongs()).containsExactly(1, 1);
        assertThat(x.clamp(2, 3).toFloats()).containsExactly(2, 2, 3, 3);
        assertThat(x.slice(1, 1, 2).toFloats()).containsExactly(2, 4);
        assertThat(x.indexSelect(0, Tensor.of(new long[] {1, 0, 1})).toFloats()).containsExactly(3, 4, 1, 2, 3, 4);
        assertThat(Ops.concatenate(List.of(x, x), 0).shape()).containsExactly(4, 2);
        assertThat(Ops.stack(List.of(x, x), 0).shape()).containsExactly(2, 2, 2);
    }

    @Test
    @DisplayName("per-sample sums and coefficients are what an objective needs")
    void perSample() {
        Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 2, 1, 2);
        Tensor y = Tensor.of(new float[] {1, 1, 2, 0}, 2, 1, 2);
        assertThat(Ops.sumSquaresPerSample(x).toFloats()).containsExactly(5, 25);
        assertThat(Ops.sumProductsPerSample(x, y).toFloats()).containsExactly(3, 6);
        assertThat(Ops.scalePerSample(x, new float[] {10, -1}).toFloats()).containsExactly(10, 20, -3, -4);
        assertThatThrownBy(() -> Ops.scalePerSample(x, new float[] {1}))
                .hasMessage("F32[2, 1, 2] needs 2 coefficients, one per sample, not 1");
        assertThat(Ops.totalNorm(List.of(Tensor.of(new float[] {3}), Tensor.of(new float[] {4})))
                        .item())
                .isEqualTo(5);
    }

    @Test
    @DisplayName("operations in place change the tensor and nothing else")
    void inPlace() {
        Tensor x = Tensor.of(new float[] {1, 2});
        x.blendInPlace(0.5, Tensor.of(new float[] {10, 20}), 0.1);
        assertThat(x.toFloats()).containsExactly(1.5f, 3);
        x.scaleInPlace(2);
        assertThat(x.toFloats()).containsExactly(3, 6);
        x.assignInPlace(Tensor.of(new long[] {8, 9}));
        assertThat(x.toFloats()).containsExactly(8, 9);
        assertThatThrownBy(() -> x.assignInPlace(Tensor.zeros(3))).hasMessage("cannot assign shape [3] to [2]");
    }

    @Test
    @DisplayName("a refused operation names itself, its arguments and the reason, without a native stack trace")
    void refusals() {
        Tensor x = Tensor.zeros(2, 3);
        assertThatThrownBy(() -> Ops.linear(x, Tensor.zeros(4, 5), null))
                .isInstanceOf(TensorException.class)
                .hasMessageStartingWith("linear(F32[2, 3], F32[4, 5], null) failed: ")
                .hasMessageContaining("2x3 and 5x4")
                .hasMessageNotContaining("Traceback");
        assertThatThrownBy(() -> x.add(Tensor.zeros(7)))
                .isInstanceOf(TensorException.class)
                .hasMessageStartingWith("add(F32[2, 3], F32[7]) failed: ");
        assertThatThrownBy(() -> x.reshape(5)).hasMessageStartingWith("reshape of F32[2, 3] failed: ");
        assertThatThrownBy(() -> Tensor.of(new float[3], 2, 2))
                .hasMessage("shape [2, 2] of F32 takes 16 bytes, not 12");
        assertThatThrownBy(() -> Script.compile("def f(x: Tensor) -> Tensor:\n  return torch.no_such_operation(x)\n"))
                .isInstanceOf(TensorException.class)
                .hasMessageContaining("no_such_operation");
        assertThatThrownBy(x::item).hasMessage("item() is for one element, not for shape [2, 3]");
        assertThatThrownBy(() -> new Device("tpu:0")).hasMessage("device 'tpu:0' is unknown: use cpu or cuda:N");
    }

    @Test
    @DisplayName("a tensor never aliases Java memory")
    void copies() throws Exception {
        Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8});
        Tensor view = x.reshape(2, 4);
        GarbageStorm.blow();
        assertThat(view.toFloats()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    }

    @Test
    @DisplayName("devices: everything starts on the CPU")
    void device() {
        Tensor x = Tensor.zeros(1);
        assertThat(x.device()).isEqualTo(Device.CPU);
        assertThat(x.to(Device.CPU)).isSameAs(x);
    }

    @Test
    @DisplayName("the number of threads can be set and read")
    void threads() {
        int before = TorchEngine.threads();
        TorchEngine.setThreads(1);
        assertThat(TorchEngine.threads()).isEqualTo(1);
        TorchEngine.setThreads(before);
        assertThatThrownBy(() -> TorchEngine.setThreads(0)).hasMessage("threads must be at least 1, not 0");
    }

    @Test
    void sums_per_sample_keep_what_single_precision_would_lose() {
        Tensor x = Tensor.of(new float[] {4096, 1}, 1, 2);
        assertThat(Ops.sumSquaresPerSample(x).toDoubles()).containsExactly(16777217);
        assertThat(Ops.sumProductsPerSample(x, x).toDoubles()).containsExactly(16777217);
    }
}
