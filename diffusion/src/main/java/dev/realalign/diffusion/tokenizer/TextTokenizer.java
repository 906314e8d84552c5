package dev.realalign.diffusion.tokenizer;

/** Text to a fixed number of token ids. Implementations may be called from several threads. */
public interface TextTokenizer extends AutoCloseable {

    /** Ids per prompt, markers and padding included (77 for CLIP). */
    int length();

    /** Encodes, truncates and pads one prompt; it never fails on any text. */
    Tokens encode(String text);

    @Override
    void close();
}
