package dev.realalign.curator;

import dev.realalign.curator.gate.ColourMeasure;
import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.gate.Measure;
import dev.realalign.curator.pair.Gap;
import dev.realalign.schemas.Colourfulness;
import dev.realalign.schemas.PairGap;
import dev.realalign.schemas.ShadowRejection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What was found about a picture and its pair, as the records carry it. */
final class Evidence {
    private Evidence() {}

    /** Gates in shadow mode that said no. */
    static List<ShadowRejection> shadow(Findings findings) {
        return findings.shadow().stream()
                .map(found -> new ShadowRejection(found.reason().name(), found.evidence()))
                .toList();
    }

    /** What was measured, in the order of the names so that equal records have equal bytes. */
    static Map<String, Double> measures(Findings findings) {
        Map<String, Double> measures = new TreeMap<>();
        for (Map.Entry<Measure, Double> measured : findings.measures().entrySet()) {
            measures.put(measured.getKey().name(), measured.getValue());
        }
        return measures;
    }

    /** The measures that were written down under these names. */
    static Map<Measure, Double> measures(Map<String, Double> named) {
        Map<Measure, Double> measures = new EnumMap<>(Measure.class);
        named.forEach((name, value) -> measures.put(Measure.valueOf(name), value));
        return measures;
    }

    /**
     * The colourfulness, where it was compared.
     *
     * @param rule by which, in words
     */
    static @Nullable Colourfulness colourfulness(Optional<ColourMeasure> measured, String rule) {
        return measured.map(measure -> new Colourfulness(
                        measure.value(),
                        measure.before().mean(),
                        measure.before().images(),
                        rule))
                .orElse(null);
    }

    /** What the pair filter saw. */
    static @Nullable PairGap gap(Optional<Gap> gap) {
        return gap.map(Evidence::gap).orElse(null);
    }

    private static PairGap gap(Gap gap) {
        Optional<Gap.Ranking> ranking = gap.ranking();
        return PairGap.newBuilder()
                .setMeasure(gap.measure())
                .setValue(gap.value())
                .setLeast(gap.least())
                .setGreatest(nullable(gap.greatest()))
                .setRankedBy(ranking.map(Gap.Ranking::by).orElse(null))
                .setRank(ranking.map(Gap.Ranking::value).orElse(null))
                .setRankLeast(nullable(ranking.map(Gap.Ranking::least).orElse(OptionalDouble.empty())))
                .setWindow(ranking.map(Gap.Ranking::window).orElse(0))
                .setRule(gap.rule())
                .build();
    }

    private static @Nullable Double nullable(OptionalDouble value) {
        return value.isPresent() ? value.getAsDouble() : null;
    }
}
