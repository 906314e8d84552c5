package dev.realalign.curator.image;

import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifDirectoryBase;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.exif.ExifSubIFDDirectory;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The texts of EXIF data in which programs sign their work.
 *
 * @param software name of the program that wrote the file (tag 0x0131)
 * @param userComment comment of its user (tag 0x9286), into which generators write their parameters
 */
public record ExifTexts(Optional<String> software, Optional<String> userComment) {

    private static final int CHARACTER_CODE_BYTES = 8;
    private static final int LONGEST_COMMENT_BYTES = 64 * 1024;

    /** The texts of a TIFF structure, as far as they are readable. */
    public static ExifTexts of(byte[] exif) {
        Metadata metadata = FirstTiffDirectory.readWithExif(exif);
        return new ExifTexts(
                Optional.ofNullable(metadata.getFirstDirectoryOfType(ExifIFD0Directory.class))
                        .map(directory -> directory.getString(ExifDirectoryBase.TAG_SOFTWARE)),
                Optional.ofNullable(metadata.getFirstDirectoryOfType(ExifSubIFDDirectory.class))
                        .map(directory -> directory.getByteArray(ExifDirectoryBase.TAG_USER_COMMENT))
                        .map(bytes -> comment(bytes, exif[0] == 'I')));
    }

    /** Eight bytes name the character code (EXIF 2.32, 4.6.5); programs mean UTF-16 by UNICODE, in either byte order. */
    private static String comment(byte[] bytes, boolean littleEndian) {
        if (bytes.length < CHARACTER_CODE_BYTES) {
            return "";
        }
        byte[] text = Arrays.copyOfRange(
                bytes, CHARACTER_CODE_BYTES, Math.min(bytes.length, CHARACTER_CODE_BYTES + LONGEST_COMMENT_BYTES));
        String code = new String(bytes, 0, CHARACTER_CODE_BYTES, StandardCharsets.US_ASCII);
        if (!code.startsWith("UNICODE")) {
            return new String(text, StandardCharsets.UTF_8);
        }
        return new String(text, byteOrder(text, littleEndian));
    }

    /** Latin text tells its byte order by where its zeros are; other text follows the structure's. */
    private static Charset byteOrder(byte[] text, boolean littleEndian) {
        @Nullable Charset told = null;
        if (text.length >= 2 && text[0] == 0 && text[1] != 0) {
            told = StandardCharsets.UTF_16BE;
        } else if (text.length >= 2 && text[0] != 0 && text[1] == 0) {
            told = StandardCharsets.UTF_16LE;
        }
        return told != null ? told : littleEndian ? StandardCharsets.UTF_16LE : StandardCharsets.UTF_16BE;
    }
}
