package dev.realalign.diffusion.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class CheckpointTest {
    private static List<Tensor> layer(List<Tensor> in, Tensor w, AtomicInteger runs) {
        runs.incrementAndGet();
        Tensor h = Ops.tanh(in.get(0).matmul(w));
        return List.of(h.add(in.get(1)), h.square());
    }

    /** A shared input, a skip connection, two outputs of which one is used twice. */
    private static float[][] gradients(boolean checkpointed, AtomicInteger runs) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor w = Tensor.randn(1, 4, 4).requireGrad();
            Tensor v = Tensor.randn(2, 4, 4).requireGrad();
            Tensor shared = Tensor.randn(3, 2, 4).requireGrad();
            Tensor x = Tensor.randn(4, 2, 4);
            Tensor y = Autograd.withGrad(() -> {
                List<Tensor> first = checkpointed
                        ? Autograd.checkpoint(List.of(x, shared), in -> layer(in, w, runs))
                        : layer(List.of(x, shared), w, runs);
                List<Tensor> second = checkpointed
                        ? Autograd.checkpoint(List.of(first.get(0), shared), in -> layer(in, v, runs))
                        : layer(List.of(first.get(0), shared), v, runs);
                return second.get(0).mul(first.get(0)).add(first.get(1));
            });
            Autograd.backward(y, Tensor.randn(5, 2, 4));
            return new float[][] {
                Autograd.gradient(w).toFloats(),
                Autograd.gradient(v).toFloats(),
                Autograd.gradient(shared).toFloats()
            };
        }
    }

    @Test
    @DisplayName("checkpoints give the same gradients and run each computation twice")
    void sameGradients() {
        long before = Tensor.liveCount();
        AtomicInteger runs = new AtomicInteger();
        float[][] plain = gradients(false, new AtomicInteger());
        float[][] checkpointed = gradients(true, runs);
        for (int i = 0; i < plain.length; i++) {
            assertThat(checkpointed[i]).usingComparatorWithPrecision(1e-6f).containsExactly(plain[i]);
        }
        assertThat(runs).hasValue(4);
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    @DisplayName(
            "two forward passes before their backward passes do not disturb each other; one that is abandoned is freed")
    void interleaved() {
        long before = Tensor.liveCount();
        try (TensorScope scope = TensorScope.open()) {
            Tensor w = Tensor.of(new float[] {3}).requireGrad();
            Tensor one = Tensor.full(1, ElementType.F32, 1);
            List<Tensor> first = Autograd.withGrad(() -> Autograd.checkpoint(
                    List.of(Tensor.of(new float[] {2})), in -> List.of(in.get(0).mul(w))));
            List<Tensor> second = Autograd.withGrad(() -> Autograd.checkpoint(
                    List.of(Tensor.of(new float[] {10})),
                    in -> List.of(in.get(0).mul(w))));
            Autograd.withGrad(() ->
                    Autograd.checkpoint(List.of(one), in -> List.of(in.get(0).mul(w))));
            Autograd.backward(first.get(0), one);
            assertThat(Autograd.gradient(w).item()).isEqualTo(2);
            Autograd.backward(second.get(0), one);
            assertThat(Autograd.gradient(w).item()).isEqualTo(12);
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    @DisplayName("a checkpoint inside a checkpoint gives the same gradients")
    void nested() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor w = Tensor.of(new float[] {3}).requireGrad();
            Tensor y = Autograd.withGrad(() -> {
                List<Tensor> first = Autograd.checkpoint(
                        List.of(Tensor.of(new float[] {2})),
                        in -> List.of(in.get(0).mul(w)));
                return Autograd.checkpoint(first, outer -> {
                            Tensor inner = Autograd.checkpoint(
                                            outer, in -> List.of(in.get(0).mul(w)))
                                    .get(0);
                            return List.of(inner.mul(w));
                        })
                        .get(0);
            });
            assertThat(y.item()).isEqualTo(54); // 2 w^3
            Autograd.backward(y, Tensor.full(1, ElementType.F32, 1));
            assertThat(Autograd.gradient(w).item()).isEqualTo(54); // 6 w^2
        }
    }

    @Test
    @DisplayName("an input recorded outside checkpoints is refused, since its recording would be used twice")
    void refused() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor w = Tensor.of(new float[] {3}).requireGrad();
            assertThatThrownBy(() -> Autograd.withGrad(() -> Autograd.checkpoint(List.of(w.mul(2)), in -> in)))
                    .hasMessageContaining("is the result of a recorded operation outside checkpoints");
            AtomicInteger runs = new AtomicInteger();
            List<Tensor> plain = Autograd.checkpoint(List.of(w.mul(2)), in -> {
                runs.incrementAndGet();
                return List.of(in.get(0).add(1));
            });
            assertThat(plain.get(0).item()).isEqualTo(7);
            assertThat(runs).hasValue(1);
        }
    }
}
