/**
 * Prompts to token ids, as the published CLIP and T5 tokenizers make them. Truncation is part of the result, never
 * silent.
 */
@NullMarked
package dev.realalign.diffusion.tokenizer;

import org.jspecify.annotations.NullMarked;
