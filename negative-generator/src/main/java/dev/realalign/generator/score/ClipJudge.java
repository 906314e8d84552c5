package dev.realalign.generator.score;

import dev.realalign.diffusion.clip.AestheticHead;
import dev.realalign.diffusion.clip.ClipModel;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.TensorException;
import dev.realalign.generator.draw.NetworkFailureException;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Judges with CLIP models.
 *
 * <p>{@code PICKSCORE} (Kirstain et al. 2023, arXiv 2305.01569) is exp(logit_scale) times the cosine of caption and picture,
 * divided by 26: the scale on which RealAlign's threshold of 0.02 for a clear gap is meant (the scripts it released print
 * the score undivided). {@code AESTHETIC} is what LAION's aesthetic predictor says. {@code NOT_A_PHOTOGRAPH} refuses a picture for which the words "a photograph" have too small a share
 * among words for what else a picture may be: a softmax over exp(logit_scale) times the cosines.
 */
public final class ClipJudge implements Judge, AutoCloseable {
    /** The name of PickScore. */
    public static final String PICKSCORE = "PICKSCORE";
    /** The name of the aesthetic predictor's score. */
    public static final String AESTHETIC = "AESTHETIC";
    /** The gate's name, which is that of its reason. */
    public static final String NOT_A_PHOTOGRAPH = "NOT_A_PHOTOGRAPH";

    private static final double PICKSCORE_UNIT = 26;
    private static final List<String> WORDS =
            List.of("a photograph", "a painting", "a drawing", "a cartoon", "a 3D rendering", "a screenshot");

    private final JudgeSettings settings;
    private final Map<Path, ClipModel> models;
    private final @Nullable AestheticHead aesthetic;
    private final List<double[]> words;

    private ClipJudge(JudgeSettings settings, Map<Path, ClipModel> models) {
        this.settings = settings;
        this.models = models;
        ClipModel under = model(settings.aestheticModel());
        this.aesthetic = under == null || settings.aestheticHead() == null
                ? null
                : AestheticHead.load(settings.aestheticHead(), under.vectorLength());
        ClipModel photograph = model(settings.photographModel());
        this.words = photograph == null ? List.of() : photograph.texts(WORDS);
    }

    /**
     * Loads what is configured; the same folder for several uses is loaded once.
     *
     * @throws dev.realalign.diffusion.ModelFormatException naming the file and everything wrong with it
     */
    public static ClipJudge load(JudgeSettings settings) {
        Map<Path, ClipModel> models = new HashMap<>();
        try {
            Stream.of(settings.pickScoreModel(), settings.aestheticModel(), settings.photographModel())
                    .filter(Objects::nonNull)
                    .distinct()
                    .forEach(folder -> models.put(folder, ClipModel.load(folder, ElementType.F32, Device.CPU)));
            return new ClipJudge(settings, models);
        } catch (RuntimeException e) {
            models.values().forEach(ClipModel::close);
            throw e;
        }
    }

    private @Nullable ClipModel model(@Nullable Path folder) {
        return folder == null ? null : models.get(folder);
    }

    @Override
    public Optional<String> cannotScore(String score) {
        return switch (score) {
            case PICKSCORE -> settings.pickScoreModel() == null
                    ? missing(score, JudgeSettings.PICKSCORE_MODEL)
                    : Optional.empty();
            case AESTHETIC -> aesthetic == null
                    ? missing(score, JudgeSettings.AESTHETIC_MODEL + " and " + JudgeSettings.AESTHETIC_HEAD)
                    : Optional.empty();
            default -> Optional.of(
                    "\"" + score + "\" is no score this generator knows; it knows " + PICKSCORE + " and " + AESTHETIC);
        };
    }

    @Override
    public Optional<String> cannotJudge(String gate) {
        if (!gate.equals(NOT_A_PHOTOGRAPH)) {
            return Optional.of("\"" + gate + "\" is no gate this generator knows; it knows " + NOT_A_PHOTOGRAPH);
        }
        return settings.photographModel() == null ? missing(gate, JudgeSettings.PHOTOGRAPH_MODEL) : Optional.empty();
    }

    private static Optional<String> missing(String name, String setting) {
        return Optional.of(name + " needs weights that this generator does not have: set " + setting);
    }

    @Override
    public SortedMap<String, Double> score(
            String score, String caption, BufferedImage real, @Nullable BufferedImage negative) {
        boolean pick = score.equals(PICKSCORE);
        ClipModel model = model(pick ? settings.pickScoreModel() : settings.aestheticModel());
        if (model == null) {
            throw new IllegalArgumentException(score);
        }
        return running(() -> {
            List<BufferedImage> pictures = new ArrayList<>(List.of(real));
            if (negative != null) {
                pictures.add(negative);
            }
            List<double[]> vectors = model.pictures(pictures);
            double[] text = pick ? model.texts(List.of(caption)).get(0) : new double[0];
            SortedMap<String, Double> scores = new TreeMap<>();
            for (int i = 0; i < vectors.size(); i++) {
                double[] vector = vectors.get(i);
                scores.put(
                        score + (i == 0 ? "_REAL" : "_NEGATIVE"),
                        pick ? pickScore(model, text, vector) : aesthetic(vector));
            }
            return scores;
        });
    }

    private static double pickScore(ClipModel model, double[] text, double[] picture) {
        return model.scale() * ClipModel.cosine(text, picture) / PICKSCORE_UNIT;
    }

    private double aesthetic(double[] picture) {
        if (aesthetic == null) {
            throw new IllegalArgumentException(AESTHETIC);
        }
        return aesthetic.score(picture);
    }

    @Override
    public Verdict judge(String gate, BufferedImage real) {
        ClipModel model = model(settings.photographModel());
        if (model == null || !gate.equals(NOT_A_PHOTOGRAPH)) {
            throw new IllegalArgumentException(gate);
        }
        double share = running(() -> photographShare(model, real));
        String objection = share >= settings.photographMinShare()
                ? null
                : String.format(
                        Locale.ROOT,
                        "\"%s\" has a share of %.1f %% among %s; at least %.1f %% is needed",
                        WORDS.get(0),
                        100 * share,
                        WORDS,
                        100 * settings.photographMinShare());
        return new Verdict(objection, "PHOTOGRAPH_SHARE", share);
    }

    private double photographShare(ClipModel model, BufferedImage real) {
        double[] picture = model.pictures(List.of(real)).get(0);
        double first = ClipModel.cosine(words.get(0), picture);
        double sum = 0;
        for (double[] word : words) {
            sum += Math.exp(model.scale() * (ClipModel.cosine(word, picture) - first));
        }
        return 1 / sum;
    }

    private static <T> T running(Supplier<T> network) {
        try {
            return network.get();
        } catch (TensorException e) {
            throw new NetworkFailureException(String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public void close() {
        models.values().forEach(ClipModel::close);
    }
}
