package dev.realalign.evaluation;

import dev.realalign.evaluation.statistics.Interval;
import dev.realalign.evaluation.statistics.Resampling;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;

/**
 * An adapter against the plain network, picture by picture. Intervals are bootstrapped over pictures: what they say holds
 * for more pictures of the same kind.
 *
 * @param pictures pictures measured
 * @param base the base's mean error on real pictures, r_w
 * @param adapter the adapter's mean error on real pictures, m_w
 * @param difference m_w - r_w, paired; below 0 the adapter predicts real pictures better
 * @param ratio m_w / r_w
 * @param verdict what the difference's interval says
 * @param bands the same by part of the noise schedule, from little noise to much
 * @param kinds real pictures against each kind of negative
 */
public record ErrorComparison(
        int pictures,
        double base,
        double adapter,
        Interval difference,
        Interval ratio,
        Verdict verdict,
        List<BandErrors> bands,
        List<KindErrors> kinds) {

    /**
     * Errors on real pictures in one part of the schedule.
     *
     * @param fromTimestep what the network is told at the band's least noise
     * @param toTimestep what the network is told at its greatest noise
     * @param base the base's mean error
     * @param adapter the adapter's mean error
     * @param difference adapter - base, paired
     */
    public record BandErrors(
            double fromTimestep, double toTimestep, double base, double adapter, Interval difference) {}

    /**
     * Errors on real pictures and on their negatives of one kind, by the adapter (m) and by the base (r).
     *
     * @param kind how the negatives were made
     * @param pictures pictures that have such a negative
     * @param mW the adapter's mean error on the real pictures
     * @param mL the adapter's mean error on the negatives
     * @param rW the base's mean error on the real pictures
     * @param rL the base's mean error on the negatives
     * @param dW m_w - r_w: negative where the adapter predicts real pictures better
     * @param dL m_l - r_l: positive where the adapter moved away from the negatives
     * @param ratio m_w / r_w
     * @param margin d_l - d_w: positive where the adapter tells real from negative better than the base
     * @param implicitAccuracy share of (picture, band) with a positive margin, ties counted half
     */
    public record KindErrors(
            String kind,
            int pictures,
            double mW,
            double mL,
            double rW,
            double rL,
            double dW,
            double dL,
            Interval ratio,
            Interval margin,
            Interval implicitAccuracy) {}

    /**
     * Compares a model with the base.
     *
     * @param errors of every picture, at least one
     * @param model 1 for the first adapter
     * @param bands ends of the bands
     */
    public static ErrorComparison of(
            List<ImageErrors> errors, int model, List<DenoisingMeter.Band> bands, Resampling resampling) {
        Interval difference =
                resampling.bootstrap(errors.size(), mean(errors, image -> image.preferred(model) - image.preferred(0)));
        return new ErrorComparison(
                errors.size(),
                average(errors, image -> image.preferred(0)),
                average(errors, image -> image.preferred(model)),
                difference,
                ratio(errors, model, resampling),
                Verdict.of(difference),
                byBand(errors, model, bands, resampling),
                byKind(errors, model, resampling));
    }

    private static List<BandErrors> byBand(
            List<ImageErrors> errors, int model, List<DenoisingMeter.Band> bands, Resampling resampling) {
        List<BandErrors> found = new ArrayList<>();
        for (int i = 0; i < bands.size(); i++) {
            int band = i;
            found.add(new BandErrors(
                    bands.get(band).fromTimestep(),
                    bands.get(band).toTimestep(),
                    average(errors, image -> image.real()[0][band]),
                    average(errors, image -> image.real()[model][band]),
                    resampling.bootstrap(
                            errors.size(), mean(errors, image -> image.real()[model][band] - image.real()[0][band]))));
        }
        return found;
    }

    private static List<KindErrors> byKind(List<ImageErrors> errors, int model, Resampling resampling) {
        TreeSet<String> kinds = new TreeSet<>();
        errors.forEach(image -> kinds.addAll(image.negatives().keySet()));
        List<KindErrors> found = new ArrayList<>();
        for (String kind : kinds) {
            List<ImageErrors> with =
                    errors.stream().filter(image -> image.has(kind)).toList();
            double mW = average(with, image -> image.preferred(model));
            double mL = average(with, image -> image.rejected(model, kind));
            double rW = average(with, image -> image.preferred(0));
            double rL = average(with, image -> image.rejected(0, kind));
            found.add(new KindErrors(
                    kind,
                    with.size(),
                    mW,
                    mL,
                    rW,
                    rL,
                    average(with, image -> image.preferred(model) - image.preferred(0)),
                    average(with, image -> image.rejected(model, kind) - image.rejected(0, kind)),
                    ratio(with, model, resampling),
                    resampling.bootstrap(
                            with.size(),
                            mean(
                                    with,
                                    image -> (image.rejected(model, kind) - image.rejected(0, kind))
                                            - (image.preferred(model) - image.preferred(0)))),
                    resampling.bootstrap(with.size(), mean(with, image -> image.implicitAccuracy(model, kind)))));
        }
        return found;
    }

    private static Interval ratio(List<ImageErrors> errors, int model, Resampling resampling) {
        double[] adapter = values(errors, image -> image.preferred(model));
        double[] base = values(errors, image -> image.preferred(0));
        return resampling.bootstrap(errors.size(), rows -> sum(adapter, rows) / sum(base, rows));
    }

    private static ToDoubleFunction<int[]> mean(List<ImageErrors> errors, ToDoubleFunction<ImageErrors> of) {
        double[] values = values(errors, of);
        return rows -> sum(values, rows) / rows.length;
    }

    private static double average(List<ImageErrors> errors, ToDoubleFunction<ImageErrors> of) {
        return errors.stream().mapToDouble(of).average().orElseThrow();
    }

    private static double[] values(List<ImageErrors> errors, ToDoubleFunction<ImageErrors> of) {
        return errors.stream().mapToDouble(of).toArray();
    }

    private static double sum(double[] values, int[] rows) {
        double sum = 0;
        for (int row : rows) {
            sum += values[row];
        }
        return sum;
    }
}
