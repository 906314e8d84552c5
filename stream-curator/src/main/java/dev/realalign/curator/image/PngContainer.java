package dev.realalign.curator.image;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** The chunks of a PNG file (ISO/IEC 15948). Of an animated PNG the default image counts. */
final class PngContainer {

    static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

    private static final int CRC_BYTES = 4;
    private static final String XMP_KEYWORD = "XML:com.adobe.xmp";
    private static final int LONGEST_TEXT_BYTES = 64 * 1024;
    private static final Set<String> DECODED = Set.of("IHDR", "PLTE", "tRNS", "IDAT", "IEND");

    private final ByteBuffer file;
    private final ByteArrayOutputStream kept;
    private Optional<byte[]> exif = Optional.empty();
    private Optional<byte[]> iccProfile = Optional.empty();
    private final Provenance.Collector provenance = new Provenance.Collector();
    private int width;
    private int height;
    private boolean hasImageData;

    private PngContainer(ByteBuffer file) {
        this.file = file;
        this.kept = new ByteArrayOutputStream(file.limit());
    }

    static ImageContainer read(ByteBuffer file) throws DamagedImageException {
        return new PngContainer(file).read();
    }

    private ImageContainer read() throws DamagedImageException {
        byte[] signature = new byte[SIGNATURE.length];
        file.get(signature);
        if (!Arrays.equals(signature, SIGNATURE)) {
            throw new DamagedImageException(Damage.corrupt(
                    "the PNG signature is damaged, as by a transfer that converts line ends or drops the eighth bit"));
        }
        kept.writeBytes(SIGNATURE);
        Optional<Damage> damage = walk();
        if (width < 1 || height < 1) {
            throw new DamagedImageException(damage.orElseGet(() -> Damage.corrupt("no IHDR chunk gives a size")));
        }
        return new ImageContainer(
                ImageType.PNG,
                width,
                height,
                1,
                false,
                kept.toByteArray(),
                exif,
                iccProfile,
                provenance.provenance(),
                damage);
    }

    private Optional<Damage> walk() {
        try {
            while (true) {
                int start = file.position();
                int length = file.getInt();
                byte[] name = new byte[4];
                file.get(name);
                String type = new String(name, StandardCharsets.US_ASCII);
                if (length < 0 || !type.chars().allMatch(Character::isLetter)) {
                    return Optional.of(Damage.corrupt("no valid chunk at byte " + start));
                }
                if (length > file.remaining() - CRC_BYTES) {
                    return Optional.of(Damage.truncated("the file ends after " + file.limit() + " bytes, inside chunk "
                            + type + " of " + length + " bytes at byte " + start));
                }
                byte[] data = new byte[length];
                file.get(data);
                boolean intact = file.getInt() == crc(name, data);
                Optional<Damage> damage = chunk(type, start, data, intact);
                if (damage.isPresent() || type.equals("IEND")) {
                    return damage;
                }
            }
        } catch (BufferUnderflowException endOfFile) {
            return Optional.of(
                    Damage.truncated("the file ends after " + file.limit() + " bytes without an IEND chunk"));
        }
    }

    private Optional<Damage> chunk(String type, int start, byte[] data, boolean intact) {
        boolean critical = Character.isUpperCase(type.charAt(0));
        if (DECODED.contains(type)) {
            if (!intact) {
                return Optional.of(Damage.corrupt("the checksum of chunk " + type + " at byte " + start + " is wrong"));
            }
            if (type.equals("IHDR") != (kept.size() == SIGNATURE.length)) {
                return Optional.of(Damage.corrupt("chunk " + type + " at byte " + start + " is out of place"));
            }
            kept.write(file.array(), start, file.position() - start);
        } else if (critical) {
            return Optional.of(
                    type.equals("CgBI")
                            ? Damage.unsupported(
                                    "chunk CgBI marks a file optimised for iOS, which only Apple's decoders read")
                            : Damage.corrupt("chunk " + type + " at byte " + start
                                    + " is marked as necessary but is in no PNG standard"));
        }
        switch (type) {
            case "IHDR" -> {
                if (data.length != 13) {
                    return Optional.of(Damage.corrupt("the IHDR chunk has " + data.length + " bytes instead of 13"));
                }
                width = ByteBuffer.wrap(data).getInt(0);
                height = ByteBuffer.wrap(data).getInt(4);
                if (width < 1 || height < 1) {
                    return Optional.of(Damage.corrupt("the IHDR chunk says " + width + "x" + height + " pixels"));
                }
            }
            case "IDAT" -> hasImageData = true;
            case "IEND" -> {
                if (!hasImageData) {
                    return Optional.of(Damage.corrupt("there is no IDAT chunk"));
                }
            }
            case "eXIf" -> exif = intact ? Optional.of(data) : exif;
            case "iCCP" -> iccProfile = intact ? inflateProfile(data) : iccProfile;
            case "tEXt", "zTXt", "iTXt" -> {
                if (intact) {
                    text(type, data);
                }
            }
            case "caBX" -> {
                if (intact) {
                    provenance.jumbf(data);
                }
            }
            default -> {
                // times, physical sizes: not needed, not kept
            }
        }
        return Optional.empty();
    }

    private static int crc(byte[] name, byte[] data) {
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        return (int) crc.getValue();
    }

    /**
     * A keyword, a zero, and the text: plain in tEXt, behind the method 0 in zlib form in zTXt, and in iTXt behind a
     * flag of compression, its method, a language and a translated keyword (each with a zero). A text that does not
     * inflate, or too far, is ignored.
     */
    private void text(String type, byte[] data) {
        int zero = zeroAt(data, 0);
        if (zero == data.length) {
            return;
        }
        String keyword = new String(data, 0, zero, StandardCharsets.ISO_8859_1);
        boolean international = type.equals("iTXt");
        boolean compressed = type.equals("zTXt") || (international && zero + 1 < data.length && data[zero + 1] == 1);
        int from = zero + (type.equals("tEXt") ? 1 : 2);
        if (international) {
            from = zeroAt(data, zeroAt(data, zero + 3) + 1) + 1;
        }
        if (from > data.length) {
            return;
        }
        Optional<byte[]> text = compressed
                ? inflate(data, from, Provenance.MAX_XMP_BYTES)
                : Optional.of(Arrays.copyOfRange(data, from, Math.min(data.length, from + Provenance.MAX_XMP_BYTES)));
        if (international && keyword.equals(XMP_KEYWORD)) {
            text.ifPresent(provenance::xmp);
        } else {
            text.ifPresent(bytes -> provenance.text(
                    keyword,
                    new String(
                            bytes,
                            0,
                            Math.min(bytes.length, LONGEST_TEXT_BYTES),
                            international ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1)));
        }
    }

    /** Index of the next zero, or the length where there is none. */
    private static int zeroAt(byte[] data, int from) {
        int at = Math.min(from, data.length);
        while (at < data.length && data[at] != 0) {
            at++;
        }
        return at;
    }

    /**
     * iCCP is a name, a zero, the method 0, and the profile in zlib form. A profile that does not inflate, or too far,
     * is ignored.
     */
    private static Optional<byte[]> inflateProfile(byte[] chunk) {
        int zero = zeroAt(chunk, 0);
        return zero + 2 > chunk.length
                ? Optional.empty()
                : inflate(chunk, zero + 2, ImageContainer.MAX_ICC_PROFILE_BYTES);
    }

    private static Optional<byte[]> inflate(byte[] chunk, int from, int most) {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(chunk, from, chunk.length - from);
            ByteArrayOutputStream inflated = new ByteArrayOutputStream();
            byte[] part = new byte[8192];
            while (!inflater.finished()) {
                int count = inflater.inflate(part);
                if (count == 0 || inflated.size() + count > most) {
                    return Optional.empty();
                }
                inflated.write(part, 0, count);
            }
            return Optional.of(inflated.toByteArray());
        } catch (DataFormatException notZlib) {
            return Optional.empty();
        } finally {
            inflater.end();
        }
    }
}
