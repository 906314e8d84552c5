package dev.realalign.curator.gate;

import java.util.EnumMap;
import java.util.Map;

/**
 * What gates and pair filter measure about a picture and its pair. The names are part of the records: a verdict can be
 * judged again by other limits from its measures alone.
 */
public enum Measure {
    /** Size of the file in bytes. */
    BYTES,
    /** Width of the picture as stored, in pixels. */
    WIDTH,
    /** Height of the picture as stored, in pixels. */
    HEIGHT,
    /** Walks over the picture that decoding takes. */
    SCANS,
    /** See {@link PictureMeasures#lumaDeviation}. */
    LUMA_DEVIATION,
    /** See {@link PictureMeasures#blackShare}. */
    BLACK_SHARE,
    /** See {@link PictureMeasures#whiteShare}. */
    WHITE_SHARE,
    /** See {@link PictureMeasures#sharpness}. */
    SHARPNESS,
    /** See {@link PictureMeasures#colourfulness}. */
    COLOURFULNESS,
    /** Root mean square difference of the pair over all samples, in 8-bit levels. */
    RMS_DIFFERENCE,
    /** Perceptual distance of the pair, in [0, 1]. */
    PERCEPTUAL_DISTANCE;

    /** Measures by their names; names that this version does not know are left out. */
    public static Map<Measure, Double> named(Map<String, Double> recorded) {
        Map<Measure, Double> known = new EnumMap<>(Measure.class);
        for (Measure measure : values()) {
            Double value = recorded.get(measure.name());
            if (value != null) {
                known.put(measure, value);
            }
        }
        return known;
    }
}
