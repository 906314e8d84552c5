package dev.realalign.generator.draw;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.AdapterFiles;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.diffusion.pipeline.DiffusionPipeline;
import dev.realalign.diffusion.pipeline.RequestException;
import dev.realalign.diffusion.pipeline.RgbImages;
import dev.realalign.diffusion.pipeline.SamplingRequest;
import dev.realalign.diffusion.saliency.Saliency;
import dev.realalign.diffusion.saliency.U2Net;
import dev.realalign.diffusion.schedule.Scheduler;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorException;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.generator.mask.Mask;
import dev.realalign.generator.mask.MaskRules;
import dev.realalign.generator.mask.SaliencyMap;
import dev.realalign.generator.mask.SpectralResidual;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Draws with a diffusion model, bare or with an adapter. Networks without mask channels are kept to the picture outside the
 * mask by blending; those with nine channels see mask and picture, and draw nothing else.
 */
public final class DiffusionArtist implements Artist, AutoCloseable {
    private final DrawSettings settings;
    private final DiffusionModel model;
    private final DiffusionPipeline pipeline;
    private final Scheduler scheduler;
    private final @Nullable U2Net u2net;
    private @Nullable Adapter adapter;

    private DiffusionArtist(DrawSettings settings, DiffusionModel model, Scheduler scheduler, @Nullable U2Net u2net) {
        this.settings = settings;
        this.model = model;
        this.scheduler = scheduler;
        this.pipeline = new DiffusionPipeline(model, scheduler);
        this.u2net = u2net;
    }

    /**
     * Loads the networks.
     *
     * @param baseModel folder in the diffusers layout
     * @throws ModelFormatException when a file of a network is missing or does not fit
     * @throws IllegalArgumentException when model and settings do not go together, saying what to change
     */
    public static DiffusionArtist load(Path baseModel, DrawSettings settings) {
        DiffusionModel model = DiffusionModel.load(baseModel, LoadOptions.DEFAULT);
        U2Net u2net = null;
        try {
            u2net = settings.u2net() == null ? null : U2Net.load(settings.u2net(), ElementType.F32, Device.CPU);
            Scheduler scheduler = settings.sampler()
                    .over(model.scheduler())
                    .orElseThrow(() -> new IllegalArgumentException("the sampler "
                            + settings.sampler().text() + " does not suit a flow-matching model: choose "
                            + SamplerChoice.MODEL.text()));
            DiffusionArtist artist = new DiffusionArtist(settings, model, scheduler, u2net);
            artist.requireSuitable();
            return artist;
        } catch (RuntimeException e) {
            if (u2net != null) {
                u2net.close();
            }
            model.close();
            throw e;
        }
    }

    private void requireSuitable() {
        int factor = pipeline.sizeFactor();
        if (resolution() % factor != 0) {
            throw new IllegalArgumentException(
                    "pictures of " + resolution() + " pixels do not fit the model, whose sides" + " are multiples of "
                            + factor + "; it was trained at " + pipeline.nativeSize());
        }
        scheduler.plan(settings.steps());
        if (!pipeline.hasMaskChannels()) {
            scheduler.plan(settings.steps(), settings.sdeditStrength());
        }
        scheduler.plan(settings.steps(), settings.inpaintingStrength());
    }

    @Override
    public int resolution() {
        return settings.resolution() == 0 ? pipeline.nativeSize() : settings.resolution();
    }

    /**
     * Reads an adapter for this model's network, in any thread.
     *
     * @return the caller's until {@link #wear} takes it
     * @throws ModelFormatException when it was made for another network
     */
    public Adapter read(Path file) {
        return AdapterFiles.load(file, model.denoiser());
    }

    /** Draws with an adapter from here on and owns it; called between batches, in the drawing thread. */
    public void wear(Adapter next) {
        model.denoiser().use(next);
        if (adapter != null) {
            adapter.close();
        }
        adapter = next;
    }

    @Override
    public Optional<String> cannotDraw(GeneratedKind kind) {
        return pipeline.hasMaskChannels() && kind != GeneratedKind.SALIENCY_INPAINTING
                ? Optional.of("the base model's network has mask channels and only paints into masks")
                : Optional.empty();
    }

    @Override
    public List<Drawing> draw(GeneratedKind kind, List<Subject> subjects, Pulse pulse) {
        List<Drawing> drawings = new ArrayList<>();
        for (int from = 0; from < subjects.size(); from += settings.batch()) {
            List<Subject> batch = subjects.subList(from, Math.min(subjects.size(), from + settings.batch()));
            try (TensorScope scope = TensorScope.open()) {
                drawings.addAll(
                        kind == GeneratedKind.SALIENCY_INPAINTING
                                ? inpainted(batch, pulse)
                                : drawn(kind, batch, pulse));
            } catch (TensorException | RequestException e) {
                throw new NetworkFailureException(String.valueOf(e.getMessage()), e);
            }
        }
        return drawings;
    }

    private List<Drawing> drawn(GeneratedKind kind, List<Subject> batch, Pulse pulse) {
        SamplingRequest request = request(batch, pulse);
        Tensor pictures = kind == GeneratedKind.SDEDIT
                ? pipeline.imageToImage(request, pictures(batch), settings.sdeditStrength())
                : pipeline.textToImage(request);
        return images(pictures).stream()
                .<Drawing>map(picture -> new Drawing.Drawn(picture, null))
                .toList();
    }

    /** Subjects without a usable mask are left out of the batch. */
    private List<Drawing> inpainted(List<Subject> batch, Pulse pulse) {
        SortedMap<Integer, Drawing> drawings = new TreeMap<>(); // by place in the batch
        List<Integer> places = new ArrayList<>();
        List<Subject> usable = new ArrayList<>();
        List<Mask> masks = new ArrayList<>();
        List<SaliencyMap> maps = saliency(batch);
        for (int i = 0; i < batch.size(); i++) {
            MaskRules.Outcome outcome = masks().apply(maps.get(i));
            if (outcome instanceof MaskRules.Usable found) {
                places.add(i);
                usable.add(batch.get(i));
                masks.add(found.mask());
            } else if (outcome instanceof MaskRules.Useless useless) {
                drawings.put(i, new Drawing.Undrawn(useless.flaw(), useless.evidence()));
            }
        }
        if (!usable.isEmpty()) {
            Tensor pictures = pipeline.inpaint(
                    request(usable, pulse), pictures(usable), tensor(masks), settings.inpaintingStrength(), true);
            List<BufferedImage> drawn = images(pictures);
            for (int i = 0; i < drawn.size(); i++) {
                drawings.put(places.get(i), new Drawing.Drawn(drawn.get(i), masks.get(i)));
            }
        }
        return List.copyOf(drawings.values());
    }

    private MaskRules masks() {
        return settings.masks(resolution());
    }

    private SamplingRequest request(List<Subject> batch, Pulse pulse) {
        return SamplingRequest.of(batch.stream().map(Subject::caption).toList())
                .withSeeds(batch.stream().map(Subject::seed).toList())
                .withSize(resolution(), resolution())
                .withSteps(settings.steps())
                .withGuidance(settings.guidance())
                .withBatch(settings.batch())
                .withProgress((done, total) -> pulse.beat());
    }

    private static Tensor pictures(List<Subject> batch) {
        return RgbImages.toTensor(batch.stream().map(Subject::picture).toList());
    }

    private static Tensor tensor(List<Mask> masks) {
        int width = masks.get(0).width();
        int height = masks.get(0).height();
        float[] values = new float[masks.size() * width * height];
        for (int b = 0; b < masks.size(); b++) {
            boolean[] inside = masks.get(b).inside();
            for (int i = 0; i < inside.length; i++) {
                values[b * inside.length + i] = inside[i] ? 1 : 0;
            }
        }
        return Tensor.of(values, masks.size(), 1, height, width);
    }

    /** A broken adapter draws no numbers at all: that is a failure, not a black picture. */
    private static List<BufferedImage> images(Tensor pictures) {
        for (float value : pictures.toFloats()) {
            if (!Float.isFinite(value)) {
                throw new NetworkFailureException("the network drew values that are no finite numbers", null);
            }
        }
        return RgbImages.toImages(pictures);
    }

    private List<SaliencyMap> saliency(List<Subject> batch) {
        List<SaliencyMap> maps = new ArrayList<>();
        if (u2net == null) {
            for (Subject subject : batch) {
                BufferedImage picture = subject.picture();
                int width = picture.getWidth();
                int height = picture.getHeight();
                maps.add(SpectralResidual.of(picture.getRGB(0, 0, width, height, null, 0, width), width, height));
            }
            return maps;
        }
        int side = resolution();
        for (Optional<Tensor> map : new Saliency(u2net).maps(pictures(batch))) {
            maps.add(new SaliencyMap(side, side, map.map(Tensor::toFloats).orElseGet(() -> new float[side * side])));
        }
        return maps;
    }

    @Override
    public SortedMap<String, String> parameters(GeneratedKind kind) {
        SortedMap<String, String> parameters = new TreeMap<>();
        parameters.put("base.sha256", model.digest());
        parameters.put("sampler", scheduler.getClass().getSimpleName().replace("Scheduler", ""));
        parameters.put("steps", Integer.toString(settings.steps()));
        parameters.put("guidance", Double.toString(settings.guidance()));
        if (kind == GeneratedKind.SDEDIT) {
            parameters.put("strength", Double.toString(settings.sdeditStrength()));
        }
        if (kind == GeneratedKind.SALIENCY_INPAINTING) {
            parameters.put("strength", Double.toString(settings.inpaintingStrength()));
            parameters.put("saliency", u2net == null ? "spectral-residual" : "u2net");
            parameters.put("mask.dilation.px", Integer.toString(masks().dilationPx()));
            parameters.put("mask.channels", Boolean.toString(pipeline.hasMaskChannels()));
        }
        return parameters;
    }

    @Override
    public void close() {
        model.denoiser().use(null);
        if (adapter != null) {
            adapter.close();
            adapter = null;
        }
        if (u2net != null) {
            u2net.close();
        }
        model.close();
    }
}
