package dev.realalign.trainer.stage;

import dev.realalign.runtime.NearestName;
import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import dev.realalign.trainer.stage.RateSchedule.Shape;
import dev.realalign.trainer.stage.ReferenceRule.Start;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.DoublePredicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads a plan written by people: stages separated by semicolons, each an objective and its settings.
 *
 * <pre>dro steps=1600 growth=1%/100 rate=1e-4; dpo rate=2.56e-6 warm-up=125 reference=previous</pre>
 *
 * What a stage does not say, the defaults say.
 */
public final class StagePlanText {
    private static final List<String> KEYS = List.of(
            "steps",
            "growth",
            "rate",
            "warm-up",
            "schedule",
            "reference",
            "mix",
            "refresh",
            "beta",
            "sdpo",
            "winner-sft",
            "anchor",
            "positive");

    private final Stage defaults;
    private final List<String> problems = new ArrayList<>();

    private StagePlanText(Stage defaults) {
        this.defaults = defaults;
    }

    /**
     * Reads a plan.
     *
     * @param defaults settings of stages that do not give their own
     * @throws IllegalArgumentException saying everything that is wrong, in one line
     */
    public static StagePlan parse(String text, Stage defaults) {
        StagePlanText reader = new StagePlanText(defaults);
        List<String> parts = Arrays.stream(text.strip().split(";"))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .toList();
        List<Stage> stages = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            stages.add(reader.stage(i + 1, i + 1 == parts.size(), parts.get(i).split("\\s+")));
        }
        if (stages.isEmpty()) {
            reader.problems.add("it names no stage");
        }
        if (!reader.problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", reader.problems));
        }
        return new StagePlan(stages);
    }

    private Stage stage(int number, boolean last, String[] words) {
        String place = "stage " + number + " (" + words[0] + ") ";
        Kind kind = kind(number, words[0]);
        Settings given = new Settings(place);
        for (String word : Arrays.asList(words).subList(1, words.length)) {
            given.take(word);
        }
        ObjectiveChoice base = defaults.objective();
        ObjectiveChoice objective = new ObjectiveChoice(
                kind,
                given.beta == null ? base.beta() : given.beta,
                base.minSnrGamma(),
                given.positive == null ? base.positiveWeight() : given.positive,
                given.sdpo == null ? base.sdpoMu() : given.sdpo,
                given.winnerSft == null ? base.winnerSft() : given.winnerSft,
                given.anchor == null ? base.anchor() : given.anchor,
                base.margin(),
                base.strength());
        RateSchedule rate = new RateSchedule(
                given.rate == null ? defaults.rate().rate() : given.rate,
                given.warmUp == null ? defaults.rate().warmUpSteps() : given.warmUp,
                given.shape == null ? defaults.rate().shape() : given.shape,
                given.shape == null ? defaults.rate().cycle() : given.cycle);
        Stage stage = new Stage(
                objective,
                rate,
                given.steps,
                given.growth,
                new ReferenceRule(given.start, given.mixShare, given.mixEvery),
                given.refresh == null ? defaults.refreshSteps() : given.refresh);
        check(place, last, stage);
        return stage;
    }

    private void check(String place, boolean last, Stage stage) {
        if (!last && stage.steps() == 0) {
            problems.add(place + "may never end, so the next would never begin: give it steps=N"
                    + (stage.growth() == null ? "" : ", which growth may end earlier"));
        }
        if (stage.growth() != null && !stage.objective().kind().measuresReference()) {
            problems.add(place + "has a growth rule, but this objective measures no reference to grow away from: leave"
                    + " growth out");
        }
        if (stage.rate().shape() == Shape.COSINE
                && stage.steps() == 0
                && stage.rate().cycle() == 0) {
            problems.add(place + "has no steps over which a cosine could fall: give it steps=N, or schedule=cosine/N");
        }
        stage.objective().problem().ifPresent(problem -> problems.add(place + problem));
    }

    private Kind kind(int number, String word) {
        for (Kind kind : Kind.values()) {
            if (kind.text().equals(word)) {
                return kind;
            }
        }
        List<String> known = Arrays.stream(Kind.values()).map(Kind::text).toList();
        problems.add("stage " + number + " has the unknown objective " + word
                + NearestName.of(word, known)
                        .map(name -> ", did you mean " + name + "?")
                        .orElse(" (known are " + String.join(", ", known) + ")"));
        return defaults.objective().kind();
    }

    /** The settings of one stage, as far as they are given. */
    private final class Settings {
        private final String place;
        long steps;

        @Nullable
        GrowthRule growth;

        @Nullable
        Double rate;

        @Nullable
        Integer warmUp;

        @Nullable
        Shape shape;

        long cycle;
        Start start = Start.PREVIOUS;
        double mixShare;
        int mixEvery;

        @Nullable
        Integer refresh;

        @Nullable
        Double beta;

        @Nullable
        OptionalDouble sdpo;

        @Nullable
        Double winnerSft;

        @Nullable
        Double anchor;

        @Nullable
        Double positive;

        Settings(String place) {
            this.place = place;
        }

        void take(String word) {
            int equals = word.indexOf('=');
            String key = equals < 0 ? word : word.substring(0, equals);
            String value = equals < 0 ? "" : word.substring(equals + 1);
            switch (key) {
                case "steps" -> steps = whole(key, value, 1);
                case "growth" -> growth(value);
                case "rate" -> rate = number(key, value, "above 0", v -> v > 0);
                case "warm-up" -> warmUp = (int) whole(key, value, 0);
                case "schedule" -> schedule(value);
                case "reference" -> reference(value);
                case "mix" -> mix(value);
                case "refresh" -> refresh = (int) whole(key, value, 1);
                case "beta" -> beta = number(key, value, "above 0", v -> v > 0);
                case "sdpo" -> sdpo = value.equals("none")
                        ? OptionalDouble.empty()
                        : OptionalDouble.of(number(key, value, "none or from 0 to 1", v -> v >= 0 && v <= 1));
                case "winner-sft" -> winnerSft = number(key, value, "at least 0", v -> v >= 0);
                case "anchor" -> anchor = number(key, value, "at least 0", v -> v >= 0);
                case "positive" -> positive = number(key, value, "at least 0", v -> v >= 0);
                default -> problems.add(place + "has the unknown setting " + key
                        + NearestName.of(key, KEYS)
                                .map(name -> ", did you mean " + name + "?")
                                .orElse(" (known are " + String.join(", ", KEYS) + ")"));
            }
        }

        private void growth(String value) {
            String[] parts = value.split("%/", -1);
            if (parts.length != 2) {
                wrong("growth", value, "like 1%/100, a percentage and a number of steps");
                return;
            }
            double percent = number("growth", parts[0], "a percentage of at least 0", v -> v >= 0);
            growth = new GrowthRule(percent, (int) whole("growth", parts[1], 2));
        }

        private void schedule(String value) {
            String[] parts = value.split("/", 2);
            try {
                shape = Shape.valueOf(parts[0].toUpperCase(Locale.ROOT));
                cycle = parts.length == 1 ? 0 : whole("schedule", parts[1], 2);
            } catch (IllegalArgumentException e) {
                wrong("schedule", value, "constant or cosine, or either with /N to begin anew every N steps");
            }
        }

        private void reference(String value) {
            try {
                start = Start.valueOf(value.toUpperCase(Locale.ROOT));
            } catch (IllegalArgumentException e) {
                wrong(
                        "reference",
                        value,
                        Arrays.stream(Start.values())
                                .map(Start::text)
                                .collect(Collectors.joining(", ", "one of ", "")));
            }
        }

        private void mix(String value) {
            String[] parts = value.split("/", -1);
            if (parts.length != 2) {
                wrong("mix", value, "like 0.1/64, a share and a number of steps");
                return;
            }
            mixShare = number("mix", parts[0], "a share above 0 and up to 1", v -> v > 0 && v <= 1);
            mixEvery = (int) whole("mix", parts[1], 1);
        }

        private long whole(String key, String value, int least) {
            try {
                int parsed = Integer.parseInt(value);
                if (parsed >= least) {
                    return parsed;
                }
            } catch (NumberFormatException e) {
                // said below
            }
            wrong(key, value, "a whole number of at least " + least);
            return Math.max(2, least);
        }

        private double number(String key, String value, String rule, DoublePredicate allowed) {
            try {
                double parsed = Double.parseDouble(value);
                if (Double.isFinite(parsed) && allowed.test(parsed)) {
                    return parsed;
                }
            } catch (NumberFormatException e) {
                // said below
            }
            wrong(key, value, rule);
            return 1;
        }

        private void wrong(String key, String value, String rule) {
            problems.add(place + "has " + key + "=" + value + ", which must be " + rule);
        }
    }
}
