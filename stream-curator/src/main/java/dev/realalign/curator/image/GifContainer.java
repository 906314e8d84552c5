package dev.realalign.curator.image;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * The blocks of a GIF file (GIF89a specification). The first frame of an animation counts, at the size it is stored
 * with.
 */
final class GifContainer {

    private static final int SIGNATURE_BYTES = 6;
    private static final int EXTENSION = 0x21;
    private static final int IMAGE = 0x2C;
    private static final int TRAILER = 0x3B;
    private static final int APPLICATION = 0xFF;

    private static final String XMP_APPLICATION = "XMP DataXMP";
    /** C2PA specification 2.1, A.3.6. */
    private static final String C2PA_APPLICATION = "C2PA_GIF\1\0\0";

    private final ByteBuffer file;
    private final Provenance.Collector provenance = new Provenance.Collector();
    private int width;
    private int height;

    private GifContainer(ByteBuffer file) {
        this.file = file.order(ByteOrder.LITTLE_ENDIAN);
    }

    static ImageContainer read(ByteBuffer file) throws DamagedImageException {
        return new GifContainer(file).read();
    }

    private ImageContainer read() throws DamagedImageException {
        Optional<Damage> damage = walk();
        if (width == 0 || height == 0) {
            throw new DamagedImageException(
                    damage.orElseGet(() -> Damage.corrupt("there is no image block with a size")));
        }
        return new ImageContainer(
                ImageType.GIF,
                width,
                height,
                1,
                false,
                file.array(),
                Optional.empty(),
                Optional.empty(),
                provenance.provenance(),
                damage);
    }

    private Optional<Damage> walk() {
        try {
            file.position(SIGNATURE_BYTES + 4);
            int screenFlags = file.get();
            skip(2);
            skipColourTable(screenFlags);
            while (true) {
                int start = file.position();
                int block = file.get() & 0xFF;
                switch (block) {
                    case EXTENSION -> {
                        extension();
                    }
                    case IMAGE -> image();
                    case TRAILER -> {
                        return Optional.empty();
                    }
                    default -> {
                        return Optional.of(Damage.corrupt("no valid block at byte " + start));
                    }
                }
            }
        } catch (BufferUnderflowException | IllegalArgumentException endOfFile) {
            return Optional.of(
                    Damage.truncated("the file ends after " + file.limit() + " bytes without a trailer block"));
        }
    }

    private void extension() {
        if ((file.get() & 0xFF) != APPLICATION) {
            skipSubBlocks();
            return;
        }
        int length = file.get() & 0xFF;
        byte[] application = new byte[length];
        file.get(application);
        switch (new String(application, StandardCharsets.US_ASCII)) {
            case XMP_APPLICATION -> {
                // plain text up to a zero, not in sub-blocks; a "magic trailer" leads block-wise readers out of it
                int start = file.position();
                skipSubBlocks();
                int end = start;
                while (end < file.position() && file.get(end) != 1) {
                    end++;
                }
                provenance.xmp(Arrays.copyOfRange(file.array(), start, end));
            }
            case C2PA_APPLICATION -> provenance.jumbf(subBlocks());
            default -> {
                if (length > 0) {
                    skipSubBlocks();
                }
            }
        }
    }

    private void image() {
        skip(4);
        int frameWidth = file.getShort() & 0xFFFF;
        int frameHeight = file.getShort() & 0xFFFF;
        if (width == 0 && height == 0) {
            width = frameWidth;
            height = frameHeight;
        }
        skipColourTable(file.get());
        skip(1);
        skipSubBlocks();
    }

    private void skipColourTable(int flags) {
        if ((flags & 0x80) != 0) {
            skip(3 << ((flags & 7) + 1));
        }
    }

    private void skipSubBlocks() {
        int length;
        while ((length = file.get() & 0xFF) != 0) {
            skip(length);
        }
    }

    private byte[] subBlocks() {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        int length;
        while ((length = file.get() & 0xFF) != 0) {
            skip(length);
            data.write(file.array(), file.position() - length, length);
        }
        return data.toByteArray();
    }

    /** Fails with IllegalArgumentException behind the end of the file. */
    private void skip(int bytes) {
        file.position(file.position() + bytes);
    }
}
