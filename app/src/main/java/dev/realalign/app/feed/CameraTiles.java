package dev.realalign.app.feed;

import dev.realalign.runtime.UserErrorException;
import java.awt.Graphics2D;
import java.awt.Image;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/**
 * The demo's own pictures: square tiles cut at several scales from camera photographs on the class path (the test photographs of Apache Commons
 * Imaging, Apache-2.0). A coarse tile shows a whole thing, a fine one a texture; tiles with hardly any contrast (sky, walls) and repeats are left out.
 * The order mixes photographs and scales evenly and is the same on every run.
 */
public final class CameraTiles implements ImageSource {
    /** Chosen by eye: photographs a camera took, in colour, larger than a thumbnail; drawings, scans and test charts are not among them. */
    static final List<String> PHOTOGRAPHS = List.of(
            "/data/images/jpg/1/Canon Powershot SD750 - 2007.12.26.n.IMG_3704.JPG",
            "/data/images/jpg/1/Nikon D50 - 2007.12.19.n.DSC_3656.JPG",
            "/data/images/jpg/1/Oregon Scientific DS6639 - DSC_0307.JPG",
            "/data/images/jpg/2/2008-07-27+-+Photo+216+-+WE+a+l'etang+de+Blodelsheim.jpg",
            "/data/images/jpg/3/img_F028c_small.jpg");

    /** Tiles along the shorter side of a photograph, one entry per scale. */
    private static final int[] TILES_PER_SIDE = {3, 5, 8, 13, 20};

    /** Tiles whose luma has a smaller standard deviation (in 8-bit levels) are flat. */
    private static final double FLAT_BELOW = 12;

    private final Note note;
    private final List<Tile> tiles = new ArrayList<>();

    /**
     * Cuts the photographs.
     *
     * @param side side of a tile in pixels: the resolution of the model that will learn from it
     * @param caption caption of every tile, empty for none
     * @throws UserErrorException when the photographs are not on the class path
     */
    public CameraTiles(int side, String caption) {
        this.note = new Note(caption, ImageFacts.UNKNOWN);
        Set<List<Integer>> seen = new HashSet<>();
        for (String photograph : PHOTOGRAPHS) {
            BufferedImage full = photograph(photograph);
            @Nullable BufferedImage largest = null;
            for (int scale = TILES_PER_SIDE.length - 1; scale >= 0; scale--) {
                int shorter = TILES_PER_SIDE[scale] * side;
                if (shorter <= Math.min(full.getWidth(), full.getHeight())) {
                    BufferedImage scaled = scaledTo(largest == null ? full : largest, shorter);
                    largest = largest == null ? scaled : largest;
                    cut(scaled, side, photograph, tiles, seen);
                }
            }
        }
        tiles.sort(Comparator.comparingDouble(Tile::place).thenComparing(Tile::name));
    }

    @Override
    public long count() {
        return tiles.size();
    }

    @Override
    public Iterator<SourceImage> iterator() {
        return tiles.stream()
                .map(tile -> new SourceImage(tile.name, () -> new ByteArrayInputStream(tile.png()), () -> note))
                .iterator();
    }

    @Override
    public List<String> unusedCaptions() {
        return List.of();
    }

    @Override
    public void close() {}

    /** A tile of a scaled photograph; {@code place} in [0, 1) is its place among the tiles of the same photograph and scale. */
    private record Tile(String name, BufferedImage scaled, int x, int y, int side, double place) {
        byte[] png() throws IOException {
            ByteArrayOutputStream png = new ByteArrayOutputStream();
            ImageIO.write(scaled.getSubimage(x, y, side, side), "png", png);
            return png.toByteArray();
        }
    }

    /** Cuts one scale and spreads its tiles over the whole stream, in an order that jumps about the photograph. */
    private static void cut(
            BufferedImage scaled, int side, String photograph, List<Tile> tiles, Set<List<Integer>> seen) {
        List<int[]> corners = new ArrayList<>();
        for (int y = 0; y + side <= scaled.getHeight(); y += side) {
            for (int x = 0; x + side <= scaled.getWidth(); x += side) {
                int[] pixels = scaled.getRGB(x, y, side, side, null, 0, side);
                if (lumaDeviation(pixels) >= FLAT_BELOW
                        && seen.add(Arrays.stream(pixels).boxed().toList())) {
                    corners.add(new int[] {x, y});
                }
            }
        }
        String name = photograph.substring(photograph.lastIndexOf('/') + 1);
        for (int i = 0; i < corners.size(); i++) {
            int[] corner = corners.get(i);
            String tileName =
                    "%s@%dx%d+%d+%d".formatted(name, scaled.getWidth(), scaled.getHeight(), corner[0], corner[1]);
            tiles.add(new Tile(tileName, scaled, corner[0], corner[1], side, goldenFraction(i)));
        }
    }

    /** The fractional part of (i + 1/2) times the golden ratio: fills [0, 1) evenly whatever the count, neighbours far apart. */
    private static double goldenFraction(int i) {
        double multiple = (i + 0.5) * 0.6180339887498949;
        return multiple - Math.floor(multiple);
    }

    private static double lumaDeviation(int[] rgb) {
        double sum = 0;
        double squares = 0;
        for (int pixel : rgb) {
            // ITU-R BT.601
            double luma = 0.299 * (pixel >> 16 & 0xFF) + 0.587 * (pixel >> 8 & 0xFF) + 0.114 * (pixel & 0xFF);
            sum += luma;
            squares += luma * luma;
        }
        double mean = sum / rgb.length;
        return Math.sqrt(Math.max(0, squares / rgb.length - mean * mean));
    }

    private static BufferedImage photograph(String resource) {
        try (InputStream in = CameraTiles.class.getResourceAsStream(resource)) {
            BufferedImage image = in == null ? null : ImageIO.read(in);
            if (image == null) {
                throw UserErrorException.failure(
                        "The bundled photograph " + resource
                                + " is not on the class path: build again with ./realalign, or name your own pictures with --images.");
            }
            return image;
        } catch (IOException e) {
            throw new UncheckedIOException("reading the bundled photograph " + resource, e);
        }
    }

    /** Area-averaged, so that a coarse scale has no aliasing; never enlarged. */
    private static BufferedImage scaledTo(BufferedImage image, int shorter) {
        int least = Math.min(image.getWidth(), image.getHeight());
        int width = Math.toIntExact(Math.round((double) image.getWidth() * shorter / least));
        int height = Math.toIntExact(Math.round((double) image.getHeight() * shorter / least));
        BufferedImage scaled = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = scaled.createGraphics();
        graphics.drawImage(image.getScaledInstance(width, height, Image.SCALE_AREA_AVERAGING), 0, 0, null);
        graphics.dispose();
        return scaled;
    }
}
