package dev.realalign.diffusion.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class AutogradTest {
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
    @DisplayName("backward adds to the gradients of leaves, clear zeroes them")
    void accumulates() {
        Tensor w = Tensor.of(new float[] {1, 2}).requireGrad();
        assertThat(Autograd.hasGradient(w)).isFalse();
        assertThatThrownBy(() -> Autograd.gradient(w))
                .hasMessage("F32[2] has no gradient: no backward pass has reached it");
        for (int pass = 1; pass <= 2; pass++) {
            Tensor y = Autograd.withGrad(() -> w.square().mul(3));
            Autograd.backward(y, Tensor.of(new float[] {1, 10}));
            assertThat(Autograd.gradient(w).toFloats()).containsExactly(6 * pass, 120 * pass);
        }
        Autograd.clear(List.of(w));
        assertThat(Autograd.gradient(w).toFloats()).containsExactly(0, 0);
    }

    @Test
    @DisplayName("several outputs go back in one pass; gradients() leaves the leaves alone")
    void lists() {
        Tensor a = Tensor.of(new float[] {2}).requireGrad();
        Tensor b = Tensor.of(new float[] {5}).requireGrad();
        Tensor unused = Tensor.of(new float[] {5}).requireGrad();
        Tensor one = Tensor.full(1, ElementType.F32, 1);
        List<Tensor> found = Autograd.gradients(
                Autograd.withGrad(() -> List.of(a.mul(b), a.square())), List.of(one, one), List.of(a, b, unused));
        assertThat(found.get(0).item()).isEqualTo(9);
        assertThat(found.get(1).item()).isEqualTo(2);
        assertThat(found.get(2).item()).isZero();
        assertThat(Autograd.hasGradient(a)).isFalse();
        Autograd.backward(Autograd.withGrad(() -> List.of(a.mul(b), a.square())), List.of(one, one));
        assertThat(Autograd.gradient(a).item()).isEqualTo(9);
    }

    @Test
    @DisplayName("recording is off by default, on every thread, and ends with the computation")
    void modes() throws Exception {
        Tensor w = Tensor.of(new float[] {1}).requireGrad();
        assertThat(Autograd.isRecording()).isFalse();
        Tensor one = Tensor.full(1, ElementType.F32, 1);
        Tensor unrecorded = w.mul(2);
        assertThatThrownBy(() -> Autograd.backward(unrecorded, one)).isInstanceOf(TensorException.class);
        assertThatThrownBy(() -> Autograd.withGrad(() -> {
                    throw new IllegalStateException("inside");
                }))
                .hasMessage("inside");
        assertThat(Autograd.isRecording()).isFalse();
        Tensor frozen = Autograd.withGrad(() -> Autograd.withoutGrad(() -> w.mul(2)));
        assertThatThrownBy(() -> Autograd.backward(frozen, one)).isInstanceOf(TensorException.class);
        boolean recorded = CompletableFuture.supplyAsync(
                        () -> {
                            try (TensorScope other = TensorScope.open()) {
                                Autograd.backward(w.mul(2), one);
                                return true;
                            } catch (TensorException e) {
                                return false;
                            }
                        },
                        task -> new Thread(task).start())
                .get(10, TimeUnit.SECONDS);
        assertThat(recorded).isFalse();
    }

    @Test
    @DisplayName("a result computed without recording can enter a recorded computation as a constant")
    void referencePass() {
        Tensor w = Tensor.of(new float[] {3}).requireGrad();
        Tensor reference = Autograd.withoutGrad(() -> w.mul(2));
        Tensor y = Autograd.withGrad(() -> w.mul(reference));
        Autograd.backward(y, Tensor.full(1, ElementType.F32, 1));
        assertThat(Autograd.gradient(w).item()).isEqualTo(6);
    }

    @Test
    @DisplayName("garbage collection between forward and backward changes no gradient")
    void survivesGarbageCollection() throws Exception {
        float[] calm = gradientsOfEverything(false);
        for (int round = 0; round < 5; round++) {
            assertThat(gradientsOfEverything(true)).containsExactly(calm);
        }
    }

    /** A chain through every operation that takes a number, an array or a list, with its scratch tensors freed early. */
    private static float[] gradientsOfEverything(boolean storm) throws Exception {
        Tensor w = Tensor.of(new float[] {.1f, .2f, .3f, .4f, .5f, .6f, .7f, .8f}, 2, 4)
                .requireGrad();
        try (TensorScope step = TensorScope.open()) {
            Tensor y = Autograd.withGrad(() -> TensorScope.of(() -> {
                Tensor x = w.mul(1.5).add(0.25).add(Tensor.of(new float[] {1, 2, 3, 4}));
                x = x.mul(Tensor.of(new float[] {4, 3, 2, 1}))
                        .div(Tensor.scalar(3))
                        .clamp(-50, 50);
                x = x.matmul(Tensor.randn(3, 4, 4))
                        .addScaled(x, 0.5)
                        .square()
                        .add(1)
                        .sqrt()
                        .log()
                        .exp();
                x = Ops.scalePerSample(x, new float[] {2, 5});
                x = Ops.layerNorm(x, Tensor.of(new float[] {1, 2, 3, 4}), null, 1e-5);
                x = Ops.linear(x, Tensor.randn(4, 6, 4), Tensor.randn(5, 6));
                x = Ops.geglu(x);
                x = Ops.concatenate(List.of(x, Ops.silu(x)), 1);
                x = Ops.where(Tensor.of(new byte[] {1, 0, 1, 0, 1, 1}).to(ElementType.BOOL), x, x.mul(2));
                return x.sub(Tensor.full(2, ElementType.F32, 2, 6));
            }));
            if (storm) {
                GarbageStorm.blow();
            }
            Autograd.backward(y, Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 6));
            if (storm) {
                GarbageStorm.blow();
            }
            float[] gradient = Autograd.gradient(w).toFloats();
            assertThat(gradient).doesNotContain(0f);
            return gradient;
        }
    }

    @Test
    @DisplayName("two thousand steps leave no native array behind")
    void noLeak() {
        Tensor w = Tensor.of(new float[] {.5f}, 1, 1).requireGrad();
        long before = Tensor.liveCount();
        for (int step = 0; step < 2000; step++) {
            try (TensorScope inStep = TensorScope.open()) {
                Tensor y =
                        Autograd.withGrad(() -> Ops.silu(Ops.linear(Tensor.full(1, ElementType.F32, 3, 1), w, null)));
                Autograd.backward(y, y.detach());
                assertThat(Autograd.gradient(w).count()).isEqualTo(1);
            }
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }
}
