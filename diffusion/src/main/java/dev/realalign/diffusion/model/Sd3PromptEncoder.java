package dev.realalign.diffusion.model;

import dev.realalign.diffusion.clip.ClipTextModel;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.sd3.Sd3Prompts;
import dev.realalign.diffusion.t5.T5Encoder;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.tokenizer.TextTokenizer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Stable Diffusion 3: two CLIP encoders side by side, T5 (or zeros) behind them, and the pooled vectors of the first two. */
final class Sd3PromptEncoder implements PromptEncoder {
    private final TextTokenizer tokenizerL;
    private final ClipTextModel encoderL;
    private final TextTokenizer tokenizerG;
    private final ClipTextModel encoderG;
    private final @Nullable TextTokenizer tokenizerT5;
    private final @Nullable T5Encoder encoderT5;
    private final int features;

    /** @param features the width the transformer takes */
    Sd3PromptEncoder(
            TextTokenizer tokenizerL,
            ClipTextModel encoderL,
            TextTokenizer tokenizerG,
            ClipTextModel encoderG,
            @Nullable TextTokenizer tokenizerT5,
            @Nullable T5Encoder encoderT5,
            int features) {
        this.tokenizerL = tokenizerL;
        this.encoderL = encoderL;
        this.tokenizerG = tokenizerG;
        this.encoderG = encoderG;
        this.tokenizerT5 = tokenizerT5;
        this.encoderT5 = encoderT5;
        this.features = features;
    }

    @Override
    public Conditioning encode(List<String> prompts) {
        try (TensorScope scope = TensorScope.open()) {
            ClipTextModel.Output l = encoderL.encode(ClipPromptEncoder.ids(tokenizerL, prompts));
            ClipTextModel.Output g = encoderG.encode(ClipPromptEncoder.ids(tokenizerG, prompts));
            Tensor t5 = tokenizerT5 == null || encoderT5 == null
                    ? null
                    : encoderT5.encode(ClipPromptEncoder.ids(tokenizerT5, prompts));
            return Sd3Prompts.join(l, g, t5, features).keptIn(scope);
        }
    }

    @Override
    public int features() {
        return encoderT5 == null ? features : encoderT5.config().features();
    }

    @Override
    public void close() {
        tokenizerL.close();
        encoderL.close();
        tokenizerG.close();
        encoderG.close();
        if (tokenizerT5 != null) {
            tokenizerT5.close();
        }
        if (encoderT5 != null) {
            encoderT5.close();
        }
    }
}
