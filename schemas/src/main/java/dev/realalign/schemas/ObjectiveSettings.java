package dev.realalign.schemas;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the training minimised.
 *
 * @param name objective, such as {@code sft} or {@code dpo}
 * @param betaConvention how beta multiplies the error, since published values differ by it; empty where the objective
 *     has no beta
 * @param settings every setting that changes the loss, as text
 */
public record ObjectiveSettings(String name, String betaConvention, Map<String, String> settings) {
    /** Refuses an empty name. */
    public ObjectiveSettings {
        if (name.isBlank()) {
            throw new IllegalArgumentException("the objective needs a name");
        }
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }
}
