package dev.realalign.diffusion.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdamWTest {
    @TempDir
    Path folder;

    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static void push(Tensor leaf, float... gradient) {
        Autograd.clear(leaf);
        Tensor y = Autograd.withGrad(() -> leaf.mul(1));
        Autograd.backward(y, Tensor.of(gradient, leaf.shape()));
    }

    @Test
    @DisplayName("updates follow the published formula, small gradients included")
    void formula() {
        float[][] gradients = {{0.5f, -2, 1e-9f}, {0.1f, 3, 1e-9f}, {-0.7f, 0, -1e-9f}, {0.2f, 1, 1e-9f}};
        Tensor p = Tensor.of(new float[] {1, -1, 0.5f}).requireGrad();
        AdamW.Config config = new AdamW.Config(0.9, 0.99, 1e-8, 0.1);
        double[] w = {1, -1, 0.5};
        double[] m = new double[3];
        double[] v = new double[3];
        double lr = 0.01;
        try (AdamW optimizer = new AdamW(Map.of("p", p), config)) {
            for (int t = 1; t <= gradients.length; t++) {
                push(p, gradients[t - 1]);
                optimizer.step(lr);
                for (int i = 0; i < 3; i++) {
                    double g = gradients[t - 1][i];
                    w[i] *= 1 - lr * 0.1;
                    m[i] = 0.9 * m[i] + 0.1 * g;
                    v[i] = 0.99 * v[i] + 0.01 * g * g;
                    double mHat = m[i] / (1 - Math.pow(0.9, t));
                    double vHat = v[i] / (1 - Math.pow(0.99, t));
                    w[i] -= lr * mHat / (Math.sqrt(vHat) + 1e-8);
                }
                assertThat(optimizer.steps()).isEqualTo(t);
            }
        }
        float[] values = p.toFloats();
        for (int i = 0; i < 3; i++) {
            assertThat((double) values[i]).isCloseTo(w[i], within(2e-6));
        }
    }

    @Test
    @DisplayName("clipping is by the norm of all gradients together and returns the norm before")
    void clipping() {
        Tensor a = Tensor.of(new float[] {0, 0}).requireGrad();
        Tensor b = Tensor.of(new float[] {0}).requireGrad();
        try (AdamW optimizer = new AdamW(Map.of("a", a, "b", b), AdamW.Config.DEFAULT)) {
            push(a, 3, 0);
            push(b, -4);
            assertThat(optimizer.clip(10)).isEqualTo(5);
            assertThat(Autograd.gradient(a).toFloats()).containsExactly(3, 0);
            assertThat(optimizer.clip(1)).isEqualTo(5);
            assertThat(Autograd.gradient(a).toFloats()[0]).isCloseTo(0.6f, within(1e-6f));
            assertThat(Autograd.gradient(b).toFloats()[0]).isCloseTo(-0.8f, within(1e-6f));
            push(a, Float.NaN, 1);
            assertThat(optimizer.clip(1)).isNaN();
            assertThat(Autograd.gradient(a).toFloats()).containsExactly(Float.NaN, 1);
            optimizer.clear();
            assertThat(Autograd.gradient(a).toFloats()).containsExactly(0, 0);
        }
    }

    @Test
    @DisplayName("a run that is written out and read back continues bit for bit")
    void resumes() {
        Path file = folder.resolve("optimizer.safetensors");
        Tensor straight = Tensor.randn(1, 5, 7).requireGrad();
        Tensor resumed = straight.detach().copy().requireGrad();
        try (AdamW whole = new AdamW(Map.of("p", straight), AdamW.Config.DEFAULT)) {
            for (int step = 0; step < 6; step++) {
                push(straight, Tensor.randn(50 + step, 5, 7).toFloats());
                whole.step(0.01);
            }
        }
        try (AdamW first = new AdamW(Map.of("p", resumed), AdamW.Config.DEFAULT)) {
            for (int step = 0; step < 3; step++) {
                push(resumed, Tensor.randn(50 + step, 5, 7).toFloats());
                first.step(0.01);
            }
            assertThat(first.exportState().keySet()).containsExactly("p.exp_avg", "p.exp_avg_sq", "p.step");
            SafeTensors.write(file, first.exportState(), Map.of());
        }
        try (AdamW second = new AdamW(Map.of("p", resumed), AdamW.Config.DEFAULT);
                SafeTensors stored = SafeTensors.open(file)) {
            Map<String, Tensor> state = new LinkedHashMap<>();
            stored.entries().keySet().forEach(name -> state.put(name, stored.load(name)));
            second.importState(state);
            assertThat(second.steps()).isEqualTo(3);
            for (int step = 3; step < 6; step++) {
                push(resumed, Tensor.randn(50 + step, 5, 7).toFloats());
                second.step(0.01);
            }
        }
        assertThat(resumed.toFloats()).containsExactly(straight.toFloats());
    }

    @Test
    @DisplayName("a state of other parameters is refused with everything that differs, and nothing is taken over")
    void foreignState() {
        Tensor p = Tensor.zeros(2).requireGrad();
        try (AdamW optimizer = new AdamW(Map.of("p", p), AdamW.Config.DEFAULT)) {
            assertThatThrownBy(() -> optimizer.importState(Map.of(
                            "p.exp_avg", Tensor.zeros(3), "p.step", Tensor.scalar(9), "q.step", Tensor.scalar(1))))
                    .hasMessage("the optimizer state does not fit: p.exp_avg has shape [3], expected [2];"
                            + " p.exp_avg_sq is missing; q.step is unexpected");
            assertThat(optimizer.steps()).isZero();
            assertThatThrownBy(() -> optimizer.step(0.1)).hasMessageContaining("has no gradient");
        }
        assertThatThrownBy(() -> new AdamW.Config(1, 0.9, 1e-8, 0)).hasMessageContaining("betas in [0, 1)");
    }
}
