package dev.realalign.trainer.learn;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.model.DiffusionModel;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Encoded captions, the least recently used ones forgotten. Each caption is encoded alone, so that its encoding does not
 * depend, to the bit, on what else is in the cache or the batch.
 */
final class CaptionCache implements AutoCloseable {
    private final DiffusionModel model;
    private final int capacity;
    private final Map<String, Conditioning> encoded = new LinkedHashMap<>(16, 0.75f, true);
    private long hits;
    private long misses;

    CaptionCache(DiffusionModel model, int capacity) {
        this.model = model;
        this.capacity = capacity;
    }

    /** The conditioning of these captions, in order, in the caller's scope. */
    Conditioning batch(List<String> captions) {
        Conditioning batch =
                Conditioning.concatenate(captions.stream().map(this::encode).toList());
        evict();
        return batch;
    }

    private Conditioning encode(String caption) {
        Conditioning known = encoded.get(caption);
        if (known != null) {
            hits++;
        } else {
            misses++;
            known = model.encodePrompts(List.of(caption)).unscoped();
            encoded.put(caption, known);
        }
        return known;
    }

    CacheUse use() {
        return new CacheUse(hits, misses);
    }

    private void evict() {
        Iterator<Conditioning> oldest = encoded.values().iterator();
        while (encoded.size() > capacity) {
            oldest.next().close();
            oldest.remove();
        }
    }

    @Override
    public void close() {
        encoded.values().forEach(Conditioning::close);
        encoded.clear();
    }
}
