package dev.realalign.curator.negative;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How often each kind of negative is drawn. Of the perturbations local ones have at least 70 % of the weight, or what a
 * model learns is "no blur, no cast", not pictures. There is at least one of them, to stand in for a generated negative
 * that does not come.
 */
public final class NegativeMix {

    /** Smallest share of the perturbations' weight that local kinds may have together. */
    public static final double LEAST_LOCAL_SHARE = 0.7;

    private static final double ROUNDING = 1e-9;

    private final EnumMap<NegativeKind, Double> weights;

    private NegativeMix(EnumMap<NegativeKind, Double> weights) {
        this.weights = weights;
    }

    /**
     * A mix of the kinds named; the others are not drawn.
     *
     * @param weights any positive numbers; only their proportions count
     * @throws IllegalArgumentException naming every weight that is no positive number, and a local share that is too
     *     small
     */
    public static NegativeMix of(Map<NegativeKind, Double> weights) {
        List<String> problems = new ArrayList<>();
        weights.forEach((kind, weight) -> {
            if (!(weight > 0) || weight.isInfinite()) {
                problems.add("the weight of " + kind + " is " + weight + ", it must be a positive number (leave " + kind
                        + " out to never draw it)");
            }
        });
        if (weights.isEmpty()) {
            problems.add("it names no kind; kinds are " + Arrays.toString(NegativeKind.values()));
        }
        if (problems.isEmpty() && weights.keySet().stream().allMatch(NegativeKind::isGenerated)) {
            problems.add(
                    "it names no perturbation; one at least has to stand in when a generated negative does not come,"
                            + " such as LOCAL_WARP");
        }
        if (problems.isEmpty() && localShare(weights) < LEAST_LOCAL_SHARE - ROUNDING) {
            problems.add(String.format(
                    Locale.ROOT,
                    "local kinds (%s) have %.0f %% of the perturbations' weight, at least %.0f %% are needed: raise them or lower the"
                            + " others",
                    Arrays.stream(NegativeKind.values())
                            .filter(NegativeKind::isLocal)
                            .map(NegativeKind::name)
                            .collect(Collectors.joining(", ")),
                    100 * localShare(weights),
                    100 * LEAST_LOCAL_SHARE));
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
        return new NegativeMix(new EnumMap<>(weights));
    }

    /**
     * Reads "KIND:weight, KIND:weight".
     *
     * @throws IllegalArgumentException naming every entry that cannot be read, or as {@link #of}
     */
    public static NegativeMix parse(List<String> entries) {
        EnumMap<NegativeKind, Double> weights = new EnumMap<>(NegativeKind.class);
        List<String> problems = new ArrayList<>();
        for (String entry : entries) {
            int colon = entry.indexOf(':');
            try {
                NegativeKind kind = NegativeKind.valueOf(
                        entry.substring(0, Math.max(0, colon)).strip());
                if (weights.put(
                                kind,
                                Double.parseDouble(entry.substring(colon + 1).strip()))
                        != null) {
                    problems.add(kind + " is named twice");
                }
            } catch (IllegalArgumentException unreadable) {
                problems.add("\"" + entry + "\" is not of the form KIND:weight with a kind out of "
                        + Arrays.toString(NegativeKind.values()));
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
        return of(weights);
    }

    /** Share of the perturbations' weight that local kinds have, 0 to 1. */
    public double localShare() {
        return localShare(weights);
    }

    private static double localShare(Map<NegativeKind, Double> weights) {
        double local = 0;
        double all = 0;
        for (Map.Entry<NegativeKind, Double> entry : weights.entrySet()) {
            all += entry.getKey().isGenerated() ? 0 : entry.getValue();
            local += entry.getKey().isLocal() ? entry.getValue() : 0;
        }
        return local / all;
    }

    /** A generated kind, as often as the weights say; empty for a perturbation. */
    Optional<NegativeKind> generated(SplitMix64 random) {
        return Optional.of(draw(weights, random)).filter(NegativeKind::isGenerated);
    }

    /**
     * The perturbations in the order in which they are tried: the first drawn from all, then every other local kind, then
     * the rest, so that falling back never makes a mix less local than its weights.
     */
    List<NegativeKind> order(SplitMix64 random) {
        EnumMap<NegativeKind, Double> left = new EnumMap<>(weights);
        left.keySet().removeIf(NegativeKind::isGenerated);
        List<NegativeKind> order = new ArrayList<>();
        while (!left.isEmpty()) {
            EnumMap<NegativeKind, Double> urn = new EnumMap<>(left);
            if (!order.isEmpty() && left.keySet().stream().anyMatch(NegativeKind::isLocal)) {
                urn.keySet().removeIf(kind -> !kind.isLocal());
            }
            NegativeKind drawn = draw(urn, random);
            order.add(drawn);
            left.remove(drawn);
        }
        return order;
    }

    private static NegativeKind draw(EnumMap<NegativeKind, Double> urn, SplitMix64 random) {
        double total = urn.values().stream().mapToDouble(Double::doubleValue).sum();
        double position = random.nextDouble() * total;
        NegativeKind last = urn.keySet().iterator().next();
        for (Map.Entry<NegativeKind, Double> entry : urn.entrySet()) {
            last = entry.getKey();
            position -= entry.getValue();
            if (position < 0) {
                break;
            }
        }
        return last;
    }

    /** "KIND:weight" of every kind drawn, in the order of the kinds. */
    @Override
    public String toString() {
        return weights.entrySet().stream()
                .map(entry -> entry.getKey() + ":" + entry.getValue())
                .collect(Collectors.joining(","));
    }
}
