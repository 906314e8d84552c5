package dev.realalign.subscriber;

import dev.realalign.schemas.signing.KeyFileException;
import dev.realalign.schemas.signing.TrustedKeys;
import java.util.Optional;

/** Whose signatures count. Asked for every version, so that a trust file may change while a subscriber runs. */
@FunctionalInterface
interface Trust {
    /** Takes versions that nobody signed. */
    Trust UNSIGNED = Optional::empty;

    /**
     * The keys that count; none when versions need no signature.
     *
     * @throws KeyFileException when the keys cannot be read
     */
    Optional<TrustedKeys> keys() throws KeyFileException;
}
