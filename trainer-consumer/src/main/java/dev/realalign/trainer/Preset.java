package dev.realalign.trainer;

import dev.realalign.diffusion.model.DiffusionModel;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Named settings of a trainer, which take the place of the defaults. Where their numbers come from stands in
 * docs/training.md.
 */
public enum Preset {
    /** RealAlign on Stable Diffusion 1.5 (arXiv 2605.19839 and its code). */
    REALALIGN_SD15(
            "realalign-sd15",
            Family.LATENT_UNET,
            Map.ofEntries(
                    Map.entry(
                            TrainerConfig.STAGES,
                            "dro rate=1e-4 warm-up=0 steps=1600 refresh=16;"
                                    + " dpo beta=2000 sdpo=none rate=2.56e-6 warm-up=125 steps=800 reference=previous"),
                    Map.entry(TrainerConfig.BATCH_PAIRS, "256"),
                    Map.entry(TrainerConfig.MICRO_BATCH_PAIRS, "4"),
                    Map.entry(TrainerConfig.SAMPLER_STEPS, "20"),
                    Map.entry(TrainerConfig.LORA_RANK, "4"),
                    Map.entry(TrainerConfig.LORA_ALPHA, "4"),
                    Map.entry(TrainerConfig.WEIGHT_DECAY, "1e-2"),
                    Map.entry(TrainerConfig.AVERAGE_DECAY, "0.9999"),
                    Map.entry(TrainerConfig.AVERAGE_EVERY_STEPS, "1"))),
    /** RealAlign on Stable Diffusion 3.5 medium (arXiv 2605.19839 and its code). */
    REALALIGN_SD35M(
            "realalign-sd35m",
            Family.FLOW_TRANSFORMER,
            Map.ofEntries(
                    Map.entry(
                            TrainerConfig.STAGES,
                            "dro rate=2e-4 warm-up=0 steps=3200 refresh=16;"
                                    + " dpo beta=100 sdpo=none rate=2.56e-6 warm-up=0 steps=450 reference=previous"),
                    Map.entry(TrainerConfig.BATCH_PAIRS, "256"),
                    Map.entry(TrainerConfig.MICRO_BATCH_PAIRS, "1"),
                    Map.entry(TrainerConfig.SAMPLER_STEPS, "10"),
                    Map.entry(TrainerConfig.LORA_RANK, "32"),
                    Map.entry(TrainerConfig.LORA_ALPHA, "64"),
                    Map.entry(
                            TrainerConfig.LORA_TARGETS,
                            "attn.to_q,attn.to_k,attn.to_v,attn.to_out.0,attn.add_q_proj,attn.add_k_proj,attn.add_v_proj,"
                                    + "attn.to_add_out"),
                    Map.entry(TrainerConfig.WEIGHT_DECAY, "1e-4"),
                    Map.entry(TrainerConfig.AVERAGE_DECAY, "0.9"),
                    Map.entry(TrainerConfig.AVERAGE_EVERY_STEPS, "8"))),
    /** Diffusion-DPO on Stable Diffusion 1.5 (arXiv 2311.12908 and its code), as a LoRA. */
    DIFFUSION_DPO(
            "diffusion-dpo",
            Family.LATENT_UNET,
            Map.ofEntries(
                    Map.entry(
                            TrainerConfig.STAGES,
                            "dpo beta=5000 sdpo=none rate=2.048e-5 warm-up=500 steps=2000 reference=base"),
                    Map.entry(TrainerConfig.BATCH_PAIRS, "2048"),
                    Map.entry(TrainerConfig.MICRO_BATCH_PAIRS, "4"),
                    Map.entry(TrainerConfig.WEIGHT_DECAY, "1e-2"))),
    /** Both stages of RealAlign on the bundled model in a few dozen steps. */
    TINY_DEMO(
            "tiny-demo",
            Family.PIXEL_UNET,
            Map.ofEntries(
                    Map.entry(
                            TrainerConfig.STAGES,
                            "dro rate=1e-3 warm-up=4 steps=16 refresh=8; dpo rate=1e-3 warm-up=4 sdpo=0.5"),
                    Map.entry(TrainerConfig.SAMPLER_STEPS, "10"),
                    Map.entry(TrainerConfig.POINTS_PER_TRAJECTORY, "4")));

    private final String text;
    private final Family family;
    private final Map<String, String> settings;

    Preset(String text, Family family, Map<String, String> settings) {
        this.text = text;
        this.family = family;
        this.settings = settings;
    }

    /** Kinds of networks that settings are for. */
    private enum Family {
        LATENT_UNET("a U-Net on latents, like Stable Diffusion 1.5", m -> isUNet(m) && !m.pixelSpace()),
        PIXEL_UNET("a U-Net on pixels, like the bundled tiny-photo", m -> isUNet(m) && m.pixelSpace()),
        FLOW_TRANSFORMER("a transformer of Stable Diffusion 3 or 3.5", m -> !isUNet(m));

        private final String text;
        private final Predicate<DiffusionModel> fits;

        Family(String text, Predicate<DiffusionModel> fits) {
            this.text = text;
            this.fits = fits;
        }

        private static boolean isUNet(DiffusionModel model) {
            return model.denoiser().prefix().equals("unet");
        }

        static String of(DiffusionModel model) {
            return Arrays.stream(values())
                    .filter(family -> family.fits.test(model))
                    .map(family -> family.text)
                    .findFirst()
                    .orElse("a network of another kind");
        }
    }

    /** The name in configuration. */
    public String text() {
        return text;
    }

    static String[] names() {
        return Arrays.stream(values()).map(Preset::text).toArray(String[]::new);
    }

    /** The preset that a configuration names, if it names one that there is. */
    static Optional<Preset> named(Map<String, String> given) {
        return Arrays.stream(values())
                .filter(preset -> preset.text.equals(given.get(TrainerConfig.PRESET)))
                .findFirst();
    }

    /**
     * What is given, over the settings of the preset that it names. An objective that is given takes the place of the
     * preset's stages, a full difference that of its LoRA's shape.
     */
    static Map<String, String> under(Map<String, String> given) {
        Map<String, String> effective = new HashMap<>();
        named(given).ifPresent(preset -> effective.putAll(preset.settings));
        if (given.containsKey(TrainerConfig.OBJECTIVE)) {
            effective.remove(TrainerConfig.STAGES);
        }
        if (TrainerConfig.FULL.equals(given.get(TrainerConfig.ADAPTER_KIND))) {
            effective.keySet().removeAll(TrainerConfig.LORA_SHAPE);
        }
        effective.putAll(given);
        return effective;
    }

    /** What keeps it from training this model, with the remedy; empty where nothing does. */
    Optional<String> problemWith(DiffusionModel model) {
        return family.fits.test(model)
                ? Optional.empty()
                : Optional.of(TrainerConfig.PRESET + " is " + text + ", which is for " + family.text + ", but "
                        + model.folder() + " is " + Family.of(model)
                        + ". Choose a preset of this kind of model, or leave it out.");
    }
}
