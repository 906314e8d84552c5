package dev.realalign.trainer.learn;

import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.vae.Posterior;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What the autoencoder made of images, the least recently used ones forgotten. It keeps means and log-variances, never a
 * draw, so what a step draws does not depend on what is here. Each image is encoded alone: found or computed, its posterior
 * has the same bits.
 */
final class PosteriorCache implements AutoCloseable {
    private final long capacity;
    private final Map<Key, Posterior> encoded = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;
    private long hits;
    private long misses;

    /**
     * An image by its contents.
     *
     * @param triple digest of its triple
     * @param rejected whether it is the triple's rejected image
     * @param mirrored whether it is mirrored
     */
    record Key(String triple, boolean rejected, boolean mirrored) {}

    /** @param capacity bytes it holds at most; 0 keeps nothing */
    PosteriorCache(long capacity) {
        this.capacity = capacity;
    }

    /**
     * The posterior of an image: the cache's, or in the caller's scope where it is too large to be kept. It stays whole until
     * the next call.
     *
     * @param encode encodes the image, in the caller's scope
     */
    Posterior get(Key key, Supplier<Posterior> encode) {
        Posterior known = encoded.get(key);
        if (known != null) {
            hits++;
            return known;
        }
        misses++;
        Posterior fresh = encode.get();
        long size = size(fresh);
        if (size > capacity) {
            return fresh;
        }
        Iterator<Posterior> oldest = encoded.values().iterator();
        while (bytes + size > capacity) {
            Posterior forgotten = oldest.next();
            bytes -= size(forgotten);
            close(forgotten);
            oldest.remove();
        }
        fresh.mean().unscoped();
        Tensor logvar = fresh.logvar();
        if (logvar != null) {
            logvar.unscoped();
        }
        encoded.put(key, fresh);
        bytes += size;
        return fresh;
    }

    CacheUse use() {
        return new CacheUse(hits, misses);
    }

    private static long size(Posterior posterior) {
        Tensor logvar = posterior.logvar();
        return size(posterior.mean()) + (logvar == null ? 0 : size(logvar));
    }

    private static long size(Tensor tensor) {
        return tensor.count() * tensor.type().bytes();
    }

    private static void close(Posterior posterior) {
        posterior.mean().close();
        Tensor logvar = posterior.logvar();
        if (logvar != null) {
            logvar.close();
        }
    }

    @Override
    public void close() {
        encoded.values().forEach(PosteriorCache::close);
        encoded.clear();
        bytes = 0;
    }
}
