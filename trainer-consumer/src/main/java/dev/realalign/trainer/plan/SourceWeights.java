package dev.realalign.trainer.plan;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which share of a source's triples is trained. A source is named by the beginning of its name; the longest beginning that
 * fits counts, before any trust tier. What no weight names is trained whole.
 *
 * @param weights in the order in which they were given
 */
public record SourceWeights(List<Weight> weights) {
    /** Everything is trained. */
    public static final SourceWeights NONE = new SourceWeights(List.of());

    /** Before the name of a trust tier; anything else begins a source's name. */
    static final String TIER = "tier:";

    /** What an entry looks like, for errors and documentation. */
    public static final String FORM = "BEGINNING=SHARE or " + TIER + "NAME=SHARE, with a share from 0 to 1";

    /**
     * A weight.
     *
     * @param name beginning of a source's name, or {@code tier:} and a trust tier
     * @param share share that is trained, in [0, 1]
     */
    public record Weight(String name, double share) {}

    /** Copies the list. */
    public SourceWeights {
        weights = List.copyOf(weights);
    }

    /**
     * Reads entries such as {@code https://photos.example/=0.5} or {@code tier:crawled=0.1}.
     *
     * @throws IllegalArgumentException naming the first entry that is none, or that names a source again
     */
    public static SourceWeights parse(List<String> entries) {
        List<Weight> weights = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (String entry : entries) {
            int equals = entry.lastIndexOf('='); // sources may hold one too
            String name = equals < 0 ? "" : entry.substring(0, equals).strip();
            double share = equals < 0 ? Double.NaN : number(entry.substring(equals + 1));
            if (name.isEmpty() || !(share >= 0 && share <= 1)) {
                throw new IllegalArgumentException(entry + " is not " + FORM);
            }
            if (!names.add(name)) {
                throw new IllegalArgumentException(name + " is named twice");
            }
            weights.add(new Weight(name, share));
        }
        return new SourceWeights(weights);
    }

    private static double number(String text) {
        try {
            return Double.parseDouble(text.strip());
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    /** The weight that speaks of a triple; null where none does. */
    @Nullable
    Weight of(String source, @Nullable String trustTier) {
        Weight best = null;
        for (Weight weight : weights) {
            if (!weight.name().startsWith(TIER)
                    && source.startsWith(weight.name())
                    && (best == null || weight.name().length() > best.name().length())) {
                best = weight;
            }
        }
        if (best == null && trustTier != null) {
            for (Weight weight : weights) {
                best = weight.name().equals(TIER + trustTier) ? weight : best;
            }
        }
        return best;
    }
}
