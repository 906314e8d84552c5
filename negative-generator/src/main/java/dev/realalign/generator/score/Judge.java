package dev.realalign.generator.score;

import java.awt.image.BufferedImage;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** Judges pictures, in one thread. */
public interface Judge {
    /** Why a score cannot be given, naming the setting that is missing; empty when it can. */
    Optional<String> cannotScore(String score);

    /** Why a gate's verdict cannot be given, naming the setting that is missing; empty when it can. */
    Optional<String> cannotJudge(String gate);

    /**
     * A score of the real picture, and of its negative where there is one.
     *
     * @return by the names {@code SCORE_REAL} and {@code SCORE_NEGATIVE}
     * @throws dev.realalign.generator.draw.NetworkFailureException when the network fails
     */
    SortedMap<String, Double> score(String score, String caption, BufferedImage real, @Nullable BufferedImage negative);

    /**
     * A gate's verdict on the real picture.
     *
     * @throws dev.realalign.generator.draw.NetworkFailureException when the network fails
     */
    Verdict judge(String gate, BufferedImage real);

    /**
     * What a gate found.
     *
     * @param objection why the picture is refused; null when it passes
     * @param measureName name of what was measured
     * @param measure what was measured
     */
    record Verdict(@Nullable String objection, String measureName, double measure) {}
}
