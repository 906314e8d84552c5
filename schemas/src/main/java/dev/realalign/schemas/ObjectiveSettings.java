package dev.realalign.schemas;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

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

    /**
     * The objective in one line, as the training ledger holds it: its name, then its settings by name, such as {@code dpo:
     * beta=2000.0, stage=2 of 2}, then the convention of beta where there is a beta.
     */
    @Override
    public String toString() {
        String listed = settings.entrySet().stream()
                .map(setting -> setting.getKey() + "=" + setting.getValue())
                .collect(Collectors.joining(", "));
        return name
                + (listed.isEmpty() ? "" : ": " + listed)
                + (betaConvention.isEmpty() ? "" : " (" + betaConvention + ")");
    }
}
