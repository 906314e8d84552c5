package dev.realalign.diffusion.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class TensorScopeTest {
    @Test
    @DisplayName("a scope frees what was made in it and nothing else")
    void frees() {
        long before = Tensor.liveCount();
        Tensor outside = Tensor.zeros(2);
        Tensor inside;
        try (TensorScope scope = TensorScope.open()) {
            inside = outside.add(1).mul(2).add(outside);
            assertThat(Tensor.liveCount()).isEqualTo(before + 4);
        }
        assertThat(inside.isClosed()).isTrue();
        assertThat(outside.isClosed()).isFalse();
        outside.close();
        outside.close();
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    @DisplayName("a kept tensor moves to the scope around, and at last to the caller")
    void keeps() {
        long before = Tensor.liveCount();
        Tensor kept;
        try (TensorScope outer = TensorScope.open()) {
            try (TensorScope inner = TensorScope.open()) {
                Tensor scratch = Tensor.zeros(3);
                kept = inner.keep(scratch.add(1));
                Tensor.zeros(4);
            }
            assertThat(Tensor.liveCount()).isEqualTo(before + 1);
            Tensor.zeros(5);
            outer.keep(kept);
        }
        assertThat(kept.toFloats()).containsExactly(1, 1, 1);
        kept.close();
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    @DisplayName("a tensor closed early is not freed twice, in whatever order")
    void closedEarly() {
        long before = Tensor.liveCount();
        try (TensorScope scope = TensorScope.open()) {
            Tensor a = Tensor.zeros(1);
            Tensor b = Tensor.zeros(1);
            Tensor c = Tensor.zeros(1);
            a.close();
            c.close();
            Tensor d = b.add(1);
            b.close();
            assertThat(d.item()).isEqualTo(1);
            assertThat(Tensor.liveCount()).isEqualTo(before + 1);
            assertThatThrownBy(() -> a.add(1)).hasMessageContaining("is closed: its TensorScope has ended");
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    @DisplayName("a tensor taken out of its scope lives until it is closed")
    void unscoped() {
        long before = Tensor.liveCount();
        Tensor weight;
        try (TensorScope scope = TensorScope.open()) {
            weight = Tensor.zeros(1).unscoped();
            scope.keep(weight);
        }
        assertThat(weight.item()).isZero();
        weight.close();
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    @DisplayName("results of scoped computations survive, their intermediates do not")
    void computations() {
        long before = Tensor.liveCount();
        try (TensorScope scope = TensorScope.open()) {
            Tensor y = TensorScope.of(() -> Tensor.zeros(2).add(1).add(1));
            List<Tensor> both =
                    TensorScope.ofAll(() -> Ops.chunk(Tensor.zeros(4).add(3), 2, 0));
            assertThat(y.toFloats()).containsExactly(2, 2);
            assertThat(both.get(1).toFloats()).containsExactly(3, 3);
            assertThat(Tensor.liveCount()).isEqualTo(before + 3);
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    @DisplayName("scopes close inner before outer, on their own thread")
    void order() throws Exception {
        TensorScope outer = TensorScope.open();
        TensorScope inner = TensorScope.open();
        assertThatThrownBy(outer::close).hasMessageContaining("before the scope around it");
        AtomicReference<Throwable> seen = new AtomicReference<>();
        Thread other = new Thread(() -> {
            try {
                inner.close();
            } catch (IllegalStateException e) {
                seen.set(e);
            }
        });
        other.start();
        other.join();
        assertThat(seen.get()).hasMessageContaining("on its own thread");
        inner.close();
        inner.close();
        outer.close();
    }

    @Test
    @DisplayName("a failing operation leaks nothing")
    void failures() {
        long before = Tensor.liveCount();
        try (TensorScope scope = TensorScope.open()) {
            Tensor x = Tensor.zeros(2, 3);
            for (int i = 0; i < 10; i++) {
                assertThatThrownBy(() -> TensorScope.of(() -> x.add(1).matmul(x)))
                        .isInstanceOf(TensorException.class);
            }
            assertThat(Tensor.liveCount()).isEqualTo(before + 1);
        }
    }
}
