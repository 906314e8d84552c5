package dev.realalign.curator.gate;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The mode of every gate that has one. A gate that is not named keeps its own default.
 *
 * @param chosen modes that differ from the defaults or repeat them
 */
public record GateModes(Map<Reason, GateMode> chosen) {

    /** Every gate in its default mode. */
    public static final GateModes DEFAULTS = new GateModes(Map.of());

    public GateModes {
        chosen = Map.copyOf(chosen);
        chosen.keySet().forEach(gate -> {
            if (gate.defaultMode().isEmpty()) {
                throw new IllegalArgumentException(gate + " cannot be switched");
            }
        });
    }

    /**
     * Reads entries such as {@code BLURRED:shadow}.
     *
     * @throws IllegalArgumentException that names the entry and what is allowed
     */
    public static GateModes parse(List<String> entries) {
        Map<Reason, GateMode> chosen = new EnumMap<>(Reason.class);
        for (String entry : entries) {
            int colon = entry.indexOf(':');
            Reason gate = gate(colon < 0 ? entry : entry.substring(0, colon).strip());
            if (chosen.put(gate, mode(entry, colon)) != null) {
                throw new IllegalArgumentException(gate + " is named twice: leave one of them out");
            }
        }
        return new GateModes(chosen);
    }

    private static Reason gate(String name) {
        List<Reason> switchable = Arrays.stream(Reason.values())
                .filter(reason -> reason.defaultMode().isPresent())
                .toList();
        return switchable.stream()
                .filter(reason -> reason.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("\"" + name
                        + "\" is no gate that can be switched; these can: "
                        + switchable.stream().map(Reason::name).collect(Collectors.joining(", "))));
    }

    private static GateMode mode(String entry, int colon) {
        String name = colon < 0 ? "" : entry.substring(colon + 1).strip();
        return Arrays.stream(GateMode.values())
                .filter(mode -> mode.name().toLowerCase(Locale.ROOT).equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "\"" + entry + "\" has no mode on, shadow or off: write it as GATE:shadow"));
    }

    /** Mode of a gate; one that cannot be switched is on. */
    public GateMode of(Reason gate) {
        return chosen.getOrDefault(gate, gate.defaultMode().orElse(GateMode.ON));
    }
}
