package dev.realalign.app.feed;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A body of {@code multipart/form-data} (RFC 7578) with one picture and any text fields.
 *
 * @param picture bytes of the part named {@code image}
 * @param fileName its file name, where the form gives one
 * @param texts the other parts by name
 */
record MultipartForm(byte[] picture, Optional<String> fileName, Map<String, String> texts) {
    static final String PICTURE = "image";

    private static final int MAX_PARTS = 32;
    private static final int MAX_HEADER_BYTES = 8 * 1024;
    private static final byte[] END_OF_HEADERS = {'\r', '\n', '\r', '\n'};
    private static final Pattern BOUNDARY =
            Pattern.compile("(?i);\\s*boundary=(?:\"([^\"]{1,200})\"|([^;\\s]{1,200}))");
    private static final Pattern NAME = Pattern.compile("(?i);\\s*name=\"([^\"]*)\"");
    private static final Pattern FILE_NAME = Pattern.compile("(?i);\\s*filename=\"([^\"]*)\"");

    /**
     * Takes a body apart.
     *
     * @throws IllegalArgumentException with what is wrong with the form
     */
    static MultipartForm parse(byte[] body, String contentType) {
        byte[] delimiter = ("--" + boundary(contentType)).getBytes(StandardCharsets.ISO_8859_1);
        Optional<byte[]> picture = Optional.empty();
        Optional<String> fileName = Optional.empty();
        Map<String, String> texts = new HashMap<>();
        int at = indexOf(body, delimiter, 0, body.length);
        for (int part = 0; ; part++) {
            if (at < 0) {
                throw new IllegalArgumentException("the form does not end with its boundary");
            }
            int start = at + delimiter.length;
            if (start + 1 < body.length && body[start] == '-' && body[start + 1] == '-') {
                break;
            }
            if (part == MAX_PARTS) {
                throw new IllegalArgumentException("the form has more than " + MAX_PARTS + " parts");
            }
            int headersEnd = indexOf(body, END_OF_HEADERS, start, Math.min(body.length, start + MAX_HEADER_BYTES));
            if (headersEnd < 0) {
                throw new IllegalArgumentException("part " + (part + 1) + " of the form has no end of its headers");
            }
            String headers = new String(body, start, headersEnd - start, StandardCharsets.UTF_8);
            int content = headersEnd + END_OF_HEADERS.length;
            at = indexOf(body, delimiter, content, body.length);
            int end = at - 2; // the line end before a boundary belongs to it
            if (at >= 0 && end < content) {
                throw new IllegalArgumentException("part " + (part + 1) + " of the form has no content");
            }
            if (at >= 0) {
                String name = group(NAME, headers)
                        .orElseThrow(() -> new IllegalArgumentException("a part of the form has no name"));
                if (name.equals(PICTURE) && picture.isEmpty()) {
                    picture = Optional.of(Arrays.copyOfRange(body, content, end));
                    fileName = group(FILE_NAME, headers).filter(given -> !given.isBlank());
                } else if (name.equals(PICTURE)) {
                    throw new IllegalArgumentException("the form has two pictures: send them one by one");
                } else {
                    texts.put(name, text(body, content, end, name));
                }
            }
        }
        return new MultipartForm(
                picture.orElseThrow(
                        () -> new IllegalArgumentException("the form has no part named \"" + PICTURE + "\"")),
                fileName,
                texts);
    }

    private static String boundary(String contentType) {
        Matcher boundary = BOUNDARY.matcher(contentType);
        if (!boundary.find()) {
            throw new IllegalArgumentException("the content type names no boundary");
        }
        return boundary.group(1) != null ? boundary.group(1) : boundary.group(2);
    }

    private static Optional<String> group(Pattern pattern, String headers) {
        Matcher matcher = pattern.matcher(headers);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private static String text(byte[] body, int from, int end, String name) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body, from, end - from))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("the field \"" + name + "\" is not UTF-8 text", e);
        }
    }

    private static int indexOf(byte[] body, byte[] wanted, int from, int end) {
        for (int i = from; i <= end - wanted.length; i++) {
            if (body[i] == wanted[0] && Arrays.equals(body, i, i + wanted.length, wanted, 0, wanted.length)) {
                return i;
            }
        }
        return -1;
    }
}
