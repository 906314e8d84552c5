package dev.realalign.app.evaluate;

import dev.realalign.app.console.ProgressBar;
import dev.realalign.app.console.Terminal;
import dev.realalign.app.evaluate.EvaluationReport.AdapterReport;
import dev.realalign.app.evaluate.EvaluationReport.BaseDistances;
import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.feed.SourceImage;
import dev.realalign.app.sample.ModelFiles;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.pipeline.RequestException;
import dev.realalign.diffusion.pipeline.RgbImages;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.evaluation.DenoisingMeter;
import dev.realalign.evaluation.DenoisingSettings;
import dev.realalign.evaluation.DrawnPictures;
import dev.realalign.evaluation.ErrorComparison;
import dev.realalign.evaluation.ImageErrors;
import dev.realalign.evaluation.SetDistances;
import dev.realalign.evaluation.features.PhotoClassifier;
import dev.realalign.evaluation.statistics.Resampling;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.Sha256;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** An evaluation from the user's paths to the report. */
public final class EvaluationRun {
    /** Rounds of the intervals of errors. */
    static final int ERROR_ROUNDS = 2000;

    /** Rounds of the intervals of distances, each of which looks at every pair of pictures. */
    private static final int DISTANCE_ROUNDS = 200;

    private static final long RANDOM_FEATURES_SEED = 1;

    private final EvaluationSettings settings;
    private final Terminal terminal;

    /** @param terminal where it shows how far it is */
    public EvaluationRun(EvaluationSettings settings, Terminal terminal) {
        this.settings = settings;
        this.terminal = terminal;
    }

    /** What reading and measuring gave. */
    private record Measured(
            int pictures,
            List<ImageErrors> errors,
            List<String> captions,
            double[][] real,
            double[][] others,
            @Nullable String passedOver) {}

    /**
     * Measures.
     *
     * @throws UserErrorException for usage, when model, adapters, features or pictures cannot be used together
     */
    public EvaluationReport run() throws IOException {
        List<Adapter> adapters = new ArrayList<>();
        try (DiffusionModel model = ModelFiles.model(settings.model());
                PhotoClassifier classifier = classifier()) {
            if (model.denoiser().inChannels() != model.denoiser().outChannels()) {
                throw UserErrorException.usage("The model " + settings.model()
                        + " paints into masks, which is not what is measured here: name the model it was made from with"
                        + " --model.");
            }
            for (Path lora : settings.adapters()) {
                adapters.add(ModelFiles.adapter(lora, model));
            }
            return report(model, adapters, classifier);
        } finally {
            adapters.forEach(Adapter::close);
        }
    }

    private PhotoClassifier classifier() {
        Path features = settings.features();
        if (features == null) {
            return PhotoClassifier.random(RANDOM_FEATURES_SEED, List.of("none"));
        }
        try {
            return PhotoClassifier.load(features);
        } catch (ModelFormatException e) {
            throw UserErrorException.usage("The features " + e.getMessage()
                    + ". Name a folder that --train-features wrote with --features, or use --features random.");
        }
    }

    private EvaluationReport report(DiffusionModel model, List<Adapter> adapters, PhotoClassifier classifier)
            throws IOException {
        DenoisingMeter meter = new DenoisingMeter(
                model, adapters, new DenoisingSettings(settings.seed(), settings.bands(), settings.batch()));
        Measured measured = measure(model, meter, classifier);
        SetDistances distances = settings.draws() ? distances(model, adapters, classifier, measured) : null;
        List<DenoisingMeter.Band> bands =
                IntStream.range(0, settings.bands()).mapToObj(meter::band).toList();
        Resampling resampling = new Resampling(settings.seed(), ERROR_ROUNDS);
        List<AdapterReport> reports = new ArrayList<>();
        for (int i = 0; i < adapters.size(); i++) {
            Path file = ModelFiles.adapterFile(settings.adapters().get(i));
            reports.add(new AdapterReport(
                    file.toString(),
                    Sha256.hex(file),
                    ErrorComparison.of(measured.errors(), i + 1, bands, resampling),
                    distances == null ? null : distances.adapters().get(i)));
        }
        return new EvaluationReport(
                settings.model().toString(),
                model.digest(),
                settings.images().toString(),
                measured.pictures(),
                measured.passedOver(),
                settings.seed(),
                distances == null ? null : classifier.name(),
                distances == null
                        ? null
                        : new BaseDistances(
                                distances.pictures(),
                                settings.steps(),
                                settings.guidance(),
                                distances.floor(),
                                distances.base()),
                reports);
    }

    /**
     * Reads pictures until there are enough, and measures each while it is in memory. Errors are compared between adapters
     * and the plain model: without an adapter none are taken.
     */
    private Measured measure(DiffusionModel model, DenoisingMeter meter, PhotoClassifier classifier)
            throws IOException {
        PictureReader reader = new PictureReader(model.resolution(), settings.caption());
        List<ImageErrors> errors = new ArrayList<>();
        List<String> captions = new ArrayList<>();
        List<double[]> features = new ArrayList<>();
        ProgressBar bar = new ProgressBar(terminal, "pictures measured", settings.count());
        try (ImageSource source = ImageSource.of(settings.images())) {
            for (SourceImage image : PictureReader.shuffled(source, settings.seed())) {
                if (captions.size() == settings.count()) {
                    break;
                }
                Optional<PictureReader.Read> read =
                        reader.read(image, id -> !settings.draws() || !classifier.hasSeen(id));
                if (read.isPresent()) {
                    if (!settings.adapters().isEmpty()) {
                        errors.add(meter.measure(reader.withNegatives(read.get())));
                    }
                    captions.add(read.get().caption());
                    if (settings.draws()) {
                        try (Tensor picture = RgbImages.toTensor(
                                List.of(PictureReader.image(read.get().picture())))) {
                            features.addAll(Arrays.asList(classifier.features(picture)));
                        }
                    }
                    bar.show(captions.size());
                }
            }
        }
        bar.finish(captions.size());
        require(captions.size(), reader);
        int side = captions.size() / 2;
        return new Measured(
                captions.size(),
                errors,
                captions.subList(0, side),
                features.stream().limit(side).toArray(double[][]::new),
                features.stream().skip(side).limit(side).toArray(double[][]::new),
                reader.passedOver().orElse(null));
    }

    private void require(int pictures, PictureReader reader) {
        String found = "There are " + (pictures == 0 ? "no" : "only " + pictures) + " usable pictures in "
                + settings.images()
                + reader.passedOver().map(reasons -> " (" + reasons + ")").orElse("");
        if (pictures == 0) {
            throw UserErrorException.usage(found + ": name a folder, archive or list of photographs with --images.");
        }
        if (settings.draws() && pictures / 2 < SetDistances.LEAST_PICTURES) {
            throw UserErrorException.usage(found + ", and distances take at least " + 2 * SetDistances.LEAST_PICTURES
                    + ", half of them for the real-against-real floor: give more pictures, or measure errors alone with"
                    + " --no-drawing.");
        }
    }

    private SetDistances distances(
            DiffusionModel model, List<Adapter> adapters, PhotoClassifier classifier, Measured measured) {
        DrawnPictures drawer = new DrawnPictures(
                model, classifier, settings.seed(), settings.steps(), settings.guidance(), settings.batch());
        int each = measured.captions().size();
        ProgressBar bar = new ProgressBar(terminal, "pictures drawn", (long) each * (adapters.size() + 1));
        List<double[][]> drawn = new ArrayList<>();
        try {
            drawn.add(drawer.features(null, measured.captions(), bar::show));
            for (Adapter adapter : adapters) {
                long before = (long) drawn.size() * each;
                drawn.add(drawer.features(adapter, measured.captions(), done -> bar.show(before + done)));
            }
        } catch (RequestException e) {
            throw UserErrorException.usage(e.problems());
        }
        bar.finish((long) each * drawn.size());
        return SetDistances.of(
                measured.real(), measured.others(), drawn, new Resampling(settings.seed(), DISTANCE_ROUNDS));
    }
}
