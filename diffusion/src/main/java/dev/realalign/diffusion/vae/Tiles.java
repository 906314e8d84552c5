package dev.realalign.diffusion.vae;

import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Applies an image-to-image network tile by tile. Neighbouring tiles overlap by at least a quarter and are averaged with
 * weights that fall towards their borders, so that no seam shows.
 *
 * @param tile side of a tile in cells; an image not larger than that is mapped whole
 * @param in side of a cell in the network's input
 * @param out side of a cell in its output
 */
record Tiles(int tile, int in, int out) {

    /** Cells {@code start} (inclusive) to {@code end} (exclusive) of an axis. */
    private record Span(int start, int end) {}

    /** Maps (B, C, h in, w in) to (B, C', h out, w out), for h and w cells. */
    Tensor map(Tensor x, UnaryOperator<Tensor> network) {
        int height = Math.toIntExact(x.size(2) / in);
        int width = Math.toIntExact(x.size(3) / in);
        if (height <= tile && width <= tile) {
            return TensorScope.of(() -> network.apply(x));
        }
        Tensor sum = Tensor.zeros(1, 1, 1, 1).to(x.device());
        Tensor weight = sum;
        for (Span row : spans(height)) {
            for (Span column : spans(width)) {
                Tensor sumBefore = sum;
                Tensor weightBefore = weight;
                List<Tensor> after = TensorScope.ofAll(() -> {
                    Tensor part = x.slice(2, (long) row.start * in, (long) row.end * in)
                            .slice(3, (long) column.start * in, (long) column.end * in)
                            .contiguous();
                    Tensor window =
                            window(row).reshape(1, 1, -1, 1).mul(window(column)).to(x.device());
                    Tensor mapped = TensorScope.of(() -> network.apply(part)).mul(window);
                    long[] around = {
                        (long) column.start * out,
                        (long) (width - column.end) * out,
                        (long) row.start * out,
                        (long) (height - row.end) * out
                    };
                    return List.of(
                            sumBefore.add(Ops.pad(mapped, 0, around)), weightBefore.add(Ops.pad(window, 0, around)));
                });
                sumBefore.close();
                if (weightBefore != sumBefore) {
                    weightBefore.close();
                }
                sum = after.get(0);
                weight = after.get(1);
            }
        }
        return sum.div(weight);
    }

    /** Tiles of one length over an axis, the last one flush with its end. */
    private List<Span> spans(int cells) {
        if (cells <= tile) {
            return List.of(new Span(0, cells));
        }
        List<Span> spans = new ArrayList<>();
        int stride = Math.max(1, tile - tile / 4);
        for (int start = 0; start + tile < cells; start += stride) {
            spans.add(new Span(start, start + tile));
        }
        spans.add(new Span(cells - tile, cells));
        return spans;
    }

    /** Weights of a tile's pixels along an axis: 1 inside, falling over the quarter next to either border. */
    private Tensor window(Span span) {
        int length = (span.end - span.start) * out;
        float[] weights = new float[length];
        for (int i = 0; i < length; i++) {
            int fromBorder = Math.min(i, length - 1 - i) + 1;
            weights[i] = Math.min(1f, fromBorder / (length / 4f + 1));
        }
        return Tensor.of(weights, length);
    }
}
