package dev.realalign.diffusion.saliency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SaliencyTest {

    /** Widths from six outputs, six middles: encoder fine to coarse, then the decoder's five. */
    private static U2NetConfig config(long[] middle, long[] out, long[] decoderMiddle, long[] decoderOut) {
        Map<String, U2NetConfig.Stage> stages = new HashMap<>();
        for (int scale = 1; scale <= 6; scale++) {
            long in = scale == 1 ? 3 : out[scale - 2];
            stages.put("stage" + scale, new U2NetConfig.Stage(in, middle[scale - 1], out[scale - 1]));
        }
        for (int scale = 5; scale >= 1; scale--) {
            long below = scale == 5 ? out[5] : decoderOut[scale];
            stages.put(
                    "stage" + scale + "d",
                    new U2NetConfig.Stage(below + out[scale - 1], decoderMiddle[scale - 1], decoderOut[scale - 1]));
        }
        return new U2NetConfig(stages);
    }

    private static U2NetConfig small() {
        return uniform(2, 4);
    }

    private static U2NetConfig uniform(long middle, long out) {
        long[] middles = {middle, middle, middle, middle, middle, middle};
        long[] outs = {out, out, out, out, out, out};
        return config(middles, outs, middles, outs);
    }

    @Test
    void published_networks_have_their_published_sizes() {
        assertThat(learned(uniform(16, 64))).isEqualTo(1_131_181L); // U2-NetP
        assertThat(learned(config(
                        new long[] {32, 32, 64, 128, 256, 256},
                        new long[] {64, 128, 256, 512, 512, 512},
                        new long[] {16, 32, 64, 128, 256},
                        new long[] {64, 64, 128, 256, 512})))
                .isEqualTo(44_009_869L); // U2-Net
    }

    /** Parameters without the stored statistics of the normalisations. */
    private static long learned(U2NetConfig config) {
        try (U2Net network = new U2Net(config, Weights.zeros())) {
            return network.network().tensors().entrySet().stream()
                    .filter(entry -> !entry.getKey().contains(".running_"))
                    .mapToLong(entry -> entry.getValue().count())
                    .sum();
        }
    }

    /** A network of random weights whose normalisations leave their input as it is. */
    private U2Net random(Path file) {
        try (U2Net network = new U2Net(small(), Weights.random(5, ElementType.F32, Device.CPU));
                TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> tensors = new TreeMap<>(network.network().tensors());
            tensors.replaceAll((name, tensor) ->
                    name.endsWith("running_var") ? tensor.mul(0).add(1) : tensor);
            tensors.put("stage1.rebnconvin.bn_s1.num_batches_tracked", Tensor.of(new long[] {7}));
            SafeTensors.write(file, tensors, Map.of());
        }
        return U2Net.load(file, ElementType.F32, Device.CPU);
    }

    @Test
    void a_constant_map_gives_no_mask() {
        try (U2Net blind = new U2Net(small(), Weights.zeros());
                TensorScope scope = TensorScope.open()) {
            Saliency saliency = new Saliency(blind);
            Tensor images = Tensor.uniform(1, -1, 1, 2, 3, 33, 20);
            assertThat(saliency.maps(images)).containsExactly(Optional.empty(), Optional.empty());
            assertThat(saliency.masks(images)).containsExactly(Optional.empty(), Optional.empty());
        }
    }

    @Test
    void maps_are_stretched_to_0_and_1_per_picture_and_masks_are_cut_at_one_half(@TempDir Path folder) {
        long before = Tensor.liveCount();
        try (U2Net network = random(folder.resolve("u2net.safetensors"));
                TensorScope scope = TensorScope.open()) {
            Saliency saliency = new Saliency(network);
            Tensor images = Tensor.uniform(1, -1, 1, 2, 3, 320, 320);
            List<Optional<Tensor>> maps = saliency.maps(images);
            List<Optional<Tensor>> masks = saliency.masks(images);
            assertThat(maps).hasSize(2);
            for (int i = 0; i < 2; i++) {
                Tensor map = maps.get(i).orElseThrow();
                assertThat(map.shape()).containsExactly(1, 1, 320, 320);
                assertThat(map.min().item()).isZero();
                assertThat(map.max().item()).isBetween(0.999999, 1.000001);
                float[] values = map.toFloats();
                float[] mask = masks.get(i).orElseThrow().toFloats();
                for (int p = 0; p < values.length; p++) {
                    assertThat(mask[p]).isEqualTo(values[p] >= 0.5f ? 1f : 0f);
                }
            }
            assertThat(saliency.maps(Tensor.uniform(1, -1, 1, 1, 3, 41, 70))
                            .get(0)
                            .orElseThrow()
                            .shape())
                    .containsExactly(1, 1, 41, 70);
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    void widths_are_read_off_the_file_and_counters_are_ignored(@TempDir Path folder) {
        try (U2Net network = random(folder.resolve("u2net.safetensors"));
                TensorScope scope = TensorScope.open()) {
            assertThat(network.network().tensors())
                    .doesNotContainKey("stage1.rebnconvin.bn_s1.num_batches_tracked")
                    .containsKey("stage5d.rebnconv3d.bn_s1.running_var");
            assertThat(network.forward(Tensor.uniform(2, -2, 2, 1, 3, 37, 45)).shape())
                    .containsExactly(1, 1, 37, 45);
        }
    }

    @Test
    void a_file_of_another_network_is_refused_with_the_way_to_convert(@TempDir Path folder) {
        Path file = folder.resolve("other.safetensors");
        try (TensorScope scope = TensorScope.open()) {
            SafeTensors.write(file, Map.of("weight", Tensor.zeros(2, 2)), Map.of());
            assertThatThrownBy(() -> U2Net.load(file, ElementType.F32, Device.CPU))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContaining("it is not a U2-Net: it lacks stage1.rebnconvin.conv_s1.weight and 21 more")
                    .hasMessageContaining("safetensors.torch.save_file(torch.load(\"u2net.pth\"");
        }
    }
}
