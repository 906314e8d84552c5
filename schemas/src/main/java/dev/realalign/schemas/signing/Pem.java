package dev.realalign.schemas.signing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Keys as text files (RFC 7468): labelled base64 between two lines; what stands around them is for people. */
final class Pem {
    static final String PRIVATE_KEY = "PRIVATE KEY";
    static final String PUBLIC_KEY = "PUBLIC KEY";

    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----\\s*([A-Za-z0-9+/=\\s]*?)\\s*-----END \\1-----");
    private static final int LINE = 64;
    private static final int LARGEST_FILE_BYTES = 1 << 20;

    private Pem() {}

    /**
     * One labelled block.
     *
     * @param label what it says it is
     * @param der its bytes
     */
    record Block(String label, byte[] der) {}

    /** The block as text, with lines of 64 characters and a line end after the last. */
    static String text(String label, byte[] der) {
        String base64 = Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n";
    }

    /**
     * Every block of a file, in order.
     *
     * @param what what the file is for, completing "the … FILE"
     */
    static List<Block> read(Path file, String what) throws KeyFileException {
        String named = "the " + what + " " + file;
        String text;
        try {
            if (Files.size(file) > LARGEST_FILE_BYTES) {
                throw new KeyFileException(named + " has over a megabyte: that is no file of keys");
            }
            text = Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            throw new KeyFileException(named + " does not exist", e);
        } catch (KeyFileException e) {
            throw e;
        } catch (IOException e) {
            throw new KeyFileException(
                    named + " cannot be read ("
                            + (Files.isDirectory(file)
                                    ? "it is a folder"
                                    : e.getClass().getSimpleName()) + ")",
                    e);
        }
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(text);
        while (matcher.find()) {
            try {
                blocks.add(new Block(
                        matcher.group(1),
                        Base64.getDecoder().decode(matcher.group(2).replaceAll("\\s", ""))));
            } catch (IllegalArgumentException e) {
                throw new KeyFileException(named + " is damaged: its " + matcher.group(1) + " is not base64", e);
            }
        }
        return blocks;
    }
}
