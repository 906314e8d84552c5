package dev.realalign.app.sample;

import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.pipeline.DiffusionPipeline;
import dev.realalign.diffusion.pipeline.RequestException;
import dev.realalign.diffusion.pipeline.RgbImages;
import dev.realalign.diffusion.pipeline.SamplingRequest;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.runtime.UserErrorException;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A loaded model that draws, with or without an adapter. Used by one thread at a time. */
public final class Painter implements AutoCloseable {
    private final DiffusionModel model;
    private final DiffusionPipeline pipeline;
    private @Nullable Adapter adapter;

    private Painter(DiffusionModel model) {
        this.model = model;
        pipeline = new DiffusionPipeline(model);
    }

    /**
     * Loads a model folder in the diffusers layout.
     *
     * @throws UserErrorException for usage, with every problem of the folder
     */
    public static Painter load(Path folder) {
        return new Painter(ModelFiles.model(folder));
    }

    /** SHA-256 of the model's denoiser, as manifests name their base. */
    public String digest() {
        return model.digest();
    }

    /** Height and width of the pictures the model was trained at, in pixels. */
    public int resolution() {
        return model.resolution();
    }

    /**
     * Draws with an adapter from here on.
     *
     * @param lora an adapter file (diffusers or kohya names), or the folder of a version
     * @throws UserErrorException for usage when it is unusable or made for another model
     */
    public void wear(Path lora) {
        Adapter worn = ModelFiles.adapter(lora, model);
        takeOff();
        adapter = worn;
        model.denoiser().use(adapter);
    }

    /** Draws without an adapter from here on. */
    public void takeOff() {
        model.denoiser().use(null);
        if (adapter != null) {
            adapter.close();
            adapter = null;
        }
    }

    /**
     * Draws one picture for each prompt.
     *
     * @throws UserErrorException for usage, with everything the model cannot do about the request
     */
    public List<BufferedImage> paint(SamplingRequest request) {
        try (Tensor pictures = pipeline.textToImage(request)) {
            return RgbImages.toImages(pictures);
        } catch (RequestException e) {
            throw UserErrorException.usage(e.problems());
        }
    }

    @Override
    public void close() {
        takeOff();
        model.close();
    }
}
