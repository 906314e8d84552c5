package dev.realalign.diffusion.model;

import dev.realalign.diffusion.denoiser.Conditioning;
import java.util.List;

/** Text to what a denoiser is conditioned on. */
public interface PromptEncoder extends AutoCloseable {
    /**
     * Encodes a batch of prompts; the empty prompt is the unconditional one. Words that do not fit are dropped with a warning in the log.
     *
     * @return conditioning of as many samples, in the caller's scope
     */
    Conditioning encode(List<String> prompts);

    /** Features of each prompt token, D. */
    int features();

    @Override
    void close();
}
