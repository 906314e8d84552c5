package dev.realalign.curator.gate;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Which licences may be learned from. Names are compared without regard to case; one that ends in {@code *} stands for
 * all that begin so.
 *
 * @param allowed allowed licences; when there are any, a picture of unknown licence is refused
 * @param denied refused licences, also when allowed
 */
public record RightsPolicy(List<String> allowed, List<String> denied) {

    /** Every licence, known or not. */
    public static final RightsPolicy EVERY_LICENCE = new RightsPolicy(List.of(), List.of());

    private static final int LICENCE_SHOWN = 200;

    public RightsPolicy {
        allowed = List.copyOf(allowed);
        denied = List.copyOf(denied);
    }

    Optional<Rejection> judgeLicence(Rights rights) {
        Optional<String> licence = rights.licence().map(String::strip).filter(name -> !name.isEmpty());
        if (licence.isEmpty()) {
            return allowed.isEmpty()
                    ? Optional.empty()
                    : reject("no licence is known, allowed are " + String.join(", ", allowed));
        }
        String name = licence.get();
        if (denied.stream().anyMatch(pattern -> matches(pattern, name))) {
            return reject("the licence is \"" + shown(name) + "\", denied are " + String.join(", ", denied));
        }
        return allowed.isEmpty() || allowed.stream().anyMatch(pattern -> matches(pattern, name))
                ? Optional.empty()
                : reject("the licence is \"" + shown(name) + "\", allowed are " + String.join(", ", allowed));
    }

    static Optional<Rejection> judgeOptOut(Rights rights) {
        return rights.optOut().stream()
                .filter(signal -> !signal.isBlank())
                .findFirst()
                .map(signal ->
                        new Rejection(Reason.OPT_OUT, "the record carries the opt-out \"" + shown(signal) + "\""));
    }

    private static boolean matches(String pattern, String name) {
        String wanted = pattern.toLowerCase(Locale.ROOT);
        String found = name.toLowerCase(Locale.ROOT);
        return wanted.endsWith("*") ? found.startsWith(wanted.substring(0, wanted.length() - 1)) : found.equals(wanted);
    }

    private static String shown(String text) {
        return text.length() <= LICENCE_SHOWN ? text : text.substring(0, LICENCE_SHOWN) + "…";
    }

    private static Optional<Rejection> reject(String evidence) {
        return Optional.of(new Rejection(Reason.LICENCE, evidence));
    }
}
