package dev.realalign.trainer.learn;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraFiles;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.optim.AdamW;
import dev.realalign.diffusion.schedule.FlowSchedule;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.NoiseSchedule;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.vae.Autoencoder;
import dev.realalign.diffusion.vae.Posterior;
import dev.realalign.schemas.AdapterShape;
import dev.realalign.schemas.BaseModel;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.schemas.Sha256;
import dev.realalign.trainer.objective.Objective;
import dev.realalign.trainer.objective.PairErrors;
import dev.realalign.trainer.objective.PairGradient;
import dev.realalign.trainer.objective.Safeguards;
import dev.realalign.trainer.plan.Purpose;
import dev.realalign.trainer.plan.Randomness;
import dev.realalign.trainer.triple.Pixels;
import dev.realalign.trainer.triple.TrainingPair;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * Trains a LoRA adapter of a diffusion model. Policy, moving average and reference are three adapters on one network.
 * All tensors live and die on the thread that calls.
 */
public final class DiffusionLearner implements Learner {
    /** Held-out pairs measured at once. */
    private static final int HELD_OUT_BATCH = 8;

    private static final Map<String, String> FILE_METADATA = Map.of("format", "pt");

    private final DiffusionModel model;
    private final LearnerSettings settings;
    private final Randomness randomness;
    private final Objective objective;
    private final Safeguards safeguards;
    private final CaptionCache captions;
    private final PosteriorCache posteriors;
    private final ReferenceErrors referenceErrors = new ReferenceErrors();
    private final LoraAdapter policy;
    private final LoraAdapter average;
    private final LoraAdapter reference;
    private final AdamW optimizer;
    private String referenceDigest;

    /**
     * A learner at step 0: its adapter changes nothing yet and its reference is that adapter.
     *
     * @param model stays the caller's; nothing else may use it at the same time
     */
    public DiffusionLearner(DiffusionModel model, LearnerSettings settings) {
        this.model = model;
        this.settings = settings;
        this.randomness = new Randomness(settings.runSeed());
        this.objective = settings.objective().objective(model.schedule().prediction());
        this.safeguards = settings.objective().safeguards();
        this.captions = new CaptionCache(model, settings.captionCache());
        this.posteriors = new PosteriorCache(settings.posteriorCacheBytes());
        this.policy = LoraAdapter.create(model.denoiser(), settings.lora(), randomness.bits(Purpose.ADAPTER, 0, "", 0));
        this.average = policy.copy();
        this.reference = policy.copy();
        this.referenceDigest = digest(reference);
        this.optimizer = new AdamW(policy.parameters(), settings.optimizer());
    }

    @Override
    public int resolution() {
        return model.resolution();
    }

    @Override
    public BaseModel base() {
        return new BaseModel(
                String.valueOf(model.folder().toAbsolutePath().normalize().getFileName()), model.digest());
    }

    @Override
    public AdapterShape adapter() {
        return new AdapterShape(
                settings.lora().rank(), settings.lora().alpha(), settings.lora().targets());
    }

    @Override
    public ObjectiveSettings objective() {
        return settings.objective().description();
    }

    @Override
    public long runSeed() {
        return settings.runSeed();
    }

    @Override
    public String referenceDigest() {
        return referenceDigest;
    }

    // ---- a step ---------------------------------------------------------------------------------------------------

    @Override
    public StepMetrics step(long step, List<TrainingPair> pairs) {
        double learningRate = settings.learningRate(step);
        try (TensorScope scope = TensorScope.open()) {
            PreferencePass pass = PreferencePass.backward(
                    model.denoiser(), policy, reference, draw(step, pairs), objective, safeguards);
            double norm = optimizer.clip(settings.clipNorm());
            boolean applied = Double.isFinite(pass.loss()) && Double.isFinite(norm);
            if (applied) {
                optimizer.step(learningRate);
            }
            optimizer.clear();
            if (step % settings.averageEvery() == 0) {
                average.average(policy, settings.averageDecay(step / settings.averageEvery()));
            }
            return metrics(pass, norm, learningRate, applied);
        }
    }

    private static StepMetrics metrics(PreferencePass pass, double norm, double learningRate, boolean applied) {
        return new StepMetrics(
                pass.errors().size(),
                pass.loss(),
                mean(pass.errors(), PairErrors::mW),
                mean(pass.errors(), PairErrors::mL),
                mean(pass.errors(), PairErrors::rW),
                mean(pass.errors(), PairErrors::rL),
                mean(pass.errors(), PairErrors::implicitAccuracy),
                mean(pass.gradients(), PairGradient::factor),
                mean(pass.gradients(), PairGradient::lambda),
                norm,
                learningRate,
                applied);
    }

    private static <T> double mean(List<T> items, ToDoubleFunction<T> measure) {
        return items.stream().mapToDouble(measure).average().orElseThrow();
    }

    /** The batch as the network sees it, every draw addressed by step and image. */
    private NoisedPairs draw(long step, List<TrainingPair> pairs) {
        boolean shared = objective.pairsShareNoise();
        List<Boolean> mirrored = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        List<NoiseLevel> levels = new ArrayList<>();
        List<NoiseLevel> rejectedLevels = new ArrayList<>();
        List<Long> noise = new ArrayList<>();
        List<Long> rejectedNoise = new ArrayList<>();
        List<Long> posterior = new ArrayList<>();
        List<Long> rejectedPosterior = new ArrayList<>();
        for (TrainingPair pair : pairs) {
            String id = pair.imageId();
            mirrored.add(randomness.uniform(Purpose.FLIP, step, id, 0) < settings.flip());
            texts.add(
                    randomness.uniform(Purpose.CAPTION_DROPOUT, step, id, 0) < settings.captionDropout()
                            ? ""
                            : pair.caption());
            int half = shared ? 0 : 1;
            levels.add(trainingLevel(step, id, 0));
            rejectedLevels.add(trainingLevel(step, id, half));
            noise.add(randomness.bits(Purpose.NOISE, step, id, 0));
            rejectedNoise.add(randomness.bits(Purpose.NOISE, step, id, half));
            posterior.add(randomness.bits(Purpose.POSTERIOR, step, id, 0));
            rejectedPosterior.add(randomness.bits(Purpose.POSTERIOR, step, id, 1));
        }
        levels.addAll(rejectedLevels);
        noise.addAll(rejectedNoise);
        posterior.addAll(rejectedPosterior);
        return noised(pairs, mirrored, texts, levels, noise, posterior);
    }

    /**
     * The noise level a sample trains at: uniform in diffusion; in flow matching the shifted level at index floor(1000 q),
     * q = sigmoid of a standard normal (Esser et al. 2024, arXiv 2403.03206).
     */
    private NoiseLevel trainingLevel(long step, String imageId, int half) {
        NoiseSchedule schedule = model.schedule();
        if (schedule instanceof FlowSchedule) {
            double normal = randomness.normal(Purpose.TIMESTEP, step, imageId, 2 * half);
            double q = 1 / (1 + StrictMath.exp(-normal));
            return schedule.level(Math.min((int) (q * schedule.size()), schedule.size() - 1));
        }
        return schedule.level(randomness.below(schedule.size(), Purpose.TIMESTEP, step, imageId, 2 * half));
    }

    /** Builds (2B, C, H, W): preferred halves first. */
    private NoisedPairs noised(
            List<TrainingPair> pairs,
            List<Boolean> mirrored,
            List<String> texts,
            List<NoiseLevel> levels,
            List<Long> noiseSeeds,
            List<Long> posteriorSeeds) {
        Tensor clean = latents(images(pairs, mirrored), keys(pairs, mirrored), posteriorSeeds);
        long[] one = clean.shape();
        one[0] = 1;
        Tensor noise = Ops.concatenate(
                noiseSeeds.stream().map(seed -> Tensor.randn(seed, one)).toList(), 0);
        List<String> both = new ArrayList<>(texts);
        both.addAll(texts);
        return NoisedPairs.of(
                clean,
                noise.to(model.denoiser().device()),
                levels,
                model.schedule().prediction(),
                captions.batch(both));
    }

    /** What the denoiser works on: the images themselves, or one draw each from the autoencoder's posterior. */
    private Tensor latents(Tensor images, List<PosteriorCache.Key> keys, List<Long> seeds) {
        if (model.pixelSpace()) {
            return images;
        }
        Autoencoder autoencoder = model.autoencoder();
        List<Tensor> latents = new ArrayList<>();
        for (int i = 0; i < seeds.size(); i++) {
            Tensor image = images.slice(0, i, i + 1);
            PosteriorCache.Key key = keys.get(i);
            long seed = seeds.get(i);
            latents.add(TensorScope.of(() -> {
                Posterior posterior = posteriors.get(key, () -> autoencoder.encode(image));
                return autoencoder.scaled(
                        posterior.sample(Tensor.randn(seed, posterior.mean().shape())));
            }));
        }
        return Ops.concatenate(latents, 0);
    }

    /** What {@link #images} shows, by content. */
    private static List<PosteriorCache.Key> keys(List<TrainingPair> pairs, List<Boolean> mirrored) {
        List<PosteriorCache.Key> keys = new ArrayList<>(2 * pairs.size());
        for (boolean rejected : new boolean[] {false, true}) {
            for (int i = 0; i < pairs.size(); i++) {
                keys.add(new PosteriorCache.Key(pairs.get(i).digest(), rejected, mirrored.get(i)));
            }
        }
        return keys;
    }

    /** How encoded captions were reused. */
    public CacheUse captionUse() {
        return captions.use();
    }

    /** How encoded images were reused; nothing is encoded where the model works on pixels. */
    public CacheUse posteriorUse() {
        return posteriors.use();
    }

    /** Pixels in [-1, 1], (2B, 3, H, W). */
    private Tensor images(List<TrainingPair> pairs, List<Boolean> mirrored) {
        Pixels first = pairs.get(0).preferred();
        int elements = first.elements();
        float[] numbers = new float[2 * pairs.size() * elements];
        for (int i = 0; i < pairs.size(); i++) {
            pairs.get(i).preferred().normalise(numbers, i * elements, mirrored.get(i));
            pairs.get(i).rejected().normalise(numbers, (pairs.size() + i) * elements, mirrored.get(i));
        }
        return Tensor.of(numbers, 2L * pairs.size(), Pixels.CHANNELS, first.height(), first.width())
                .to(model.denoiser().device());
    }

    // ---- the held-out set -----------------------------------------------------------------------------------------

    @Override
    public Optional<HeldOutMeasure> measure(List<TrainingPair> heldOut) {
        if (heldOut.isEmpty()) {
            return Optional.empty();
        }
        List<PairErrors> errors = new ArrayList<>();
        List<HeldOutErrors.Measurement> measurements = new ArrayList<>();
        for (int slot = 0; slot < settings.heldOutTimesteps(); slot++) {
            for (int start = 0; start < heldOut.size(); start += HELD_OUT_BATCH) {
                List<TrainingPair> pairs = heldOut.subList(start, Math.min(start + HELD_OUT_BATCH, heldOut.size()));
                try (TensorScope scope = TensorScope.open()) {
                    NoisedPairs noised = heldOut(pairs, slot);
                    double[] references = referenceErrors.of(
                            referenceDigest,
                            slot,
                            pairs,
                            () -> PreferencePass.squaredErrors(model.denoiser(), reference, noised));
                    List<PairErrors> measured = PreferencePass.measure(model.denoiser(), average, noised, references);
                    errors.addAll(measured);
                    for (int i = 0; i < pairs.size(); i++) {
                        PairErrors e = measured.get(i);
                        measurements.add(new HeldOutErrors.Measurement(
                                pairs.get(i).imageId(),
                                slot,
                                noised.levels().get(i).timestep(),
                                e.mW(),
                                e.mL(),
                                e.rW(),
                                e.rL()));
                    }
                }
            }
        }
        return Optional.of(new HeldOutMeasure(
                heldOut.size(),
                mean(errors, PairErrors::mW),
                mean(errors, PairErrors::mL),
                mean(errors, PairErrors::rW),
                mean(errors, PairErrors::rL),
                mean(errors, PairErrors::implicitAccuracy),
                HeldOutErrors.of(measurements)));
    }

    /** Held-out pairs at their fixed noise and at one of their fixed timesteps, spread evenly over the schedule. */
    private NoisedPairs heldOut(List<TrainingPair> pairs, int slot) {
        List<Boolean> mirrored = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        List<NoiseLevel> levels = new ArrayList<>();
        List<Long> noise = new ArrayList<>();
        List<Long> posterior = new ArrayList<>();
        List<Long> rejectedPosterior = new ArrayList<>();
        NoiseSchedule schedule = model.schedule();
        for (TrainingPair pair : pairs) {
            double within = randomness.uniform(Purpose.HELD_OUT_TIMESTEP, 0, pair.imageId(), slot);
            levels.add(schedule.level((int) ((slot + within) / settings.heldOutTimesteps() * schedule.size())));
            noise.add(randomness.bits(Purpose.HELD_OUT_NOISE, 0, pair.imageId(), slot));
            posterior.add(randomness.bits(Purpose.HELD_OUT_POSTERIOR, 0, pair.imageId(), 0));
            rejectedPosterior.add(randomness.bits(Purpose.HELD_OUT_POSTERIOR, 0, pair.imageId(), 1));
            mirrored.add(false);
            texts.add(pair.caption());
        }
        levels.addAll(List.copyOf(levels));
        noise.addAll(List.copyOf(noise));
        posterior.addAll(rejectedPosterior);
        return noised(pairs, mirrored, texts, levels, noise, posterior);
    }

    // ---- files ----------------------------------------------------------------------------------------------------

    @Override
    public void save(Path folder) throws IOException {
        saveAdapter(policy, folder.resolve(CheckpointLayout.ADAPTER));
        saveAdapter(average, folder.resolve(CheckpointLayout.EMA));
        saveAdapter(reference, folder.resolve(CheckpointLayout.REFERENCE));
        SafeTensors.write(folder.resolve(CheckpointLayout.OPTIMIZER), optimizer.exportState(), Map.of());
    }

    /** Values as they are trained, with alpha beside them: folding alpha into them would change what a resumed run holds. */
    private static void saveAdapter(LoraAdapter adapter, Path file) {
        try (TensorScope scope = TensorScope.open()) {
            SafeTensors.write(file, tensors(adapter), FILE_METADATA);
        }
    }

    private static String digest(LoraAdapter adapter) {
        MessageDigest sha256 = Sha256.digest();
        try (TensorScope scope = TensorScope.open();
                WritableByteChannel into =
                        Channels.newChannel(new DigestOutputStream(OutputStream.nullOutputStream(), sha256))) {
            SafeTensors.write(into, tensors(adapter), FILE_METADATA);
        } catch (IOException e) {
            throw new UncheckedIOException("a digest is always writable", e);
        }
        return Sha256.hex(sha256);
    }

    private static Map<String, Tensor> tensors(LoraAdapter adapter) {
        Map<String, Tensor> tensors = new TreeMap<>(adapter.parameters());
        if (adapter.alpha() != adapter.rank()) {
            adapter.layers()
                    .keySet()
                    .forEach(path ->
                            tensors.put(adapter.prefix() + "." + path + ".alpha", Tensor.scalar(adapter.alpha())));
        }
        return tensors;
    }

    @Override
    public void load(Path folder) throws IOException {
        try {
            loadAdapter(policy, folder.resolve(CheckpointLayout.ADAPTER));
            loadAdapter(average, folder.resolve(CheckpointLayout.EMA));
            loadAdapter(reference, folder.resolve(CheckpointLayout.REFERENCE));
            referenceDigest = digest(reference);
            try (TensorScope scope = TensorScope.open();
                    SafeTensors state = SafeTensors.open(folder.resolve(CheckpointLayout.OPTIMIZER))) {
                Map<String, Tensor> tensors = new HashMap<>();
                state.entries().keySet().forEach(name -> tensors.put(name, state.load(name)));
                optimizer.importState(tensors);
            }
        } catch (ModelFormatException | IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private void loadAdapter(LoraAdapter into, Path file) {
        try (LoraAdapter loaded = LoraFiles.load(file, model.denoiser())) {
            into.assign(loaded);
        }
    }

    @Override
    public void close() {
        optimizer.close();
        policy.close();
        average.close();
        reference.close();
        captions.close();
        posteriors.close();
    }
}
