package dev.realalign.subscriber;

import org.jspecify.annotations.Nullable;

/** A subscription cannot begin, or did not get its version in time. The message names the thing and the remedy. */
public final class SubscriptionException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SubscriptionException(String message) {
        this(message, null);
    }

    SubscriptionException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
