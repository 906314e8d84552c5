package dev.realalign.generator.score;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What pictures are judged with.
 *
 * @param pickScoreModel folder of PickScore's weights, a transformers CLIPModel with vocabulary; null for none
 * @param aestheticModel folder of the CLIP model under the aesthetic predictor; null for none
 * @param aestheticHead converted weights of the aesthetic predictor; null for none
 * @param photographModel folder of a CLIP model that tells photographs; null for none
 * @param photographMinShare least share that the words for a photograph must have
 */
public record JudgeSettings(
        @Nullable Path pickScoreModel,
        @Nullable Path aestheticModel,
        @Nullable Path aestheticHead,
        @Nullable Path photographModel,
        double photographMinShare) {
    /** Key of the folder of PickScore's weights. */
    public static final String PICKSCORE_MODEL = "generator.pickscore.model";
    /** Key of the folder of the CLIP model under the aesthetic predictor. */
    public static final String AESTHETIC_MODEL = "generator.aesthetic.model";
    /** Key of the weights of the aesthetic predictor. */
    public static final String AESTHETIC_HEAD = "generator.aesthetic.head.file";
    /** Key of the folder of the CLIP model that tells photographs. */
    public static final String PHOTOGRAPH_MODEL = "generator.photograph.model";
    /** Key of the least share of the words for a photograph. */
    public static final String PHOTOGRAPH_MIN_SHARE = "generator.photograph.min.share";
}
