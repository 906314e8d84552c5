package dev.realalign.schemas;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/**
 * Kind and shape of an adapter: what must stay the same within a line of versions. In manifests the keys tell the kinds apart: a
 * LoRA has {@code rank}, {@code alpha} and {@code targets}, a full difference {@code kind} and {@code targets}.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.DEDUCTION)
@JsonSubTypes({@JsonSubTypes.Type(AdapterShape.Lora.class), @JsonSubTypes.Type(AdapterShape.Full.class)})
public sealed interface AdapterShape {
    /** Names of the adapted modules or their suffixes, such as {@code to_q}; sorted. */
    List<String> targets();

    /** A LoRA. */
    static Lora lora(int rank, double alpha, List<String> targets) {
        return new Lora(rank, alpha, targets);
    }

    /** A full difference. */
    static Full full(List<String> targets) {
        return new Full(Full.KIND, targets);
    }

    /**
     * A LoRA adapter (arXiv 2106.09685).
     *
     * @param rank inner dimension r
     * @param alpha scale; an update is (alpha / rank) B A
     * @param targets names of the adapted modules or their suffixes; sorted
     */
    record Lora(int rank, double alpha, List<String> targets) implements AdapterShape {
        /** Refuses ranks below 1, alphas that are not positive and an empty list of targets. */
        public Lora {
            if (rank < 1) {
                throw new IllegalArgumentException("rank must be at least 1, not " + rank);
            }
            if (!(alpha > 0) || Double.isInfinite(alpha)) {
                throw new IllegalArgumentException("alpha must be a positive number, not " + alpha);
            }
            targets = sorted(targets);
        }

        @Override
        public String toString() {
            return "LoRA of rank " + rank + ", alpha " + alpha + " and targets " + targets;
        }
    }

    /**
     * A full difference to weights and biases.
     *
     * @param kind {@value #KIND}
     * @param targets names of the changed modules or their suffixes, or {@code all}; sorted
     */
    record Full(String kind, List<String> targets) implements AdapterShape {
        /** What its manifests call it. */
        public static final String KIND = "full";

        /** Refuses another kind and an empty list of targets. */
        public Full {
            if (!kind.equals(KIND)) {
                throw new IllegalArgumentException("kind must be " + KIND + " where no rank stands, not " + kind);
            }
            targets = sorted(targets);
        }

        @Override
        public String toString() {
            return "full difference with targets " + targets;
        }
    }

    private static List<String> sorted(List<String> targets) {
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("an adapter has at least one target module");
        }
        return targets.stream().sorted().distinct().toList();
    }
}
