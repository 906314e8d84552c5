package dev.realalign.publisher.catalogue;

import java.util.Optional;

/**
 * Where the catalogue listens and whom it answers.
 *
 * @param host address to listen on
 * @param port port to listen on; 0 runs no catalogue
 * @param token what a client must show as bearer token; none answers everybody
 */
public record CatalogueSettings(String host, int port, Optional<String> token) {
    /** Whether there is a catalogue at all. */
    public boolean isOn() {
        return port > 0;
    }

    /** Names no token: it is a secret. */
    @Override
    public String toString() {
        return host + ":" + port + (token.isPresent() ? " with a token" : "");
    }
}
