package dev.realalign.diffusion.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.schedule.Scheduler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The {@code model_index.json} of a diffusers folder.
 *
 * @param family how its components go together
 * @param components class by component name; those that are there
 */
record ModelIndex(Family family, SortedMap<String, String> components) {
    private static final List<String> CLIP_TOKENIZERS = List.of("CLIPTokenizer", "CLIPTokenizerFast");
    private static final List<String> AUTOENCODERS = List.of("AutoencoderKL", "AutoencoderTiny");

    /** Pipelines that are made of the same components. */
    enum Family {
        /** Stable Diffusion 1.x and 2.x; without a VAE a pixel-space model. */
        STABLE_DIFFUSION(
                List.of("StableDiffusionPipeline", "StableDiffusionInpaintPipeline", "StableDiffusionImg2ImgPipeline"),
                List.of("unet", "text_encoder", "tokenizer", "scheduler"),
                Map.of(
                        "unet",
                        List.of("UNet2DConditionModel"),
                        "vae",
                        AUTOENCODERS,
                        "text_encoder",
                        List.of("CLIPTextModel"),
                        "tokenizer",
                        CLIP_TOKENIZERS,
                        "scheduler",
                        Scheduler.SUPPORTED)),
        /** Stable Diffusion 3 and 3.5, with or without its T5 encoder. */
        STABLE_DIFFUSION_3(
                List.of(
                        "StableDiffusion3Pipeline",
                        "StableDiffusion3Img2ImgPipeline",
                        "StableDiffusion3InpaintPipeline"),
                List.of(
                        "transformer",
                        "vae",
                        "text_encoder",
                        "text_encoder_2",
                        "tokenizer",
                        "tokenizer_2",
                        "scheduler"),
                Map.of(
                        "transformer", List.of("SD3Transformer2DModel"),
                        "vae", AUTOENCODERS,
                        "text_encoder", List.of("CLIPTextModelWithProjection"),
                        "text_encoder_2", List.of("CLIPTextModelWithProjection"),
                        "text_encoder_3", List.of("T5EncoderModel"),
                        "tokenizer", CLIP_TOKENIZERS,
                        "tokenizer_2", CLIP_TOKENIZERS,
                        "tokenizer_3", List.of("T5Tokenizer", "T5TokenizerFast"),
                        "scheduler", List.of("FlowMatchEulerDiscreteScheduler")));

        private final List<String> pipelines;
        private final List<String> required;

        /** What each component may be. Components that are not listed (safety_checker, ...) are not needed and not read. */
        private final Map<String, List<String>> classes;

        Family(List<String> pipelines, List<String> required, Map<String, List<String>> classes) {
            this.pipelines = pipelines;
            this.required = required;
            this.classes = classes;
        }

        static Optional<Family> of(String pipeline) {
            return Arrays.stream(values())
                    .filter(family -> family.pipelines.contains(pipeline))
                    .findFirst();
        }

        static List<String> supported() {
            return Arrays.stream(values())
                    .flatMap(family -> family.pipelines.stream())
                    .toList();
        }
    }

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
        Family family = Family.of(pipeline)
                .orElseThrow(() -> new IllegalArgumentException("the pipeline class \"" + pipeline
                        + "\" is not supported; supported are " + String.join(", ", Family.supported())));
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
        new TreeMap<>(family.classes).forEach((component, classes) -> {
            String name = components.get(component);
            if (name == null && family.required.contains(component)) {
                json.problem("the component \"" + component + "\" is missing");
            } else if (name != null && !classes.contains(name)) {
                json.problem("\"" + component + "\" is a " + name + "; supported are " + String.join(", ", classes));
            }
        });
        if (components.containsKey("text_encoder_3") != components.containsKey("tokenizer_3")) {
            json.problem("\"text_encoder_3\" and \"tokenizer_3\" must both be there or both be left out");
        }
        return new ModelIndex(family, components);
    }

    boolean has(String component) {
        return components.containsKey(component);
    }

    boolean is(String component, String name) {
        return name.equals(components.get(component));
    }
}
