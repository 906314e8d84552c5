package dev.realalign.dashboard.model;

import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.Region;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The newest triples with their pictures, bounded in number and bytes. Not for use by several threads at once. */
final class NewestTriples {
    /** Triples kept. */
    static final int TRIPLES = 24;

    /** Scores of a triple that travel to the page. */
    static final int SCORES = 12;

    /** Longest caption that travels to the page, in characters. */
    static final int CAPTION = 2_000;

    private final long maxBytes;
    private final LinkedHashMap<String, Kept> newest = new LinkedHashMap<>();
    private long bytes;

    private record Kept(Card card, Map<String, byte[]> pictures, long size) {}

    /**
     * A triple as the page shows it.
     *
     * @param key address of its pictures within the page's
     * @param rms root mean square difference of the two pictures, in 8-bit levels
     * @param region rectangle of the change as shares of the picture: x, y, width, height; null where all of it may differ
     * @param pictures names of the pictures there are
     * @param scores scores by name, where its makers gave some
     * @param generator who made a generated negative, null for a perturbation
     * @param fallback why a perturbation stands where a generated negative was wanted, null where none was
     */
    record Card(
            String key,
            String imageId,
            String caption,
            String kind,
            double strength,
            double rms,
            int width,
            int height,
            double @Nullable [] region,
            List<String> pictures,
            Map<String, Double> scores,
            String source,
            @Nullable String generator,
            @Nullable String fallback,
            Instant at) {}

    /** @param maxBytes most bytes of all pictures together */
    NewestTriples(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /**
     * Takes a triple; the same place again changes nothing.
     *
     * @param partition place of its record
     * @param offset place of its record
     */
    void take(PreferenceTriple triple, int partition, long offset) {
        String key = partition + "-" + offset;
        if (newest.containsKey(key)) {
            return;
        }
        Map<String, byte[]> pictures = new LinkedHashMap<>();
        pictures.put("real", bytes(triple.getReal()));
        pictures.put("negative", bytes(triple.getNegative()));
        ByteBuffer mask = triple.getMask();
        if (mask != null) {
            pictures.put("mask", bytes(mask));
        }
        long size =
                pictures.values().stream().mapToLong(picture -> picture.length).sum();
        Card card = new Card(
                key,
                triple.getImageId(),
                Texts.shortened(triple.getCaption(), CAPTION),
                Texts.shortened(triple.getKind(), 60),
                triple.getStrength(),
                triple.getRmsDifference(),
                triple.getWidth(),
                triple.getHeight(),
                region(triple),
                List.copyOf(pictures.keySet()),
                scores(triple),
                Texts.shortened(triple.getSource(), 200),
                generator(triple),
                triple.getFallback() == null ? null : Texts.shortened(triple.getFallback(), 200),
                triple.getAcceptedAt());
        newest.put(key, new Kept(card, pictures, size));
        bytes += size;
        Iterator<Kept> oldest = newest.values().iterator();
        while (newest.size() > TRIPLES || (bytes > maxBytes && newest.size() > 1)) {
            bytes -= oldest.next().size();
            oldest.remove();
        }
    }

    private static @Nullable String generator(PreferenceTriple triple) {
        if (triple.getGeneratorVersion() != null) {
            return "version " + triple.getGeneratorVersion();
        }
        return triple.getGeneratorModel() == null
                ? null
                : "the base model " + Texts.shortened(triple.getGeneratorModel(), 100);
    }

    private static Map<String, Double> scores(PreferenceTriple triple) {
        Map<String, Double> scores = new TreeMap<>();
        new TreeMap<>(triple.getScores())
                .entrySet().stream()
                        .limit(SCORES)
                        .forEach(score -> scores.put(Texts.shortened(score.getKey(), 60), score.getValue()));
        return scores;
    }

    private static double @Nullable [] region(PreferenceTriple triple) {
        Region region = triple.getRegion();
        if (region == null) {
            return null;
        }
        double width = Math.max(1, triple.getWidth());
        double height = Math.max(1, triple.getHeight());
        return new double[] {
            region.getX() / width, region.getY() / height, region.getWidth() / width, region.getHeight() / height
        };
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    /** Bytes of all pictures kept. */
    long bytes() {
        return bytes;
    }

    /** A picture, PNG. */
    Optional<byte[]> picture(String key, String name) {
        Kept kept = newest.get(key);
        return kept == null
                ? Optional.empty()
                : Optional.ofNullable(kept.pictures().get(name));
    }

    /** The cards, newest first. */
    List<Card> view() {
        List<Card> cards =
                new ArrayList<>(newest.values().stream().map(Kept::card).toList());
        cards.sort((a, b) -> b.at().compareTo(a.at()));
        return cards;
    }
}
