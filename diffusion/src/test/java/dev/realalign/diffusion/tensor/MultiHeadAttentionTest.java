package dev.realalign.diffusion.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Written-out and fused attention against loops in double precision. Scores of 512 x 64 are the last to be written out. */
class MultiHeadAttentionTest {
    private static final int HEADS = 3;
    private static final int FEATURES = 8; // of a head

    @ParameterizedTest(name = "{0} queries, {1} keys")
    @CsvSource({"1, 1", "7, 5", "512, 64", "513, 64"})
    @DisplayName("attention is softmax(q k / sqrt(d)) v for each head, on both sides of the limit between its two ways")
    void matchesLoops(int queries, int keys) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor q = Tensor.randn(1, 2, queries, HEADS * FEATURES);
            Tensor k = Tensor.randn(2, 2, keys, HEADS * FEATURES);
            Tensor v = Tensor.randn(3, 2, keys, HEADS * FEATURES);
            float[] found = Ops.multiHeadAttention(q, k, v, HEADS, false).toFloats();
            assertThat(found).containsExactly(loops(q, k, v, queries, keys), within(2e-6f));
        }
    }

    @ParameterizedTest(name = "{0} queries, {1} keys")
    @CsvSource({"7, 5", "512, 64", "513, 64"})
    @DisplayName("its gradients are those of the fused kernel head by head, and the same bytes each time")
    void gradients(int queries, int keys) {
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> leaves = List.of(
                    Tensor.randn(1, 2, queries, HEADS * FEATURES).requireGrad(),
                    Tensor.randn(2, 2, keys, HEADS * FEATURES).requireGrad(),
                    Tensor.randn(3, 2, keys, HEADS * FEATURES).requireGrad());
            Tensor slope = Tensor.randn(4, 2, queries, HEADS * FEATURES);
            List<Tensor> found = gradients(leaves, slope);
            List<Tensor> again = gradients(leaves, slope);
            Tensor fused = Autograd.withGrad(
                    () -> Ops.attention(split(leaves.get(0)), split(leaves.get(1)), split(leaves.get(2)))
                            .transpose(1, 2)
                            .reshape(2, queries, HEADS * FEATURES));
            List<Tensor> expected = Autograd.gradients(List.of(fused), List.of(slope), leaves);
            for (int i = 0; i < leaves.size(); i++) {
                assertThat(found.get(i).toFloats()).isEqualTo(again.get(i).toFloats());
                assertThat(found.get(i).toFloats())
                        .containsExactly(expected.get(i).toFloats(), within(2e-5f));
            }
        }
    }

    private static List<Tensor> gradients(List<Tensor> leaves, Tensor slope) {
        Tensor y = Autograd.withGrad(
                () -> Ops.multiHeadAttention(leaves.get(0), leaves.get(1), leaves.get(2), HEADS, false));
        return Autograd.gradients(List.of(y), List.of(slope), leaves);
    }

    /** (B, N, S D) to (B, S, N, D). */
    private static Tensor split(Tensor x) {
        return x.reshape(2, -1, HEADS, FEATURES).transpose(1, 2);
    }

    private static float[] loops(Tensor q, Tensor k, Tensor v, int queries, int keys) {
        double[] qs = q.toDoubles();
        double[] ks = k.toDoubles();
        double[] vs = v.toDoubles();
        int width = HEADS * FEATURES;
        float[] out = new float[qs.length];
        for (int b = 0; b < 2; b++) {
            for (int head = 0; head < HEADS; head++) {
                for (int n = 0; n < queries; n++) {
                    int from = (b * queries + n) * width + head * FEATURES;
                    double[] weights = new double[keys];
                    double sum = 0;
                    for (int m = 0; m < keys; m++) {
                        double score = 0;
                        for (int d = 0; d < FEATURES; d++) {
                            score += qs[from + d] * ks[(b * keys + m) * width + head * FEATURES + d];
                        }
                        weights[m] = Math.exp(score / Math.sqrt(FEATURES));
                        sum += weights[m];
                    }
                    for (int d = 0; d < FEATURES; d++) {
                        double y = 0;
                        for (int m = 0; m < keys; m++) {
                            y += weights[m] / sum * vs[(b * keys + m) * width + head * FEATURES + d];
                        }
                        out[from + d] = (float) y;
                    }
                }
            }
        }
        return out;
    }
}
