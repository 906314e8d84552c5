package dev.realalign.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.vae.Posterior;
import dev.realalign.trainer.learn.PosteriorCache.Key;
import org.junit.jupiter.api.Test;

class PosteriorCacheTest {
    private static final long SIZE = 2 * 3 * Float.BYTES;

    private static Posterior posterior(float value) {
        return new Posterior(
                Tensor.of(new float[] {value, value, value}, 3), Tensor.of(new float[] {-value, -value, -value}, 3));
    }

    private static float find(PosteriorCache cache, Key key, float value) {
        try (TensorScope scope = TensorScope.open()) {
            return cache.get(key, () -> posterior(value)).mean().toFloats()[0];
        }
    }

    @Test
    void an_image_is_encoded_once_and_its_mirror_image_for_itself() {
        try (PosteriorCache cache = new PosteriorCache(10 * SIZE)) {
            assertThat(find(cache, new Key("a", false, false), 1)).isEqualTo(1);
            assertThat(find(cache, new Key("a", false, true), 2)).isEqualTo(2);
            assertThat(find(cache, new Key("a", true, false), 3)).isEqualTo(3);
            assertThat(find(cache, new Key("a", false, false), 9)).isEqualTo(1);
            assertThat(cache.use()).isEqualTo(new CacheUse(1, 3));
            assertThat(cache.use().hitRate()).isEqualTo(0.25);
        }
    }

    @Test
    void the_least_recently_used_makes_room_and_no_tensor_is_left_behind() {
        long before = Tensor.liveCount();
        try (PosteriorCache cache = new PosteriorCache(2 * SIZE)) {
            find(cache, new Key("a", false, false), 1);
            find(cache, new Key("b", false, false), 2);
            find(cache, new Key("a", false, false), 9);
            find(cache, new Key("c", false, false), 3);
            assertThat(find(cache, new Key("a", false, false), 9))
                    .as("used last")
                    .isEqualTo(1);
            assertThat(find(cache, new Key("b", false, false), 4))
                    .as("forgotten")
                    .isEqualTo(4);
            assertThat(Tensor.liveCount()).isEqualTo(before + 4);
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    void without_room_nothing_is_kept() {
        long before = Tensor.liveCount();
        try (PosteriorCache cache = new PosteriorCache(SIZE - 1)) {
            find(cache, new Key("a", false, false), 1);
            assertThat(find(cache, new Key("a", false, false), 2)).isEqualTo(2);
            assertThat(Tensor.liveCount()).isEqualTo(before);
        }
    }
}
