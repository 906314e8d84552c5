package dev.realalign.diffusion.lora;

/** How tensors are named in an adapter file. */
public enum LoraFormat {
    /** diffusers and PEFT: {@code unet.PATH.lora_A.weight}, {@code .lora_B.weight}. */
    PEFT,
    /** kohya, which ComfyUI, A1111 and Forge read: {@code lora_unet_PATH_WITH_UNDERSCORES.lora_down.weight}, {@code .lora_up.weight}, {@code .alpha}. */
    KOHYA
}
