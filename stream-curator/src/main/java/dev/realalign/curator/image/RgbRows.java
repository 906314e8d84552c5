package dev.realalign.curator.image;

/**
 * The rows of a decoded picture as 8-bit RGB, converted one at a time so that a large picture is in memory only once.
 */
interface RgbRows {

    int width();

    int height();

    /** Writes row {@code y} as R, G, B into the first 3 * width bytes. */
    void read(int y, byte[] into);

    /** The rows of a finished picture. */
    static RgbRows of(RgbImage image) {
        return new RgbRows() {
            @Override
            public int width() {
                return image.width();
            }

            @Override
            public int height() {
                return image.height();
            }

            @Override
            public void read(int y, byte[] into) {
                System.arraycopy(image.rgb(), image.index(0, y), into, 0, image.width() * RgbImage.CHANNELS);
            }
        };
    }
}
