package dev.realalign.diffusion.tensor;

/** A native operation refused its arguments or ran out of memory; the message names the operation and the shapes it was given. */
public final class TensorException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TensorException(String message, Throwable cause) {
        super(message, cause);
    }
}
