package dev.realalign.diffusion.model;

import dev.realalign.diffusion.clip.ClipTextModel;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.tokenizer.TextTokenizer;
import dev.realalign.diffusion.tokenizer.Tokens;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stable Diffusion 1.x and 2.x: the last hidden state of one CLIP text encoder, (B, N, D). */
final class ClipPromptEncoder implements PromptEncoder {
    private static final Logger LOG = LoggerFactory.getLogger(ClipPromptEncoder.class);

    private final TextTokenizer tokenizer;
    private final ClipTextModel encoder;

    ClipPromptEncoder(TextTokenizer tokenizer, ClipTextModel encoder) {
        this.tokenizer = tokenizer;
        this.encoder = encoder;
    }

    @Override
    public Conditioning encode(List<String> prompts) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor ids = ids(tokenizer, prompts);
            return Conditioning.of(scope.keep(encoder.encode(ids).lastHiddenState()));
        }
    }

    /** Token ids (B, N); lost words are logged. */
    static Tensor ids(TextTokenizer tokenizer, List<String> prompts) {
        long[] ids = new long[prompts.size() * tokenizer.length()];
        for (int b = 0; b < prompts.size(); b++) {
            Tokens tokens = tokenizer.encode(prompts.get(b));
            tokens.warning().ifPresent(LOG::warn);
            System.arraycopy(tokens.ids(), 0, ids, b * tokenizer.length(), tokenizer.length());
        }
        return Tensor.of(ids, prompts.size(), tokenizer.length());
    }

    @Override
    public int features() {
        return encoder.config().hidden();
    }

    @Override
    public void close() {
        tokenizer.close();
        encoder.close();
    }
}
