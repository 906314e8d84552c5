package dev.realalign.diffusion.tensor;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.jni.TorchNatives;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Operations of neural networks on tensors.
 *
 * <p>Legend of shapes: B samples, C channels, H height, W width, N tokens, D features, S heads.
 */
public final class Ops {
    static final Script LIBRARY = Script.compile(
            """
            def linear(x: Tensor, w: Tensor, b: Optional[Tensor]) -> Tensor:
              return torch.linear(x, w, b)
            def low_rank_linear(x: Tensor, w: Tensor, b: Optional[Tensor], down: Tensor, up: Tensor, scale: float) -> Tensor:
              type = ops.prim.dtype(x)
              rows = torch.flatten(x, 0, -2)
              low = torch.linear(rows, torch.to(down, type))
              y = torch.addmm_(torch.linear(rows, w, b), low, torch.contiguous(torch.t(torch.to(up, type))), alpha=scale)
              return torch.reshape(y, torch.add(torch.slice(torch.size(x), 0, -1), [-1]))
            def merged_low_rank(w: Tensor, down: Tensor, up: Tensor, scale: float) -> Tensor:
              added = torch.reshape(torch.matmul(up, down), torch.size(w))
              return torch.to(torch.add(torch.to(w, 6), added, alpha=scale), ops.prim.dtype(w))
            def with_difference(w: Tensor, difference: Tensor) -> Tensor:
              return torch.to(torch.add(torch.to(w, 6), difference), ops.prim.dtype(w))
            def conv2d(x: Tensor, w: Tensor, b: Optional[Tensor], stride: int, pad: int, dilation: int, groups: int) -> Tensor:
              return torch.conv2d(x, w, b, [stride, stride], [pad, pad], [dilation, dilation], groups)
            def upsampled_conv2d(x: Tensor, w: Tensor, b: Optional[Tensor]) -> Tensor:
              exact = torch.eq(ops.prim.dtype(x), 6)
              local = torch.eq(ops.prim.device(x), torch.device("cpu"))
              if torch.__and__(exact, local):
                flipped = torch.flip(torch.transpose(w, 0, 1), [2, 3])
                wide = torch.add(torch.constant_pad_nd(flipped, [0, 1], 0), torch.constant_pad_nd(flipped, [1, 0], 0))
                high = torch.add(torch.constant_pad_nd(wide, [0, 0, 0, 1], 0), torch.constant_pad_nd(wide, [0, 0, 1, 0], 0))
                y = torch.conv_transpose2d(x, high, b, [2, 2], [1, 1])
              else:
                large = torch.upsample_nearest2d(x, [torch.mul(torch.size(x, 2), 2), torch.mul(torch.size(x, 3), 2)])
                y = torch.conv2d(large, w, b, [1, 1], [1, 1], [1, 1], 1)
              return y
            def group_norm(x: Tensor, groups: int, w: Optional[Tensor], b: Optional[Tensor], eps: float) -> Tensor:
              return torch.group_norm(x, groups, w, b, eps)
            def layer_norm(x: Tensor, w: Optional[Tensor], b: Optional[Tensor], eps: float) -> Tensor:
              return torch.layer_norm(x, [torch.size(x, -1)], w, b, eps)
            def rms_norm(x: Tensor, w: Optional[Tensor], eps: float) -> Tensor:
              return torch.rms_norm(x, [torch.size(x, -1)], w, eps)
            def batch_norm(x: Tensor, w: Tensor, b: Tensor, mean: Tensor, variance: Tensor, eps: float) -> Tensor:
              return torch.batch_norm(x, w, b, mean, variance, False, 0., eps, False)
            def attention(q: Tensor, k: Tensor, v: Tensor, bias: Optional[Tensor], causal: bool, scale: Optional[float]) -> Tensor:
              return torch.scaled_dot_product_attention(q, k, v, bias, 0., causal, scale=scale)
            def multi_head_attention(q: Tensor, k: Tensor, v: Tensor, heads: int, causal: bool) -> Tensor:
              batch = torch.size(q, 0)
              d = torch.floordiv(torch.size(q, -1), heads)
              q1 = torch.transpose(torch.reshape(q, [batch, -1, heads, d]), 1, 2)
              k1 = torch.transpose(torch.reshape(k, [batch, -1, heads, d]), 1, 2)
              v1 = torch.transpose(torch.reshape(v, [batch, -1, heads, d]), 1, 2)
              few = torch.le(torch.mul(torch.size(q, 1), torch.size(k, 1)), 32768)
              exact = torch.eq(ops.prim.dtype(q), 6)
              local = torch.eq(ops.prim.device(q), torch.device("cpu"))
              if torch.__and__(torch.__and__(few, torch.__not__(causal)), torch.__and__(exact, local)):
                scores = torch.matmul(torch.mul(q1, torch.pow(d, -0.5)), torch.transpose(k1, 2, 3))
                y = torch.matmul(torch.softmax(scores, -1), v1)
              else:
                y = torch.scaled_dot_product_attention(q1, k1, v1, None, 0., causal)
              return torch.reshape(torch.transpose(y, 1, 2), [batch, -1, torch.mul(heads, d)])
            def timestep_embedding(t: Tensor, dim: int, cos_first: bool, shift: float) -> Tensor:
              half = torch.floordiv(dim, 2)
              steps = torch.arange(half, dtype=6, device=ops.prim.device(t))
              exponent = torch.div(torch.mul(steps, -9.210340371976184), torch.sub(float(half), shift))
              angle = torch.mul(torch.unsqueeze(torch.to(t, 6), 1), torch.unsqueeze(torch.exp(exponent), 0))
              if cos_first:
                y = torch.cat([torch.cos(angle), torch.sin(angle)], 1)
              else:
                y = torch.cat([torch.sin(angle), torch.cos(angle)], 1)
              if torch.eq(torch.remainder(dim, 2), 1):
                z = torch.constant_pad_nd(y, [0, 1], 0.)
              else:
                z = y
              return z
            def silu(x: Tensor) -> Tensor:
              return torch.silu(x)
            def gelu(x: Tensor) -> Tensor:
              return torch.gelu(x)
            def gelu_tanh(x: Tensor) -> Tensor:
              return torch.gelu(x, approximate="tanh")
            def quick_gelu(x: Tensor) -> Tensor:
              return torch.mul(x, torch.sigmoid(torch.mul(x, 1.702)))
            def geglu(x: Tensor) -> Tensor:
              hidden, gate = torch.chunk(x, 2, -1)
              return torch.mul(hidden, torch.gelu(gate))
            def relu(x: Tensor) -> Tensor:
              return torch.relu(x)
            def sigmoid(x: Tensor) -> Tensor:
              return torch.sigmoid(x)
            def tanh(x: Tensor) -> Tensor:
              return torch.tanh(x)
            def softmax(x: Tensor, axis: int) -> Tensor:
              return torch.softmax(x, axis)
            def embedding(w: Tensor, ids: Tensor) -> Tensor:
              return torch.embedding(w, ids)
            def upsample_nearest(x: Tensor, h: int, w: int) -> Tensor:
              return torch.upsample_nearest2d(x, [h, w])
            def upsample_bilinear(x: Tensor, h: int, w: int, align: bool) -> Tensor:
              return torch.upsample_bilinear2d(x, [h, w], align)
            def resize_bilinear(x: Tensor, h: int, w: int) -> Tensor:
              return torch._upsample_bilinear2d_aa(x, [h, w], False)
            def at_least(x: Tensor, bound: float) -> Tensor:
              return torch.to(torch.ge(x, bound), ops.prim.dtype(x))
            def max_pool2d(x: Tensor, k: int, stride: int, ceil: bool) -> Tensor:
              return torch.max_pool2d(x, [k, k], [stride, stride], [0, 0], [1, 1], ceil)
            def avg_pool2d(x: Tensor, k: int, stride: int) -> Tensor:
              return torch.avg_pool2d(x, [k, k], [stride, stride])
            def pad(x: Tensor, amounts: List[int], value: float) -> Tensor:
              return torch.constant_pad_nd(x, amounts, value)
            def chunk(x: Tensor, parts: int, axis: int) -> List[Tensor]:
              return torch.chunk(x, parts, axis)
            def where(condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
              return torch.where(condition, a, b)
            def einsum(equation: str, xs: List[Tensor]) -> Tensor:
              return torch.einsum(equation, xs)
            def channels_last(x: Tensor) -> Tensor:
              return torch.contiguous(x, memory_format=2)
            def sum_squares(x: Tensor) -> Tensor:
              y = torch.flatten(x, 1)
              return torch.sum(torch.mul(y, y), [1], dtype=7)
            def sum_products(x: Tensor, y: Tensor) -> Tensor:
              return torch.sum(torch.flatten(torch.mul(x, y), 1), [1], dtype=7)
            def total_norm(xs: List[Tensor]) -> Tensor:
              return torch.linalg_vector_norm(torch.stack(torch._foreach_norm(xs, 2)), 2)
            def zeros_like(x: Tensor) -> Tensor:
              return torch.zeros_like(x)
            def assign_all_in_place(xs: List[Tensor], sources: List[Tensor]) -> None:
              torch._foreach_copy_(xs, sources)
              return None
            def add_all_in_place(xs: List[Tensor], others: List[Tensor]) -> None:
              torch._foreach_add_(xs, others)
              return None
            def zero_all_in_place(xs: List[Tensor]) -> None:
              torch._foreach_zero_(xs)
              return None
            def scale_all_in_place(xs: List[Tensor], factor: float) -> None:
              torch._foreach_mul_(xs, factor)
              return None
            def adamw(p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], lr: float, beta1: float, beta2: float, decay: float, eps: float) -> None:
              unused = annotate(List[Tensor], [])
              torch._foreach_add_(steps, 1)
              torch._fused_adamw_(p, g, m, v, unused, steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=False, maximize=False, grad_scale=None, found_inf=None)
              return None
            def backward(ys: List[Tensor], gs: List[Tensor]) -> None:
              optional = annotate(List[Optional[Tensor]], [])
              for i in range(torch.len(gs)):
                _0 = torch.append(optional, gs[i])
              torch.autograd.backward(ys, optional)
              return None
            def gradients(ys: List[Tensor], gs: List[Tensor], xs: List[Tensor]) -> List[Tensor]:
              optional = annotate(List[Optional[Tensor]], [])
              for i in range(torch.len(gs)):
                _0 = torch.append(optional, gs[i])
              found = torch.autograd.grad(ys, xs, optional, False, False, True)
              result = annotate(List[Tensor], [])
              for i in range(torch.len(xs)):
                g = found[i]
                if torch.__isnot__(g, None):
                  _1 = torch.append(result, unchecked_cast(Tensor, g))
                else:
                  _2 = torch.append(result, torch.zeros_like(xs[i]))
              return result
            def full(shape: List[int], value: float, type: int) -> Tensor:
              return torch.full(shape, value, dtype=type)
            def randn(shape: List[int], seed: int) -> Tensor:
              generator = torch.Generator(device=torch.device("cpu"), seed=seed)
              return torch.randn(shape, generator=generator, dtype=6)
            def uniform(shape: List[int], seed: int, low: float, high: float) -> Tensor:
              generator = torch.Generator(device=torch.device("cpu"), seed=seed)
              return torch.uniform_(torch.empty(shape, dtype=6), low, high, generator=generator)
            def arange(n: int) -> Tensor:
              return torch.arange(n, dtype=4)
            def type_of(x: Tensor) -> int:
              return ops.prim.dtype(x)
            def requires_grad(x: Tensor) -> bool:
              return ops.prim.requires_grad(x)
            def is_cpu(x: Tensor) -> bool:
              return torch.eq(ops.prim.device(x), torch.device("cpu"))
            def device_index(x: Tensor) -> int:
              return unchecked_cast(int, ops.prim.index(ops.prim.device(x)))
            def item(x: Tensor) -> float:
              return float(torch.item(torch.to(x, 7)))
            def is_finite(x: Tensor) -> bool:
              return bool(torch.all(torch.isfinite(x)))
            def add_number(x: Tensor, number: float) -> Tensor:
              return torch.add(x, number)
            def mul_number(x: Tensor, number: float) -> Tensor:
              return torch.mul(x, number)
            def add_scaled(x: Tensor, y: Tensor, factor: float) -> Tensor:
              return torch.add(x, y, alpha=factor)
            def square(x: Tensor) -> Tensor:
              return torch.square(x)
            def sqrt(x: Tensor) -> Tensor:
              return torch.sqrt(x)
            def exp(x: Tensor) -> Tensor:
              return torch.exp(x)
            def log(x: Tensor) -> Tensor:
              return torch.log(x)
            def sin(x: Tensor) -> Tensor:
              return torch.sin(x)
            def cos(x: Tensor) -> Tensor:
              return torch.cos(x)
            def abs(x: Tensor) -> Tensor:
              return torch.abs(x)
            def clamp(x: Tensor, low: float, high: float) -> Tensor:
              return torch.clamp(x, low, high)
            def eq(x: Tensor, y: Tensor) -> Tensor:
              return torch.eq(x, y)
            def sum_all(x: Tensor) -> Tensor:
              return torch.sum(x)
            def mean_all(x: Tensor) -> Tensor:
              return torch.mean(x)
            def sum(x: Tensor, axes: List[int], keep: bool) -> Tensor:
              return torch.sum(x, axes, keep)
            def mean(x: Tensor, axes: List[int], keep: bool) -> Tensor:
              return torch.mean(x, axes, keep)
            def max(x: Tensor) -> Tensor:
              return torch.max(x)
            def min(x: Tensor) -> Tensor:
              return torch.min(x)
            def argmax(x: Tensor, axis: int) -> Tensor:
              return torch.argmax(x, axis)
            def unsqueeze(x: Tensor, axis: int) -> Tensor:
              return torch.unsqueeze(x, axis)
            def squeeze(x: Tensor, axis: int) -> Tensor:
              return torch.squeeze(x, axis)
            def index_select(x: Tensor, axis: int, index: Tensor) -> Tensor:
              return torch.index_select(x, axis, index)
            def contiguous(x: Tensor) -> Tensor:
              return torch.contiguous(x)
            def copy(x: Tensor) -> Tensor:
              return torch.clone(x)
            def to_type(x: Tensor, type: int) -> Tensor:
              return torch.to(x, type)
            def to_device(x: Tensor, device: str) -> Tensor:
              return torch.to(x, torch.device(device), ops.prim.dtype(x))
            def assign_in_place(x: Tensor, y: Tensor) -> None:
              _0 = torch.copy_(x, y)
              return None
            def blend_in_place(x: Tensor, own: float, y: Tensor, factor: float) -> None:
              _0 = torch.add_(torch.mul_(x, own), y, alpha=factor)
              return None
            def scale_in_place(x: Tensor, factor: float) -> None:
              _0 = torch.mul_(x, factor)
              return None
            def from_file(path: str, count: int, type: int) -> Tensor:
              return torch.from_file(path, False, count, dtype=type)
            """);

    private Ops() {}

    /** {@code x w^T + b}: x (..., in), w (out, in), b (out) to (..., out). */
    public static Tensor linear(Tensor x, Tensor w, @Nullable Tensor b) {
        return LIBRARY.run("linear", x, w, b);
    }

    /** {@code x w^T + b + scale (x down^T) up^T}; down (rank, in) and up (out, rank) may be of another type than x. */
    public static Tensor lowRankLinear(Tensor x, Tensor w, @Nullable Tensor b, Tensor down, Tensor up, double scale) {
        return LIBRARY.run("low_rank_linear", x, w, b, down, up, scale);
    }

    /** {@code w + difference}, summed in F32 and given in the type of w; backward passes to the difference. */
    public static Tensor withDifference(Tensor w, Tensor difference) {
        return LIBRARY.run("with_difference", w, difference);
    }

    /** {@code w + scale * up down}, summed in F32 and given in the type of w. */
    public static Tensor mergedLowRank(Tensor w, Tensor down, Tensor up, double scale) {
        return Autograd.withoutGrad(() -> LIBRARY.run("merged_low_rank", w, down, up, scale));
    }

    /** x (B, C, H, W), w (out, C / groups, k, k), b (out) to (B, out, H', W'). */
    public static Tensor conv2d(
            Tensor x, Tensor w, @Nullable Tensor b, int stride, int padding, int dilation, int groups) {
        return LIBRARY.run("conv2d", x, w, b, stride, padding, dilation, groups);
    }

    /**
     * The convolution of the nearest neighbours at twice the height and width, stride 1, padding 1: x (B, C, H, W), w (out, C, 3, 3), b (out)
     * to (B, out, 2 H, 2 W).
     *
     * <p>Each input pixel stands in two rows and two columns, so that neighbouring weights meet the same value: along each
     * axis the whole is a transposed convolution of stride 2 with the kernel {@code w2, w1 + w2, w0 + w1, w0}, which takes 16
     * products where the plain way takes 36. That way is taken in F32 on the processor, where the sums of weights lose
     * nothing that counts.
     */
    public static Tensor upsampledConv2d(Tensor x, Tensor w, @Nullable Tensor b) {
        return LIBRARY.run("upsampled_conv2d", x, w, b);
    }

    /** Normalises each group of channels of each sample; x (B, C, ...). */
    public static Tensor groupNorm(Tensor x, int groups, @Nullable Tensor w, @Nullable Tensor b, double eps) {
        return LIBRARY.run("group_norm", x, groups, w, b, eps);
    }

    /** Normalises the last axis. */
    public static Tensor layerNorm(Tensor x, @Nullable Tensor w, @Nullable Tensor b, double eps) {
        return LIBRARY.run("layer_norm", x, w, b, eps);
    }

    /** Divides by the root mean square of the last axis. */
    public static Tensor rmsNorm(Tensor x, @Nullable Tensor w, double eps) {
        return LIBRARY.run("rms_norm", x, w, eps);
    }

    /** Batch normalisation with stored statistics; x (B, C, H, W), the rest (C). */
    public static Tensor batchNorm(Tensor x, Tensor w, Tensor b, Tensor mean, Tensor variance, double eps) {
        return LIBRARY.run("batch_norm", x, w, b, mean, variance, eps);
    }

    /** softmax(q k^T / sqrt(D)) v: q (B, S, N, D), k and v (B, S, M, D) to (B, S, N, D). */
    public static Tensor attention(Tensor q, Tensor k, Tensor v) {
        return LIBRARY.run("attention", q, k, v, null, false, null);
    }

    /** As {@link #attention(Tensor, Tensor, Tensor)}, each token seeing itself and those before it. */
    public static Tensor causalAttention(Tensor q, Tensor k, Tensor v) {
        return LIBRARY.run("attention", q, k, v, null, true, null);
    }

    /** softmax(scale q k^T + bias) v; bias broadcasts to (B, S, N, M). */
    public static Tensor biasedAttention(Tensor q, Tensor k, Tensor v, Tensor bias, double scale) {
        return LIBRARY.run("attention", q, k, v, bias, false, scale);
    }

    /**
     * Attention of several heads over undivided features: q (B, N, S D), k and v (B, M, S D) to (B, N, S D).
     *
     * <p>Small score matrices (N M up to 2^15, F32, on the CPU, not causal) are written out, which is faster than the fused kernel, most of all backward;
     * the choice depends on nothing else, so that policy and reference always take the same path.
     *
     * @param causal whether each token sees only itself and those before it
     */
    public static Tensor multiHeadAttention(Tensor q, Tensor k, Tensor v, int heads, boolean causal) {
        return LIBRARY.run("multi_head_attention", q, k, v, heads, causal);
    }

    /**
     * Sinusoids of timesteps (Attention Is All You Need, arXiv 1706.03762; diffusers' get_timestep_embedding): t (B) to (B, dim) in F32, with
     * frequencies 10000^(-i / (dim / 2 - shift)).
     *
     * @param cosFirst cosines in the first half ("flip_sin_to_cos")
     */
    public static Tensor timestepEmbedding(Tensor t, int dim, boolean cosFirst, double shift) {
        return LIBRARY.run("timestep_embedding", t, dim, cosFirst, shift);
    }

    public static Tensor silu(Tensor x) {
        return LIBRARY.run("silu", x);
    }

    /** Gaussian error linear unit, exact (erf). */
    public static Tensor gelu(Tensor x) {
        return LIBRARY.run("gelu", x);
    }

    /** Gaussian error linear unit, tanh approximation. */
    public static Tensor geluTanh(Tensor x) {
        return LIBRARY.run("gelu_tanh", x);
    }

    /** x sigmoid(1.702 x), the activation of OpenAI's CLIP. */
    public static Tensor quickGelu(Tensor x) {
        return LIBRARY.run("quick_gelu", x);
    }

    /** (..., 2 D) to (..., D): first half times gelu of the second half (GLU variants, arXiv 2002.05202). */
    public static Tensor geglu(Tensor x) {
        return LIBRARY.run("geglu", x);
    }

    public static Tensor relu(Tensor x) {
        return LIBRARY.run("relu", x);
    }

    public static Tensor sigmoid(Tensor x) {
        return LIBRARY.run("sigmoid", x);
    }

    public static Tensor tanh(Tensor x) {
        return LIBRARY.run("tanh", x);
    }

    public static Tensor softmax(Tensor x, int axis) {
        return LIBRARY.run("softmax", x, axis);
    }

    /** Rows of w (V, D) by I64 ids (...), to (..., D). */
    public static Tensor embedding(Tensor w, Tensor ids) {
        return LIBRARY.run("embedding", w, ids);
    }

    /** x (B, C, H, W) to (B, C, height, width), nearest neighbour. */
    public static Tensor upsampleNearest(Tensor x, long height, long width) {
        return LIBRARY.run("upsample_nearest", x, height, width);
    }

    /** x (B, C, H, W) to (B, C, height, width), bilinear. */
    public static Tensor upsampleBilinear(Tensor x, long height, long width, boolean alignCorners) {
        return LIBRARY.run("upsample_bilinear", x, height, width, alignCorners);
    }

    /** x (B, C, H, W) to (B, C, height, width), bilinear, averaging over all pixels that fall together (antialiased). */
    public static Tensor resizeBilinear(Tensor x, long height, long width) {
        return LIBRARY.run("resize_bilinear", x, height, width);
    }

    /** 1 where x reaches the bound, 0 elsewhere, in the type of x. */
    public static Tensor atLeast(Tensor x, double bound) {
        return LIBRARY.run("at_least", x, bound);
    }

    public static Tensor maxPool2d(Tensor x, int kernel, int stride, boolean ceilMode) {
        return LIBRARY.run("max_pool2d", x, kernel, stride, ceilMode);
    }

    public static Tensor avgPool2d(Tensor x, int kernel, int stride) {
        return LIBRARY.run("avg_pool2d", x, kernel, stride);
    }

    /** Pads with a value; amounts are (before, after) pairs from the last axis backwards. */
    public static Tensor pad(Tensor x, double value, long... amounts) {
        return LIBRARY.run("pad", x, amounts, value);
    }

    /** Joins tensors along an existing axis. */
    public static Tensor concatenate(List<Tensor> xs, int axis) {
        return joined("concatenate", xs, handles -> TorchNatives.concatenate(handles, axis));
    }

    /** Joins tensors along a new axis. */
    public static Tensor stack(List<Tensor> xs, int axis) {
        return joined("stack", xs, handles -> TorchNatives.stack(handles, axis));
    }

    /** Cuts into equal parts along an axis (the last may be smaller), without copying. */
    public static List<Tensor> chunk(Tensor x, int parts, int axis) {
        return LIBRARY.runForList("chunk", x, parts, axis);
    }

    /** a where the BOOL condition holds, else b. */
    public static Tensor where(Tensor condition, Tensor a, Tensor b) {
        return LIBRARY.run("where", condition, a, b);
    }

    public static Tensor einsum(String equation, Tensor... xs) {
        return LIBRARY.run("einsum", equation, List.of(xs));
    }

    /**
     * The same (B, C, H, W) elements with channels innermost in memory: on the CPU convolutions without gradients are fastest with it. Their results keep
     * it. Not for training: the backward pass of {@link #groupNorm} is an order of magnitude slower with it.
     */
    public static Tensor channelsLast(Tensor x) {
        return LIBRARY.run("channels_last", x);
    }

    /** Per sample, the sum of squares: (B, ...) to (B), summed in F64 so that differences of sums mean something. */
    public static Tensor sumSquaresPerSample(Tensor x) {
        return LIBRARY.run("sum_squares", x);
    }

    /** Per sample, the inner product: (B, ...) and (B, ...) to (B), summed in F64. */
    public static Tensor sumProductsPerSample(Tensor x, Tensor y) {
        return LIBRARY.run("sum_products", x, y);
    }

    /** Multiplies each sample by its own coefficient: x (B, ...), coefficients of length B. */
    public static Tensor scalePerSample(Tensor x, float[] coefficients) {
        if (coefficients.length != x.size(0)) {
            throw new IllegalArgumentException(
                    x + " needs " + x.size(0) + " coefficients, one per sample, not " + coefficients.length);
        }
        return TensorScope.of(() -> {
            long[] broadcast = new long[x.rank()];
            Arrays.fill(broadcast, 1);
            broadcast[0] = coefficients.length;
            Tensor perSample = Tensor.of(coefficients, broadcast).to(x.device()).to(x.type());
            return x.mul(perSample);
        });
    }

    /** The 2-norm of all elements of several tensors together. */
    public static Tensor totalNorm(List<Tensor> xs) {
        return LIBRARY.run("total_norm", xs);
    }

    /** Zeros of the same shape, type, memory layout and device. */
    public static Tensor zerosLike(Tensor x) {
        return LIBRARY.run("zeros_like", x);
    }

    /** Overwrites several tensors with others of the same shapes, one after another, converting the types. */
    public static void assignAllInPlace(List<Tensor> xs, List<Tensor> sources) {
        Autograd.withoutGrad(() -> LIBRARY.runForEffect("assign_all_in_place", xs, sources));
    }

    /** Adds other tensors of the same shapes to several, in place. */
    public static void addAllInPlace(List<Tensor> xs, List<Tensor> others) {
        if (!xs.isEmpty()) {
            Autograd.withoutGrad(() -> LIBRARY.runForEffect("add_all_in_place", xs, others));
        }
    }

    /** Sets every element of several tensors to zero. */
    static void zeroAllInPlace(List<Tensor> xs) {
        if (!xs.isEmpty()) {
            Autograd.withoutGrad(() -> LIBRARY.runForEffect("zero_all_in_place", xs));
        }
    }

    /** Multiplies every element of several tensors by one factor, in place. */
    public static void scaleAllInPlace(List<Tensor> xs, double factor) {
        Autograd.withoutGrad(() -> LIBRARY.runForEffect("scale_all_in_place", xs, factor));
    }

    /**
     * One fused AdamW update, in place, of parameters and of their averages and step counts.
     *
     * @param steps F32 tensors of no axes, counted up by the update
     */
    public static void adamw(
            List<Tensor> parameters,
            List<Tensor> gradients,
            List<Tensor> means,
            List<Tensor> squares,
            List<Tensor> steps,
            double learningRate,
            double beta1,
            double beta2,
            double weightDecay,
            double eps) {
        Autograd.withoutGrad(() -> LIBRARY.runForEffect(
                "adamw", parameters, gradients, means, squares, steps, learningRate, beta1, beta2, weightDecay, eps));
    }

    private interface Join {
        long apply(long[] handles);
    }

    private static Tensor joined(String name, List<Tensor> xs, Join join) {
        long[] handles = xs.stream().mapToLong(Tensor::handle).toArray();
        TorchEngine.state();
        try {
            return Tensor.adopt(join.apply(handles));
        } catch (EngineException e) {
            throw new TensorException(name + xs + " failed: " + Script.reason(e), e);
        }
    }
}
