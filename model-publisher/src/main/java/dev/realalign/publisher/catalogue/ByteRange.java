package dev.realalign.publisher.catalogue;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One range of bytes of a file (RFC 9110, section 14). Several ranges at once and units other than bytes are not offered:
 * the whole file is sent then, as the RFC allows.
 *
 * @param from first byte
 * @param to last byte
 */
record ByteRange(long from, long to) {
    private static final Pattern FORM = Pattern.compile("bytes=([0-9]{0,18})-([0-9]{0,18})");

    /** The range cannot be served: it begins behind the file's end. */
    static final class Unsatisfiable extends Exception {
        private static final long serialVersionUID = 1L;

        Unsatisfiable() {
            super("the range begins behind the file's end", null, false, false);
        }
    }

    long length() {
        return to - from + 1;
    }

    /** How the header {@code Content-Range} says it. */
    String of(long size) {
        return "bytes " + from + "-" + to + "/" + size;
    }

    /**
     * The range a header asks for; empty where the whole file is to be sent.
     *
     * @param header value of {@code Range}, null where there is none
     */
    static Optional<ByteRange> parse(@Nullable String header, long size) throws Unsatisfiable {
        Matcher matcher = FORM.matcher(header == null ? "" : header.trim());
        if (!matcher.matches()
                || (matcher.group(1).isEmpty() && matcher.group(2).isEmpty())) {
            return Optional.empty();
        }
        if (matcher.group(1).isEmpty()) { // the last bytes
            long last = Long.parseLong(matcher.group(2));
            if (last == 0 || size == 0) {
                throw new Unsatisfiable();
            }
            return Optional.of(new ByteRange(Math.max(0, size - last), size - 1));
        }
        long from = Long.parseLong(matcher.group(1));
        long to = matcher.group(2).isEmpty() ? Long.MAX_VALUE : Long.parseLong(matcher.group(2));
        if (to < from) {
            return Optional.empty();
        }
        if (from >= size) {
            throw new Unsatisfiable();
        }
        return Optional.of(new ByteRange(from, Math.min(to, size - 1)));
    }
}
