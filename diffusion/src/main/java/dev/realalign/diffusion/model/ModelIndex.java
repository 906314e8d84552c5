package dev.realalign.diffusion.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.schedule.Scheduler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The {@code model_index.json} of a diffusers folder.
 *
 * @param pipeline the published pipeline class
 * @param components class by component name; those that are there
 */
record ModelIndex(String pipeline, SortedMap<String, String> components) {
    private static final List<String> CLIP_PIPELINES =
            List.of("StableDiffusionPipeline", "StableDiffusionInpaintPipeline", "StableDiffusionImg2ImgPipeline");

    /** What each component may be. Components that are not listed (safety_checker, ...) are not needed and not read. */
    private static final Map<String, List<String>> CLASSES = Map.of(
            "unet", List.of("UNet2DConditionModel"),
            "vae", List.of("AutoencoderKL", "AutoencoderTiny"),
            "text_encoder", List.of("CLIPTextModel"),
            "tokenizer", List.of("CLIPTokenizer", "CLIPTokenizerFast"),
            "scheduler", Scheduler.SUPPORTED);

    private static final List<String> REQUIRED = List.of("unet", "text_encoder", "tokenizer", "scheduler");

    ModelIndex {
        components = Collections.unmodifiableSortedMap(new TreeMap<>(components));
    }

    /**
     * Reads and checks the index of a folder.
     *
     * @throws ModelFormatException if it is no model folder, or not one of a supported pipeline; every problem is listed
     */
    static ModelIndex read(Path folder) {
        if (Files.isRegularFile(folder)) {
            throw new ModelFormatException(
                    folder.toString(),
                    "it is a single file; a folder in the diffusers layout is"
                            + " needed. Convert it once with Python: diffusers.StableDiffusionPipeline.from_single_file(\""
                            + folder.getFileName()
                            + "\").save_pretrained(\"FOLDER\", safe_serialization=True)");
        }
        if (!Files.isDirectory(folder)) {
            throw new ModelFormatException(folder.toString(), "the folder does not exist");
        }
        return JsonConfig.read(folder.resolve("model_index.json"), ModelIndex::from);
    }

    private static ModelIndex from(JsonConfig json) {
        String pipeline = json.text("_class_name", "(none)");
        if (!CLIP_PIPELINES.contains(pipeline)) {
            json.problem("the pipeline class \"" + pipeline + "\" is not supported; supported are "
                    + String.join(", ", CLIP_PIPELINES));
        }
        SortedMap<String, String> components = new TreeMap<>();
        for (String key : json.keys()) {
            JsonNode node = json.node(key);
            if (node != null
                    && node.isArray()
                    && node.size() == 2
                    && node.path(1).isTextual()) {
                components.put(key, node.path(1).textValue());
            }
        }
        CLASSES.forEach((component, classes) -> {
            String name = components.get(component);
            if (name == null && REQUIRED.contains(component)) {
                json.problem("the component \"" + component + "\" is missing");
            } else if (name != null && !classes.contains(name)) {
                json.problem("\"" + component + "\" is a " + name + "; supported are " + String.join(", ", classes));
            }
        });
        return new ModelIndex(pipeline, components);
    }

    boolean has(String component) {
        return components.containsKey(component);
    }
}
