package dev.realalign.diffusion.model;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.clip.ClipTextModel;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.schedule.NoiseSchedule;
import dev.realalign.diffusion.schedule.Scheduler;
import dev.realalign.diffusion.tokenizer.ClipTokenizer;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A model folder's networks, loaded and matched. A folder without a VAE is a pixel-space model: the denoiser's samples are images in [-1, 1].
 */
public final class DiffusionModel implements AutoCloseable {
    private final Path folder;
    private final Denoiser denoiser;
    private final PromptEncoder promptEncoder;
    private final Scheduler scheduler;
    private final int imageFactor;

    private DiffusionModel(
            Path folder, Denoiser denoiser, PromptEncoder promptEncoder, Scheduler scheduler, int imageFactor) {
        this.folder = folder;
        this.denoiser = denoiser;
        this.promptEncoder = promptEncoder;
        this.scheduler = scheduler;
        this.imageFactor = imageFactor;
    }

    /**
     * Loads a folder in the diffusers layout.
     *
     * @throws ModelFormatException naming every file that is missing, of a wrong class or inconsistent, with the remedy
     */
    public static DiffusionModel load(Path folder, LoadOptions options) {
        ModelIndex index = ModelIndex.read(folder);
        Parts parts = new Parts();
        Scheduler scheduler =
                parts.load(() -> Scheduler.read(folder.resolve("scheduler").resolve("scheduler_config.json")));
        Integer factor = parts.load(() -> index.has("vae") ? vaeFactor(folder.resolve("vae")) : 1);
        ClipTokenizer tokenizer = parts.load(() -> ClipTokenizer.load(folder.resolve("tokenizer")));
        ClipTextModel encoder = parts.load(() -> ClipTextModel.load(
                folder.resolve("text_encoder"), false, options.variant(), options.type(), options.device()));
        UNet2DConditionModel unet = parts.load(() ->
                UNet2DConditionModel.load(folder.resolve("unet"), options.variant(), options.type(), options.device()));
        if (tokenizer != null
                && encoder != null
                && tokenizer.length() > encoder.config().positions()) {
            parts.problems.add(
                    "the tokenizer makes " + tokenizer.length() + " tokens of a prompt, the text encoder takes "
                            + encoder.config().positions());
        }
        if (encoder != null
                && unet != null
                && encoder.config().hidden() != unet.config().crossAttention()) {
            parts.problems.add("the text encoder gives " + encoder.config().hidden() + " features, the U-Net takes "
                    + unet.config().crossAttention());
        }
        if (scheduler == null
                || factor == null
                || tokenizer == null
                || encoder == null
                || unet == null
                || !parts.problems.isEmpty()) {
            parts.close();
            throw new ModelFormatException(folder.toString(), parts.problems);
        }
        return new DiffusionModel(folder, unet, new ClipPromptEncoder(tokenizer, encoder), scheduler, factor);
    }

    /** How many pixels a latent is high and wide: one halving between each two blocks. */
    private static int vaeFactor(Path folder) {
        return JsonConfig.read(
                folder.resolve("config.json"),
                json -> 1
                        << (Math.max(
                                        1,
                                        json.integers("block_out_channels", List.of(64))
                                                .size())
                                - 1));
    }

    /** Components loaded so far, and what went wrong with others. */
    private static final class Parts {
        final List<AutoCloseable> loaded = new ArrayList<>();
        final List<String> problems = new ArrayList<>();

        <T> @Nullable T load(Supplier<T> loader) {
            try {
                T part = loader.get();
                if (part instanceof AutoCloseable closeable) {
                    loaded.add(closeable);
                }
                return part;
            } catch (ModelFormatException e) {
                problems.add(String.valueOf(e.getMessage()));
                return null;
            }
        }

        void close() {
            for (AutoCloseable part : loaded) {
                try {
                    part.close();
                } catch (Exception e) {
                    throw new IllegalStateException("a loaded component cannot be closed", e);
                }
            }
        }
    }

    public Path folder() {
        return folder;
    }

    /** The network that predicts noise; the model owns it. */
    public Denoiser denoiser() {
        return denoiser;
    }

    /** The sampler the folder names. */
    public Scheduler scheduler() {
        return scheduler;
    }

    /** The noise levels the network was trained at. */
    public NoiseSchedule schedule() {
        return scheduler.schedule();
    }

    /**
     * Encodes prompts for the denoiser; the empty prompt is the unconditional one.
     *
     * @return conditioning of as many samples, in the caller's scope
     */
    public Conditioning encodePrompts(List<String> prompts) {
        return promptEncoder.encode(prompts);
    }

    /** Whether the denoiser works on pixels. */
    public boolean pixelSpace() {
        return imageFactor == 1;
    }

    /** Height and width in pixels of the images the model was trained at. */
    public int resolution() {
        return denoiser.nativeSize() * imageFactor;
    }

    /** Height and width of an image must be multiples of this, in pixels. */
    public int imageFactor() {
        return denoiser.sizeFactor() * imageFactor;
    }

    /** Channels of what the denoiser predicts: 3 in pixel space, 4 or 16 latent channels else. */
    public int channels() {
        return denoiser.outChannels();
    }

    /** SHA-256 of the denoiser's weight files: what an adapter of this model names as its base. */
    public String digest() {
        return denoiser.digest();
    }

    @Override
    public void close() {
        denoiser.close();
        promptEncoder.close();
    }
}
