package dev.realalign.curator.image;

import com.drew.metadata.exif.ExifDirectoryBase;
import java.util.Arrays;

/**
 * How a stored picture must be turned to stand upright: the eight values of EXIF tag 0x0112 (CIPA DC-008, 4.6.5.1.6).
 * Each value names the side of the upright picture where row 0 and column 0 of the stored one lie.
 */
public enum Orientation {
    TOP_LEFT(1, false, false, false),
    TOP_RIGHT(2, false, true, false),
    BOTTOM_RIGHT(3, false, true, true),
    BOTTOM_LEFT(4, false, false, true),
    LEFT_TOP(5, true, false, false),
    RIGHT_TOP(6, true, true, false),
    RIGHT_BOTTOM(7, true, true, true),
    LEFT_BOTTOM(8, true, false, true);

    private final int exifValue;
    /** Whether stored rows become upright columns. */
    private final boolean transposed;
    /** Whether the upright picture is mirrored left to right after the transposition. */
    private final boolean mirroredX;
    /** Whether the upright picture is mirrored top to bottom after the transposition. */
    private final boolean mirroredY;

    Orientation(int exifValue, boolean transposed, boolean mirroredX, boolean mirroredY) {
        this.exifValue = exifValue;
        this.transposed = transposed;
        this.mirroredX = mirroredX;
        this.mirroredY = mirroredY;
    }

    /** The value of the EXIF tag. */
    public int exifValue() {
        return exifValue;
    }

    /**
     * The orientation in EXIF data; {@link #TOP_LEFT} where it is absent, unreadable or out of range, as viewers do.
     */
    public static Orientation ofExif(byte[] exif) {
        Integer value = FirstTiffDirectory.read(exif).getInteger(ExifDirectoryBase.TAG_ORIENTATION);
        return Arrays.stream(values())
                .filter(orientation -> value != null && orientation.exifValue == value)
                .findFirst()
                .orElse(TOP_LEFT);
    }

    /** Whether width and height change places. */
    public boolean isTransposed() {
        return transposed;
    }

    /** The stored picture turned upright. */
    public RgbImage apply(RgbImage stored) {
        if (this == TOP_LEFT) {
            return stored;
        }
        int width = transposed ? stored.height() : stored.width();
        int height = transposed ? stored.width() : stored.height();
        byte[] from = stored.rgb();
        byte[] upright = new byte[from.length];
        int to = 0;
        for (int y = 0; y < height; y++) {
            int v = mirroredY ? height - 1 - y : y;
            for (int x = 0; x < width; x++) {
                int u = mirroredX ? width - 1 - x : x;
                int at = transposed ? stored.index(v, u) : stored.index(u, v);
                upright[to++] = from[at];
                upright[to++] = from[at + 1];
                upright[to++] = from[at + 2];
            }
        }
        return new RgbImage(width, height, upright);
    }
}
