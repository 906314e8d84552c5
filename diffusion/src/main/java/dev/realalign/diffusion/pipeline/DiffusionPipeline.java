package dev.realalign.diffusion.pipeline;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.SamplingPlan;
import dev.realalign.diffusion.schedule.Scheduler;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.vae.Autoencoder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Pictures from prompts, from pictures, and into masks, with any denoiser: Stable Diffusion's U-Nets, SD3's transformer,
 * pixel-space networks.
 *
 * <p>Pictures are (B, 3, H, W) from -1 to 1 in F32. Latents are (B, C, h, w). Used by one thread at a time, like the
 * networks.
 */
public final class DiffusionPipeline {

    private final Denoiser denoiser;
    private final Autoencoder autoencoder;
    private final Function<List<String>, Conditioning> prompts;
    private final Scheduler scheduler;

    /** Draws with a model and the sampler its folder names; the model stays the caller's. */
    public DiffusionPipeline(DiffusionModel model) {
        this(model, model.scheduler());
    }

    /** Draws with another sampler, of the same schedule. */
    public DiffusionPipeline(DiffusionModel model, Scheduler scheduler) {
        this(model.denoiser(), model.autoencoder(), model::encodePrompts, scheduler);
    }

    /**
     * Draws with single parts, which stay the caller's.
     *
     * @param prompts prompts to conditioning of as many samples, in the caller's scope
     * @param scheduler the sampler; it must belong to the schedule the denoiser was trained with
     */
    public DiffusionPipeline(
            Denoiser denoiser,
            Autoencoder autoencoder,
            Function<List<String>, Conditioning> prompts,
            Scheduler scheduler) {
        this.denoiser = denoiser;
        this.autoencoder = autoencoder;
        this.prompts = prompts;
        this.scheduler = scheduler;
    }

    /** Height and width of a picture must be multiples of this. */
    public int sizeFactor() {
        return autoencoder.factor() * denoiser.sizeFactor();
    }

    /** Height and width of the pictures the model was trained at. */
    public int nativeSize() {
        return autoencoder.factor() * denoiser.nativeSize();
    }

    /** Whether the network sees mask and masked picture beside the sample, as Stable Diffusion's inpainting U-Net does. */
    public boolean hasMaskChannels() {
        return denoiser.inChannels() == 2 * denoiser.outChannels() + 1;
    }

    /**
     * Draws pictures from noise.
     *
     * @return (B, 3, H, W) in the caller's scope
     * @throws RequestException listing everything the model cannot do about the request
     */
    public Tensor textToImage(SamplingRequest request) {
        List<String> problems = problems(request);
        if (hasMaskChannels()) {
            problems.add("this network paints into masks; give a picture and a mask");
        }
        SamplingPlan plan = plan(request, 1, problems);
        return inBatches(request, plan, (part, from, to) -> {
            SeededNoise noise = noise(part, height(request), width(request));
            return sample(part, plan, noise, noise.initial().mul(plan.initialScale()), null, null);
        });
    }

    /**
     * Draws over pictures (SDEdit, Meng et al. 2021, arXiv 2108.01073): noise is added to them and taken away again.
     *
     * @param images one per prompt; their size is that of the result
     * @param strength share of the steps that is run, above 0 to 1; the larger, the less is left of the picture
     * @return (B, 3, H, W) in the caller's scope
     * @throws RequestException listing everything the model cannot do about the request
     */
    public Tensor imageToImage(SamplingRequest request, Tensor images, double strength) {
        SamplingRequest sized = sizedAs(images, request);
        List<String> problems = problems(sized);
        if (hasMaskChannels()) {
            problems.add("this network paints into masks; give a mask");
        }
        SamplingPlan plan = plan(sized, strength, problems);
        return inBatches(sized, plan, (part, from, to) -> {
            SeededNoise noise = noise(part, images.size(2), images.size(3));
            Tensor clean = latents(images.slice(0, from, to), noise.ofPosterior());
            return sample(part, plan, noise, noised(clean, noise.initial(), plan), null, null);
        });
    }

    /**
     * Draws into masks.
     *
     * @param images one per prompt; their size is that of the result
     * @param masks (B, 1, H, W), drawn anew where 0.5 or more
     * @param strength share of the steps that is run; 1 draws from noise alone
     * @param pasteBack whether pixels outside the mask are exactly those of the picture; without it they have gone
     *     through the autoencoder
     * @return (B, 3, H, W) in the caller's scope
     * @throws RequestException listing everything the model cannot do about the request
     */
    public Tensor inpaint(SamplingRequest request, Tensor images, Tensor masks, double strength, boolean pasteBack) {
        SamplingRequest sized = sizedAs(images, request);
        List<String> problems = problems(sized);
        checkMasks(images, masks, problems);
        SamplingPlan plan = plan(sized, strength, problems);
        return inBatches(sized, plan, (part, from, to) -> {
            Tensor image = images.slice(0, from, to).to(denoiser.device());
            Tensor mask = Ops.atLeast(masks.slice(0, from, to).to(denoiser.device()), 0.5); // (B, 1, H, W)
            Tensor drawn = inpaint(part, plan, image, mask, strength);
            return pasteBack ? Ops.where(mask.eq(Tensor.scalar(1).to(mask.device())), drawn, image) : drawn;
        });
    }

    private Tensor inpaint(SamplingRequest part, SamplingPlan plan, Tensor image, Tensor mask, double strength) {
        SeededNoise noise = noise(part, image.size(2), image.size(3));
        Tensor initial = noise.initial();
        Tensor clean = latents(image, noise.ofPosterior());
        Tensor start = strength == 1 ? initial.mul(plan.initialScale()) : noised(clean, initial, plan);
        Tensor latentMask = Ops.upsampleNearest(mask, start.size(2), start.size(3)); // (B, 1, h, w)
        if (!hasMaskChannels()) {
            return sample(part, plan, noise, start, new KeptRegion(clean, initial, latentMask), null);
        }
        Tensor kept = image.mul(mask.neg().add(1)); // grey under the mask
        Tensor masked = latents(kept, noise.ofMaskedPosterior());
        return sample(
                part, plan, noise, start, null, Ops.concatenate(List.of(latentMask, masked), 1)); // (B, 1 + C, h, w)
    }

    /**
     * One batch from its first sample to pictures.
     *
     * @param kept what is put back after each step, if anything
     * @param extraChannels what the network sees beside the sample, if anything
     */
    private Tensor sample(
            SamplingRequest part,
            SamplingPlan plan,
            SeededNoise noise,
            Tensor start,
            @Nullable KeptRegion kept,
            @Nullable Tensor extraChannels) {
        Conditioning conditioning = prompts.apply(part.prompts());
        Guidance guidance = part.guidance() <= 1
                ? Guidance.none(denoiser, conditioning)
                : Guidance.of(denoiser, conditioning, prompts.apply(part.negativePrompts()), part.guidance());
        Sampler.Listener listener = new Sampler.Listener() {
            @Override
            public Tensor updated(int i, NoiseLevel level, Tensor sample) {
                part.progress().step(i + 1, plan.size());
                return kept == null ? sample : kept.updated(i, level, sample);
            }
        };
        Guidance prediction = extraChannels == null ? guidance : guidance.withExtraChannels(extraChannels);
        Tensor latents = new Sampler(plan, prediction, noise).run(start, listener);
        return autoencoder.decode(latents).clamp(-1, 1);
    }

    private interface Part {
        Tensor draw(SamplingRequest part, int from, int to);
    }

    /** Draws batch by batch; the tensors of a batch are freed before the next. */
    private static Tensor inBatches(SamplingRequest request, SamplingPlan plan, Part drawing) {
        int count = request.prompts().size();
        int batches = (count + request.batch() - 1) / request.batch();
        return Autograd.withoutGrad(() -> TensorScope.of(() -> {
            List<Tensor> drawn = new ArrayList<>();
            for (int batch = 0; batch < batches; batch++) {
                int from = batch * request.batch();
                int to = Math.min(count, from + request.batch());
                int before = batch * plan.size();
                SamplingRequest part = request.part(
                        from, to, (done, total) -> request.progress().step(before + done, batches * plan.size()));
                drawn.add(TensorScope.of(() -> drawing.draw(part, from, to)));
            }
            return Ops.concatenate(drawn, 0);
        }));
    }

    /** Encoded pictures, scaled as the denoiser takes them. */
    private Tensor latents(Tensor images, Tensor noise) {
        return autoencoder.scaled(
                autoencoder.encode(images.to(denoiser.device())).sample(noise));
    }

    private static Tensor noised(Tensor clean, Tensor noise, SamplingPlan plan) {
        NoiseLevel first = plan.steps().get(0).level();
        return clean.mul(first.clean()).addScaled(noise, first.noise());
    }

    private SeededNoise noise(SamplingRequest part, long height, long width) {
        Device device = denoiser.device();
        int factor = autoencoder.factor();
        return new SeededNoise(part.seeds(), autoencoder.latentChannels(), height / factor, width / factor, device);
    }

    private int height(SamplingRequest request) {
        return request.height() == 0 ? nativeSize() : request.height();
    }

    private int width(SamplingRequest request) {
        return request.width() == 0 ? nativeSize() : request.width();
    }

    private SamplingPlan plan(SamplingRequest request, double strength, List<String> problems) {
        try {
            SamplingPlan plan = scheduler.plan(request.steps(), strength);
            if (problems.isEmpty()) {
                return plan;
            }
        } catch (IllegalArgumentException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
        throw new RequestException(problems);
    }

    private List<String> problems(SamplingRequest request) {
        List<String> problems = new ArrayList<>();
        int count = request.prompts().size();
        if (count == 0) {
            problems.add("there is no prompt; the empty prompt is one too");
        }
        if (request.negativePrompts().size() != count || request.seeds().size() != count) {
            problems.add(count + " prompts need as many negative prompts and seeds, not "
                    + request.negativePrompts().size() + " and "
                    + request.seeds().size());
        }
        if (request.batch() < 1) {
            problems.add("the batch must be at least 1 but is " + request.batch());
        }
        if (!Double.isFinite(request.guidance())) {
            problems.add("the guidance must be a number but is " + request.guidance());
        }
        checkSide("height", height(request), problems);
        checkSide("width", width(request), problems);
        return problems;
    }

    private void checkSide(String name, int pixels, List<String> problems) {
        int factor = sizeFactor();
        if (pixels < factor || pixels % factor != 0) {
            int below = Math.max(1, pixels / factor) * factor;
            problems.add("the " + name + " must be a multiple of " + factor + " but is " + pixels + "; use " + below
                    + (below < pixels ? " or " + (below + factor) : ""));
        }
    }

    private static SamplingRequest sizedAs(Tensor images, SamplingRequest request) {
        int count = request.prompts().size();
        if (images.rank() != 4 || images.size(0) != count || images.size(1) != 3) {
            throw new RequestException(
                    List.of(count + " prompts need pictures (" + count + ", 3, H, W), not " + images));
        }
        return request.withSize(Math.toIntExact(images.size(2)), Math.toIntExact(images.size(3)));
    }

    private static void checkMasks(Tensor images, Tensor masks, List<String> problems) {
        if (masks.rank() != 4
                || masks.size(0) != images.size(0)
                || masks.size(1) != 1
                || masks.size(2) != images.size(2)
                || masks.size(3) != images.size(3)) {
            problems.add("pictures " + images + " need masks (B, 1, H, W) of their size, not " + masks);
            return;
        }
        for (long i = 0; i < masks.size(0); i++) {
            try (TensorScope scope = TensorScope.open()) {
                if (masks.slice(0, i, i + 1).max().item() < 0.5) {
                    problems.add("mask " + i + " is empty: no pixel of it reaches 0.5");
                }
            }
        }
    }
}
