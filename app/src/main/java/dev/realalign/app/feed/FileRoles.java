package dev.realalign.app.feed;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Tells pictures from what accompanies them, by name alone: hidden files, {@code captions.csv}, and notes ({@code .txt}, {@code .json}, {@code .cls}) that share
 * their stem with another file. Everything else is offered to the gates, so that nothing is passed over unseen.
 */
final class FileRoles {
    private static final Set<String> NOTE_ENDINGS = Set.of("txt", "json", "cls");
    private static final int CAPTION_MAX_BYTES = 64 * 1024;

    private final Set<String> annotated;

    /** Roles within one set of sibling names (or, for an archive, of full names). */
    FileRoles(Collection<String> names) {
        annotated = names.stream()
                .filter(name -> !NOTE_ENDINGS.contains(endingOf(name)))
                .map(FileRoles::stemOf)
                .collect(Collectors.toSet());
    }

    boolean isPicture(String name) {
        String last = name.substring(name.lastIndexOf('/') + 1);
        boolean hidden = last.startsWith(".") || name.startsWith("__MACOSX/");
        boolean note = NOTE_ENDINGS.contains(endingOf(name)) && annotated.contains(stemOf(name));
        return !hidden && !note && !last.equals(CaptionTable.FILE_NAME);
    }

    /** The name of the note that would hold a picture's caption. */
    static String captionNoteOf(String name) {
        return stemOf(name) + ".txt";
    }

    /** The name of the note that would hold facts about a picture, and its caption where there is no other. */
    static String factsNoteOf(String name) {
        return stemOf(name) + ".json";
    }

    /**
     * The note on a picture from what lies beside it: a caption as text wins over one in JSON, that over a listed one.
     *
     * @param text caption note, where there is one
     * @param json note of facts, where there is one
     * @param listed what a table says
     */
    static Note noteFrom(
            Optional<Opening<InputStream>> text,
            Optional<Opening<InputStream>> json,
            Optional<Note> listed,
            String name)
            throws IOException {
        Note note = listed.orElse(Note.NONE);
        if (json.isPresent()) {
            try (InputStream in = json.get().open()) {
                note = JsonNotes.note(in, factsNoteOf(name)).orElse(note);
            }
        }
        if (text.isPresent()) {
            try (InputStream in = text.get().open()) {
                note = new Note(captionIn(in, captionNoteOf(name)), note.facts());
            }
        }
        return note;
    }

    /**
     * The caption in a note: its UTF-8 text with every run of white space made one space.
     *
     * @throws IOException when it cannot be read, is not UTF-8 or is longer than a caption can be
     */
    private static String captionIn(InputStream note, String name) throws IOException {
        byte[] bytes = note.readNBytes(CAPTION_MAX_BYTES + 1);
        if (bytes.length > CAPTION_MAX_BYTES) {
            throw new IOException("its caption file " + name + " is larger than " + CAPTION_MAX_BYTES + " bytes");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString()
                    .replaceAll("\\s+", " ")
                    .strip();
        } catch (CharacterCodingException e) {
            throw new IOException("its caption file " + name + " is not UTF-8 text", e);
        }
    }

    private static String stemOf(String name) {
        int dot = name.lastIndexOf('.');
        return dot > name.lastIndexOf('/') ? name.substring(0, dot) : name;
    }

    private static String endingOf(String name) {
        int dot = name.lastIndexOf('.');
        return dot > name.lastIndexOf('/') ? name.substring(dot + 1).toLowerCase(Locale.ROOT) : "";
    }
}
