package dev.realalign.dashboard.web;

import dev.realalign.schemas.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may see the data. With a token: who shows it as bearer token, or the cookie that was given for it, since a browser
 * sends no header of its own with pictures and events. Without one the server listens on a loopback address only, and
 * answers only requests that name such an address: else a page of a stranger's could read it through the visitor's browser
 * under a name of its own (DNS rebinding).
 *
 * @param token the token, where there is one
 */
public record AccessRule(Optional<String> token) {
    /** Name of the cookie. */
    public static final String COOKIE = "realalign-dashboard";

    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

    /**
     * Whether a request may see data.
     *
     * @param authorization its Authorization header, null for none
     * @param cookies values of its cookies named {@link #COOKIE}
     */
    public boolean allows(@Nullable String authorization, Collection<String> cookies) {
        return token.isEmpty()
                || showsToken(authorization)
                || cookies.stream().anyMatch(cookie -> isSame(cookie, cookie()));
    }

    /** Whether the header carries the token; never without one. */
    public boolean showsToken(@Nullable String authorization) {
        return token.isPresent() && authorization != null && isSame(authorization, "Bearer " + token.get());
    }

    /** What the cookie holds: a function of the token, from which the token cannot be found. */
    public String cookie() {
        return Sha256.hex(("realalign dashboard cookie\n" + token.orElse("")).getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Whether a request means this server.
     *
     * @param host host of its Host header, without the port
     */
    public boolean isMeant(@Nullable String host) {
        return token.isPresent() || (host != null && LOOPBACK.contains(host.toLowerCase(Locale.ROOT)));
    }

    private static boolean isSame(String shown, String expected) {
        return MessageDigest.isEqual(shown.getBytes(StandardCharsets.UTF_8), expected.getBytes(StandardCharsets.UTF_8));
    }

    /** Names no token: it is a secret. */
    @Override
    public String toString() {
        return token.isPresent() ? "with a token" : "loopback only";
    }
}
