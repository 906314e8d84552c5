package dev.realalign.curator.image;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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

    private final ByteBuffer file;
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
                ImageType.GIF, width, height, 1, file.array(), Optional.empty(), Optional.empty(), damage);
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
                        skip(1);
                        skipSubBlocks();
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

    /** Fails with IllegalArgumentException behind the end of the file. */
    private void skip(int bytes) {
        file.position(file.position() + bytes);
    }
}
