package dev.realalign.trainer.learn;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.AdapterConfig;
import dev.realalign.diffusion.lora.AdapterFiles;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.optim.AdamW;
import dev.realalign.diffusion.schedule.FlowSchedule;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.NoiseSchedule;
import dev.realalign.diffusion.tensor.Autograd;
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
import dev.realalign.trainer.objective.PairErrors;
import dev.realalign.trainer.objective.PairGradient;
import dev.realalign.trainer.plan.Purpose;
import dev.realalign.trainer.plan.Randomness;
import dev.realalign.trainer.stage.ObjectiveChoice;
import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import dev.realalign.trainer.stage.Stage;
import dev.realalign.trainer.stage.StageMark;
import dev.realalign.trainer.stage.StageProgress;
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
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Trains an adapter of a diffusion model, low-rank or full, stage after stage. Policy, moving average, reference and the lagged policy
 * that some objectives sample from or compare with are adapters on one network. All tensors live and die on the thread
 * that calls.
 */
public final class DiffusionLearner implements Learner {
    /** Held-out pairs measured at once. */
    private static final int HELD_OUT_BATCH = 8;

    private static final Map<String, String> FILE_METADATA = Map.of("format", "pt");

    private final DiffusionModel model;
    private final LearnerSettings settings;
    private final Randomness randomness;
    private final Trajectories trajectories;
    private final CaptionCache captions;
    private final PosteriorCache posteriors;
    private final ReferenceErrors referenceErrors = new ReferenceErrors();
    private final Adapter policy;
    private final Adapter average;
    private final Adapter reference;
    private final Adapter lagged;
    private final Replicas replicas;
    private AdamW optimizer;
    private StageProgress progress;
    private String referenceDigest;
    /** Whether the reference changes nothing. */
    private boolean plainReference;

    /**
     * A learner at step 0: its adapter changes nothing yet and its reference is that adapter.
     *
     * @param model stays the caller's; nothing else may use it at the same time. It lies on the first of the settings'
     *     devices
     */
    public DiffusionLearner(DiffusionModel model, LearnerSettings settings) {
        this.model = model;
        this.settings = settings;
        this.randomness = new Randomness(settings.runSeed());
        this.trajectories =
                new Trajectories(model.schedule(), settings.sampler().steps());
        this.captions = new CaptionCache(model, settings.captionCache());
        this.posteriors = new PosteriorCache(settings.posteriorCacheBytes());
        this.policy = untrained();
        this.average = policy.copy();
        this.reference = policy.copy();
        this.lagged = policy.copy();
        this.replicas =
                new Replicas(new Replica(model.denoiser(), policy, average, reference, lagged), settings.engine());
        this.progress = StageProgress.BEGINNING;
        this.referenceDigest = digest(reference);
        this.plainReference = true;
        this.optimizer = new AdamW(policy.parameters(), settings.optimizer());
    }

    /** The adapter of step 0, which changes nothing. */
    private Adapter untrained() {
        return settings.adapter().create(model.denoiser(), randomness.bits(Purpose.ADAPTER, 0, "", 0));
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
        AdapterConfig config = settings.adapter();
        return config instanceof LoraConfig lora
                ? AdapterShape.lora(lora.rank(), lora.alpha(), lora.targets())
                : AdapterShape.full(config.targets());
    }

    @Override
    public ObjectiveSettings objective() {
        ObjectiveSettings description = stage().objective().description();
        Map<String, String> described = new TreeMap<>(description.settings());
        described.put(
                "stage", progress.stage() + " of " + settings.stages().stages().size());
        described.put("learning_rate", stage().rate().toString());
        described.put("reference", stage().reference().toString());
        return new ObjectiveSettings(description.name(), description.betaConvention(), described);
    }

    @Override
    public OptionalDouble factorMinimum() {
        return stage().objective().factorMinimum(model.schedule().prediction());
    }

    @Override
    public long runSeed() {
        return settings.runSeed();
    }

    @Override
    public String referenceDigest() {
        return referenceDigest;
    }

    // ---- stages ---------------------------------------------------------------------------------------------------

    @Override
    public StageMark stageMark() {
        return settings.stages().mark(progress.stage());
    }

    @Override
    public Optional<String> stageEnd() {
        return stage().end(progress.steps(), progress.growth());
    }

    /**
     * The stage begins from what the one before would publish, its moving average, as the published trainings do; with a
     * new optimizer and, by its rule, a new reference.
     */
    @Override
    public void enterStage(int number, long step) {
        settings.stages().stage(number); // refuses a number beyond the plan
        long referenceStep = progress.referenceStep();
        progress = progress.entered(number, step);
        policy.assign(average);
        lagged.assign(average);
        optimizer.close();
        optimizer = new AdamW(policy.parameters(), settings.optimizer());
        switch (stage().reference().start()) {
            case PREVIOUS, ACCEPTED -> refresh(average);
            case BASE -> {
                try (Adapter base = untrained()) {
                    refresh(base);
                }
            }
            case KEPT -> progress = progress.withReferenceStep(referenceStep);
        }
    }

    private Stage stage() {
        return settings.stages().stage(progress.stage());
    }

    @Override
    public long referenceStep() {
        return progress.referenceStep();
    }

    @Override
    public OptionalLong followedReference() {
        return stage().reference().followsAccepted() ? OptionalLong.of(progress.referenceStep()) : OptionalLong.empty();
    }

    @Override
    public void refreshReference(Path folder, long step) throws IOException {
        try {
            loadAdapter(reference, folder.resolve(CheckpointLayout.EMA));
        } catch (ModelFormatException | IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
        referenceChanged();
        progress = progress.withReferenceStep(step);
    }

    private void refresh(Adapter to) {
        reference.assign(to);
        referenceChanged();
    }

    /** What the stage's rules ask for after a step: the next one finds its references as its plan names them. */
    private void refreshAfter(long step) {
        Stage stage = stage();
        if (progress.steps() % stage.refreshSteps() == 0) {
            lagged.assign(policy);
            progress = progress.withLaggedStep(step);
            if (stage.objective().kind() == Kind.SPIN) {
                refresh(policy);
                progress = progress.withReferenceStep(step);
            }
        }
        if (stage.reference().mixesAfter(progress.steps())) {
            reference.average(policy, 1 - stage.reference().mixShare());
            referenceChanged();
            progress = progress.withReferenceStep(step);
        }
    }

    private void referenceChanged() {
        referenceDigest = digest(reference);
        plainReference = changeNorm(reference) == 0;
    }

    // ---- a step ---------------------------------------------------------------------------------------------------

    @Override
    public StepMetrics step(long step, List<TrainingPair> pairs) {
        Stage stage = stage();
        double learningRate = stage.rate().at(progress.steps() + 1, stage.steps());
        try (TensorScope scope = TensorScope.open()) {
            replicas.follow();
            PreferencePass pass = backward(stage.objective(), draw(step, pairs, stage.objective()));
            double norm = optimizer.clip(settings.clipNorm());
            boolean applied = Double.isFinite(pass.loss()) && Double.isFinite(norm);
            if (applied) {
                optimizer.step(learningRate);
                cap();
            }
            optimizer.clear();
            if (step % settings.averageEvery() == 0) {
                average.average(policy, settings.averageDecay(step / settings.averageEvery()));
            }
            StepMetrics metrics = metrics(pairs, pass, norm, learningRate, changeNorm(policy), applied);
            progress = progress.after(stage.averaged(progress.growth(), -metrics.dW()));
            refreshAfter(step);
            return metrics;
        }
    }

    private PreferencePass backward(ObjectiveChoice choice, NoisedPairs batch) {
        int micro = settings.microPairs() == 0 ? batch.pairs() : settings.microPairs();
        ReplicatedPass pass = new ReplicatedPass(replicas, micro, plainReference);
        return choice.kind() == Kind.NFT
                ? pass.backward(choice.nft(), batch)
                : pass.backward(choice.objective(model.schedule().prediction()), choice.safeguards(), batch);
    }

    /** Shrinks the matrices that began at zero together to the largest norm they may have. */
    private void cap() {
        double norm = settings.normCap() == 0 ? 0 : changeNorm(policy);
        if (norm > settings.normCap()) {
            Autograd.withoutGrad(() -> Ops.scaleAllInPlace(policy.zeroAtStart(), settings.normCap() / norm));
        }
    }

    /** 2-norm of the matrices together that are zero before training. */
    private static double changeNorm(Adapter adapter) {
        try (TensorScope scope = TensorScope.open()) {
            return Ops.totalNorm(adapter.zeroAtStart()).item();
        }
    }

    private static StepMetrics metrics(
            List<TrainingPair> pairs,
            PreferencePass pass,
            double norm,
            double learningRate,
            double adapterNorm,
            boolean applied) {
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
                adapterNorm,
                applied,
                KindMetrics.byKind(kinds(pairs), pass.errors(), pass.gradients()));
    }

    private static List<String> kinds(List<TrainingPair> pairs) {
        return pairs.stream().map(TrainingPair::kind).toList();
    }

    private static <T> double mean(List<T> items, ToDoubleFunction<T> measure) {
        return items.stream().mapToDouble(measure).average().orElseThrow();
    }

    /** The batch as the network sees it, every draw addressed by step and image. */
    private NoisedPairs draw(long step, List<TrainingPair> pairs, ObjectiveChoice choice) {
        return switch (choice.kind()) {
            case DRO -> drawTrajectoryPoints(step, pairs);
            case SPIN -> drawSelfPlay(step, pairs);
            case KTO, NFT -> drawPairs(step, pairs, false);
            case DPO, SFT, IPO, HINGE, MAPO -> drawPairs(step, pairs, true);
        };
    }

    /**
     * The preferred halves at fresh noise, and in the rejected halves' place points of the lagged policy's trajectories at
     * the same noise levels, with what the lagged policy said there as the target.
     */
    private NoisedPairs drawTrajectoryPoints(long step, List<TrainingPair> pairs) {
        List<String> texts = texts(step, pairs);
        List<String> trajectoryTexts = new ArrayList<>();
        List<Integer> phases = new ArrayList<>();
        List<Long> starts = new ArrayList<>();
        List<Trajectories.Wanted> wanted = new ArrayList<>();
        List<String> both = new ArrayList<>(texts);
        for (int i = 0; i < pairs.size(); i++) {
            String id = pairs.get(i).imageId();
            if (i % settings.sampler().pointsPerTrajectory() == 0) {
                trajectoryTexts.add(texts.get(i));
                phases.add(randomness.below(trajectories.stride(), Purpose.TRAJECTORY, step, id, 0));
                starts.add(randomness.bits(Purpose.TRAJECTORY_NOISE, step, id, 0));
            }
            both.add(trajectoryTexts.get(trajectoryTexts.size() - 1));
            wanted.add(new Trajectories.Wanted(
                    trajectoryTexts.size() - 1,
                    randomness.below(trajectories.steps(), Purpose.TRAJECTORY, step, id, 1)));
        }
        Tensor clean = preferredLatents(step, pairs);
        Trajectories.Points points = points(trajectoryTexts, noise(starts, clean), phases, wanted);
        NoisedPairs real = NoisedPairs.of(
                clean,
                noise(seeds(Purpose.NOISE, step, pairs, 0), clean),
                points.levels(),
                model.schedule().prediction(),
                captions.batch(texts));
        NoisedPairs sampled = new NoisedPairs(
                points.noisy(), real.timesteps(), points.output(), real.conditioning(), points.levels());
        return NoisedPairs.joined(real, sampled, captions.batch(both));
    }

    /** Points of the lagged policy's trajectories, each replica walking some of these; in the caller's scope. */
    private Trajectories.Points points(
            List<String> texts, Tensor start, List<Integer> phases, List<Trajectories.Wanted> wanted) {
        record Part(Conditioning conditioning, Tensor start, List<Integer> phases, List<Trajectories.Wanted> wanted) {}
        List<Replicas.Share> shares = replicas.shares(phases.size());
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < shares.size(); i++) {
            int from = shares.get(i).from();
            int to = shares.get(i).to();
            parts.add(new Part(
                    captions.batch(texts.subList(from, to)).to(replicas.device(i)),
                    start.slice(0, from, to).to(replicas.device(i)),
                    phases.subList(from, to),
                    wanted.stream()
                            .filter(point -> from <= point.trajectory() && point.trajectory() < to)
                            .map(point -> new Trajectories.Wanted(point.trajectory() - from, point.evaluation()))
                            .toList()));
        }
        List<Trajectories.Points> walked = replicas.map(parts, (replica, part) -> {
            Trajectories.Points points = trajectories.points(
                    replica.denoiser(),
                    replica.lagged(),
                    part.conditioning(),
                    part.start(),
                    part.phases(),
                    part.wanted());
            return new Trajectories.Points(
                    points.noisy().unscoped(), points.output().unscoped(), points.levels());
        });
        return new Trajectories.Points(
                joined(walked.stream().map(Trajectories.Points::noisy).toList()),
                joined(walked.stream().map(Trajectories.Points::output).toList()),
                walked.stream().flatMap(points -> points.levels().stream()).toList());
    }

    /** Samples of the reference, each replica drawing some of them; in the caller's scope. */
    private Tensor samples(List<String> texts, Tensor start, List<Integer> phases) {
        record Part(Conditioning conditioning, Tensor start, List<Integer> phases) {}
        List<Replicas.Share> shares = replicas.shares(phases.size());
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < shares.size(); i++) {
            int from = shares.get(i).from();
            int to = shares.get(i).to();
            parts.add(new Part(
                    captions.batch(texts.subList(from, to)).to(replicas.device(i)),
                    start.slice(0, from, to).to(replicas.device(i)),
                    phases.subList(from, to)));
        }
        return joined(replicas.map(parts, (replica, part) -> trajectories
                .samples(replica.denoiser(), replica.reference(), part.conditioning(), part.start(), part.phases())
                .unscoped()));
    }

    /** What replicas made, one after another on the learner's device; frees it. */
    private Tensor joined(List<Tensor> parts) {
        Tensor joined = Ops.concatenate(
                parts.stream().map(part -> part.to(model.denoiser().device())).toList(), 0);
        parts.forEach(Tensor::close);
        return joined;
    }

    /** The preferred halves against samples of the iterate before, which the reference is, under the same captions. */
    private NoisedPairs drawSelfPlay(long step, List<TrainingPair> pairs) {
        List<String> texts = texts(step, pairs);
        List<NoiseLevel> levels = new ArrayList<>();
        List<Integer> phases = new ArrayList<>();
        for (TrainingPair pair : pairs) {
            levels.add(trainingLevel(step, pair.imageId(), 0));
            phases.add(randomness.below(trajectories.stride(), Purpose.TRAJECTORY, step, pair.imageId(), 0));
        }
        Tensor clean = preferredLatents(step, pairs);
        Tensor noise = noise(seeds(Purpose.NOISE, step, pairs, 0), clean);
        Tensor start = noise(seeds(Purpose.TRAJECTORY_NOISE, step, pairs, 0), clean);
        Tensor sampled = samples(texts, start, phases);
        List<String> both = new ArrayList<>(texts);
        both.addAll(texts);
        levels.addAll(List.copyOf(levels));
        return NoisedPairs.of(
                Ops.concatenate(List.of(clean, model.pixelSpace() ? sampled.clamp(-1, 1) : sampled), 0),
                Ops.concatenate(List.of(noise, noise), 0),
                levels,
                model.schedule().prediction(),
                captions.batch(both));
    }

    private List<Long> seeds(Purpose purpose, long step, List<TrainingPair> pairs, int slot) {
        return pairs.stream()
                .map(pair -> randomness.bits(purpose, step, pair.imageId(), slot))
                .toList();
    }

    /** The captions a step trains with, some of them dropped. */
    private List<String> texts(long step, List<TrainingPair> pairs) {
        return pairs.stream()
                .map(pair ->
                        randomness.uniform(Purpose.CAPTION_DROPOUT, step, pair.imageId(), 0) < settings.captionDropout()
                                ? ""
                                : pair.caption())
                .toList();
    }

    private List<Boolean> mirrored(long step, List<TrainingPair> pairs) {
        return pairs.stream()
                .map(pair -> randomness.uniform(Purpose.FLIP, step, pair.imageId(), 0) < settings.flip())
                .toList();
    }

    private Tensor preferredLatents(long step, List<TrainingPair> pairs) {
        List<Boolean> mirrored = mirrored(step, pairs);
        return latents(
                images(pairs, mirrored).slice(0, 0, pairs.size()),
                keys(pairs, mirrored).subList(0, pairs.size()),
                seeds(Purpose.POSTERIOR, step, pairs, 0));
    }

    /** Standard normal noise, one sample a seed, of the shape of other samples. */
    private Tensor noise(List<Long> seeds, Tensor like) {
        long[] one = like.shape();
        one[0] = 1;
        return Ops.concatenate(
                        seeds.stream().map(seed -> Tensor.randn(seed, one)).toList(), 0)
                .to(model.denoiser().device());
    }

    private NoisedPairs drawPairs(long step, List<TrainingPair> pairs, boolean shared) {
        List<NoiseLevel> levels = new ArrayList<>();
        List<NoiseLevel> rejectedLevels = new ArrayList<>();
        List<Long> noise = new ArrayList<>();
        List<Long> rejectedNoise = new ArrayList<>();
        List<Long> posterior = new ArrayList<>();
        List<Long> rejectedPosterior = new ArrayList<>();
        for (TrainingPair pair : pairs) {
            String id = pair.imageId();
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
        return noised(pairs, mirrored(step, pairs), texts(step, pairs), levels, noise, posterior);
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
        List<String> both = new ArrayList<>(texts);
        both.addAll(texts);
        return NoisedPairs.of(
                clean, noise(noiseSeeds, clean), levels, model.schedule().prediction(), captions.batch(both));
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
        replicas.follow();
        List<HeldOutBatch> batches = new ArrayList<>();
        for (int slot = 0; slot < settings.heldOutTimesteps(); slot++) {
            for (int start = 0; start < heldOut.size(); start += HELD_OUT_BATCH) {
                batches.add(new HeldOutBatch(
                        slot, heldOut.subList(start, Math.min(start + HELD_OUT_BATCH, heldOut.size()))));
            }
        }
        List<PairErrors> errors = new ArrayList<>();
        List<String> kinds = new ArrayList<>();
        List<HeldOutErrors.Measurement> measurements = new ArrayList<>();
        for (int first = 0; first < batches.size(); first += replicas.size()) {
            List<HeldOutBatch> some = batches.subList(first, Math.min(first + replicas.size(), batches.size()));
            try (TensorScope scope = TensorScope.open()) {
                List<MeasuredBatch> measured = measureAtOnce(some);
                for (int i = 0; i < some.size(); i++) {
                    errors.addAll(measured.get(i).errors());
                    kinds.addAll(kinds(some.get(i).pairs()));
                    measurements.addAll(measurements(some.get(i), measured.get(i)));
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
                HeldOutErrors.of(measurements),
                KindMetrics.byKind(kinds, errors, List.of())));
    }

    /**
     * Held-out pairs that are measured together.
     *
     * @param slot at which of their noises and timesteps
     */
    private record HeldOutBatch(int slot, List<TrainingPair> pairs) {}

    /**
     * What was measured of a batch.
     *
     * @param references squared errors of the reference's samples
     */
    private record MeasuredBatch(List<NoiseLevel> levels, double[] references, List<PairErrors> errors) {}

    /** Measures batches, each on a replica of its own: in another batch the last bits of a sum may be others. */
    private List<MeasuredBatch> measureAtOnce(List<HeldOutBatch> batches) {
        record Part(NoisedPairs noised, double @Nullable [] references) {}
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < batches.size(); i++) {
            HeldOutBatch batch = batches.get(i);
            parts.add(new Part(
                    heldOut(batch.pairs(), batch.slot()).to(replicas.device(i)),
                    referenceErrors.of(referenceDigest, batch.slot(), batch.pairs())));
        }
        List<MeasuredBatch> measured = replicas.map(parts, (replica, part) -> {
            double[] known = part.references();
            double[] references = known != null
                    ? known
                    : PreferencePass.squaredErrors(replica.denoiser(), replica.reference(), part.noised());
            return new MeasuredBatch(
                    part.noised().levels(),
                    references,
                    PreferencePass.measure(replica.denoiser(), replica.average(), part.noised(), references));
        });
        for (int i = 0; i < batches.size(); i++) {
            referenceErrors.keep(
                    batches.get(i).slot(),
                    batches.get(i).pairs(),
                    measured.get(i).references());
        }
        return measured;
    }

    private static List<HeldOutErrors.Measurement> measurements(HeldOutBatch batch, MeasuredBatch measured) {
        List<HeldOutErrors.Measurement> measurements = new ArrayList<>();
        for (int i = 0; i < batch.pairs().size(); i++) {
            PairErrors e = measured.errors().get(i);
            measurements.add(new HeldOutErrors.Measurement(
                    batch.pairs().get(i).imageId(),
                    batch.slot(),
                    measured.levels().get(i).timestep(),
                    e.mW(),
                    e.mL(),
                    e.rW(),
                    e.rL()));
        }
        return measurements;
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
        if (keepsLagged()) {
            saveAdapter(lagged, folder.resolve(CheckpointLayout.LAGGED));
        }
        SafeTensors.write(folder.resolve(CheckpointLayout.OPTIMIZER), optimizer.exportState(), progress.metadata());
    }

    /** Whether the stage looks back at an older policy; its samples come again from that and the seed. */
    private boolean keepsLagged() {
        Kind kind = stage().objective().kind();
        return kind == Kind.DRO || kind == Kind.NFT;
    }

    private static void saveAdapter(Adapter adapter, Path file) {
        try (TensorScope scope = TensorScope.open()) {
            SafeTensors.write(file, AdapterFiles.trained(adapter), FILE_METADATA);
        }
    }

    private static String digest(Adapter adapter) {
        MessageDigest sha256 = Sha256.digest();
        try (TensorScope scope = TensorScope.open();
                WritableByteChannel into =
                        Channels.newChannel(new DigestOutputStream(OutputStream.nullOutputStream(), sha256))) {
            SafeTensors.write(into, AdapterFiles.trained(adapter), FILE_METADATA);
        } catch (IOException e) {
            throw new UncheckedIOException("a digest is always writable", e);
        }
        return Sha256.hex(sha256);
    }

    @Override
    public void load(Path folder) throws IOException {
        try {
            loadAdapter(policy, folder.resolve(CheckpointLayout.ADAPTER));
            loadAdapter(average, folder.resolve(CheckpointLayout.EMA));
            loadAdapter(reference, folder.resolve(CheckpointLayout.REFERENCE));
            referenceChanged();
            try (TensorScope scope = TensorScope.open();
                    SafeTensors state = SafeTensors.open(folder.resolve(CheckpointLayout.OPTIMIZER))) {
                Map<String, Tensor> tensors = new HashMap<>();
                state.entries().keySet().forEach(name -> tensors.put(name, state.load(name)));
                optimizer.importState(tensors);
                progress = StageProgress.of(state.metadata());
            }
            if (progress.stage() > settings.stages().stages().size()) {
                throw new IOException("it is in stage " + progress.stage() + " of its plan, and the plan has "
                        + settings.stages().stages().size() + " now");
            }
            if (keepsLagged()) {
                loadAdapter(lagged, folder.resolve(CheckpointLayout.LAGGED));
            }
        } catch (ModelFormatException | IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private void loadAdapter(Adapter into, Path file) {
        try (Adapter loaded = AdapterFiles.load(file, model.denoiser())) {
            into.assign(loaded);
        }
    }

    @Override
    public void close() {
        replicas.close();
        optimizer.close();
        policy.close();
        average.close();
        reference.close();
        lagged.close();
        captions.close();
        posteriors.close();
    }
}
