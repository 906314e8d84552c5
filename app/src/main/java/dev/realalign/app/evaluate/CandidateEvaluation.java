package dev.realalign.app.evaluate;

import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.feed.SourceImage;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.AdapterFiles;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.evaluation.DenoisingMeter;
import dev.realalign.evaluation.DenoisingSettings;
import dev.realalign.evaluation.ErrorComparison;
import dev.realalign.evaluation.EvaluationImage;
import dev.realalign.evaluation.ImageErrors;
import dev.realalign.evaluation.statistics.Interval;
import dev.realalign.evaluation.statistics.Resampling;
import dev.realalign.publisher.Gate;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.publisher.SecondOpinion;
import dev.realalign.publisher.SecondOpinionSettings;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.Measures;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * The publisher's second opinion: what {@code realalign evaluate} says of an adapter's errors, on pictures read once, for
 * every candidate the same. A candidate is refused where the whole interval of m_w / r_w lies above the bound. Which pictures
 * are used, every noise and every timestep follow from a fixed seed, so that candidates can be compared with each other.
 */
public final class CandidateEvaluation implements SecondOpinion {
    private static final long SEED = 0;

    /** Noised pictures in the network at once. */
    private static final int BATCH = 16;

    private final SecondOpinionSettings settings;
    private final DiffusionModel model;
    private final List<EvaluationImage> pictures;
    private final BooleanSupplier stopping;
    private final LongSupplier nanoTime;

    private CandidateEvaluation(
            SecondOpinionSettings settings,
            DiffusionModel model,
            List<EvaluationImage> pictures,
            BooleanSupplier stopping,
            LongSupplier nanoTime) {
        this.settings = settings;
        this.model = model;
        this.pictures = pictures;
        this.stopping = stopping;
        this.nanoTime = nanoTime;
    }

    /**
     * Loads the network and reads the pictures.
     *
     * @param stopping whether to break off a measurement
     * @throws UserErrorException for usage, when the network or the pictures cannot be used
     */
    public static SecondOpinion open(SecondOpinionSettings settings, BooleanSupplier stopping) {
        return open(settings, stopping, System::nanoTime);
    }

    /** @param nanoTime monotonic time in nanoseconds */
    static SecondOpinion open(SecondOpinionSettings settings, BooleanSupplier stopping, LongSupplier nanoTime) {
        DiffusionModel model = load(settings.baseModel());
        try {
            return new CandidateEvaluation(settings, model, read(settings, model.resolution()), stopping, nanoTime);
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private static DiffusionModel load(Path folder) {
        try {
            return DiffusionModel.load(folder, LoadOptions.DEFAULT);
        } catch (ModelFormatException e) {
            throw UserErrorException.usage(PublisherConfig.EVALUATION_BASE_MODEL + " cannot be used: " + e.getMessage()
                    + ". Name the folder of the model that the trainer trains on.");
        }
    }

    private static List<EvaluationImage> read(SecondOpinionSettings settings, int resolution) {
        List<EvaluationImage> pictures = new ArrayList<>();
        PictureReader reader = new PictureReader(resolution, "");
        try (ImageSource source = ImageSource.of(settings.images())) {
            for (SourceImage image : PictureReader.shuffled(source, SEED)) {
                if (pictures.size() == settings.count()) {
                    break;
                }
                reader.read(image, id -> true)
                        .map(read -> new EvaluationImage(
                                read.id(),
                                read.caption(),
                                PictureReader.image(read.picture()),
                                Collections.emptySortedMap()))
                        .ifPresent(pictures::add);
            }
        } catch (IOException e) {
            throw UserErrorException.usage(PublisherConfig.EVALUATION_IMAGES + " is \"" + settings.images()
                    + "\", which cannot be read: " + e.getMessage() + ".");
        }
        if (pictures.size() < PublisherConfig.FEWEST_EVALUATED) {
            throw UserErrorException.usage(PublisherConfig.EVALUATION_IMAGES + " is \"" + settings.images()
                    + "\" with " + pictures.size() + " usable pictures"
                    + reader.passedOver().map(reasons -> " (" + reasons + ")").orElse("") + ": give at least "
                    + PublisherConfig.FEWEST_EVALUATED + ".");
        }
        return pictures;
    }

    @Override
    public Finding of(CandidateManifest candidate, Path adapter) {
        if (!candidate.base().sha256().equals(model.digest())) {
            throw UserErrorException.failure("candidate " + candidate.candidate() + " was trained on the base model "
                    + candidate.base().sha256() + ", but " + PublisherConfig.EVALUATION_BASE_MODEL + " is \""
                    + settings.baseModel() + "\", which is " + model.digest()
                    + ". Nothing was decided: name the trainer's base model, then start the publisher again.");
        }
        try (Adapter weights = AdapterFiles.load(adapter, model.denoiser())) {
            return measure(weights);
        } catch (ModelFormatException e) {
            return refused("it does not fit its base model: " + e.getMessage());
        }
    }

    private Finding measure(Adapter weights) {
        DenoisingMeter meter =
                new DenoisingMeter(model, List.of(weights), new DenoisingSettings(SEED, settings.bands(), BATCH));
        List<ImageErrors> errors = new ArrayList<>();
        long start = nanoTime.getAsLong();
        for (EvaluationImage picture : pictures) {
            if (stopping.getAsBoolean()) {
                throw new CancellationException("the publisher was told to end");
            }
            if (nanoTime.getAsLong() - start > settings.timeout().toNanos()) {
                return refused(errors.size() + " of " + pictures.size() + " pictures of "
                        + settings.images().getFileName() + " were measured in "
                        + settings.timeout().toMillis() + " ms, too few to judge by: raise "
                        + PublisherConfig.EVALUATION_TIMEOUT_MS + " or lower " + PublisherConfig.EVALUATION_COUNT);
            }
            errors.add(meter.measure(picture));
        }
        return judge(ErrorComparison.of(
                errors,
                1,
                IntStream.range(0, settings.bands()).mapToObj(meter::band).toList(),
                new Resampling(SEED, EvaluationRun.ERROR_ROUNDS)));
    }

    private Finding judge(ErrorComparison found) {
        Interval ratio = found.ratio();
        double bound = 1 + settings.increaseLimit();
        String figure = String.format(
                Locale.ROOT,
                "on %d pictures of %s is %.4f times the plain model's (95 %% interval %.4f to %.4f)",
                found.pictures(),
                settings.images().getFileName(),
                ratio.value(),
                ratio.low(),
                ratio.high());
        if (!(ratio.low() <= bound)) { // the negation refuses NaN as well
            return refused(
                    String.format(Locale.ROOT, "its error %s, and the whole interval lies above %.4f", figure, bound));
        }
        return new Finding(
                new Gate.Verdict(List.of(), List.of("error " + figure)),
                Map.of(
                        Measures.EVALUATED_RATIO, ratio.value(),
                        Measures.EVALUATED_RATIO_LOW, ratio.low(),
                        Measures.EVALUATED_RATIO_HIGH, ratio.high(),
                        Measures.EVALUATED_PICTURES, (double) found.pictures()));
    }

    private static Finding refused(String reason) {
        return new Finding(new Gate.Verdict(List.of(reason), List.of()), Map.of());
    }

    @Override
    public void close() {
        model.close();
    }
}
