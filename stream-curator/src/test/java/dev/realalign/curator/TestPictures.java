package dev.realalign.curator;

import dev.realalign.curator.image.RgbImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Assumptions;

/**
 * Pictures for tests: drawn by formula, taken from the commons-imaging test jar, or photographs where they are at hand.
 */
public final class TestPictures {

    private TestPictures() {}

    /**
     * A scene of smooth sky, striped ground, a disc and a box: edges, texture and flat parts, different in each
     * quarter.
     */
    public static RgbImage scene(int width, int height) {
        byte[] rgb = new byte[width * height * RgbImage.CHANNELS];
        int to = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double u = (x + 0.5) / width;
                double v = (y + 0.5) / height;
                int colour = colourAt(u, v);
                rgb[to++] = (byte) (colour >> 16);
                rgb[to++] = (byte) (colour >> 8);
                rgb[to++] = (byte) colour;
            }
        }
        return new RgbImage(width, height, rgb);
    }

    private static int colourAt(double u, double v) {
        if ((u - 0.7) * (u - 0.7) + (v - 0.3) * (v - 0.3) < 0.16 * 0.16) {
            return 0xF5C542;
        }
        if (u > 0.12 && u < 0.45 && v > 0.42 && v < 0.82) {
            boolean window = (int) (u * 24) % 2 == 0 && (int) (v * 16) % 2 == 0;
            return window ? 0x2B3A55 : 0xB5482F;
        }
        if (v > 0.66) {
            double stripe = StrictMath.sin(60 * (u + v * v));
            return rgb(90 + 40 * stripe, 150 + 40 * stripe, 70);
        }
        return rgb(90 + 120 * v, 150 + 80 * v, 235 - 40 * u);
    }

    private static int rgb(double red, double green, double blue) {
        return (int) red << 16 | (int) green << 8 | (int) blue;
    }

    /** Clouds and some grain: every seed makes a picture of its own, which stays alike at every size. */
    public static RgbImage clouds(long seed, int width, int height) {
        Random random = new Random(seed);
        double[][] waves = new double[40][];
        for (int i = 0; i < waves.length; i++) {
            waves[i] = new double[] {
                12 * random.nextDouble(), 12 * random.nextDouble(), 2 * Math.PI * random.nextDouble(), random.nextInt(3)
            };
        }
        byte[] rgb = new byte[width * height * RgbImage.CHANNELS];
        int to = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double[] colour = {128, 128, 128};
                for (double[] wave : waves) {
                    double u = wave[0] * (x + 0.5) / width + wave[1] * (y + 0.5) / height;
                    double level = 12 * StrictMath.sin(2 * u + wave[2]);
                    colour[(int) wave[3]] += 2 * level;
                    colour[1] += level;
                }
                int grain = (x * 7 + y * 13) % 5 - 2;
                for (double channel : colour) {
                    rgb[to++] = (byte) Math.max(0, Math.min(255, Math.round(channel) + 4 * grain));
                }
            }
        }
        return new RgbImage(width, height, rgb);
    }

    /** One colour everywhere. */
    public static RgbImage flat(int width, int height, int colour) {
        byte[] rgb = new byte[width * height * RgbImage.CHANNELS];
        for (int i = 0; i < rgb.length; i += RgbImage.CHANNELS) {
            rgb[i] = (byte) (colour >> 16);
            rgb[i + 1] = (byte) (colour >> 8);
            rgb[i + 2] = (byte) colour;
        }
        return new RgbImage(width, height, rgb);
    }

    /** As a java.awt picture of the given type. */
    public static BufferedImage buffered(RgbImage image, int type) {
        BufferedImage buffered = new BufferedImage(image.width(), image.height(), type);
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                int at = image.index(x, y);
                buffered.setRGB(
                        x,
                        y,
                        0xFF000000
                                | (image.rgb()[at] & 0xFF) << 16
                                | (image.rgb()[at + 1] & 0xFF) << 8
                                | (image.rgb()[at + 2] & 0xFF));
            }
        }
        return buffered;
    }

    /** As a file of an ImageIO format: jpeg, png, gif, bmp, tiff. */
    public static byte[] file(RgbImage image, String format) {
        return file(buffered(image, BufferedImage.TYPE_INT_RGB), format);
    }

    /** As a file of an ImageIO format: jpeg, png, gif, bmp, tiff. */
    public static byte[] file(BufferedImage image, String format) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            if (!ImageIO.write(image, format, out)) {
                throw new IllegalArgumentException("no writer for " + format);
            }
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A JPEG with one more segment right behind its start. */
    public static byte[] withSegment(byte[] jpeg, int marker, byte[] payload) {
        ByteBuffer file = ByteBuffer.allocate(jpeg.length + payload.length + 4);
        file.put(jpeg, 0, 2).put((byte) 0xFF).put((byte) marker).putShort((short) (payload.length + 2));
        file.put(payload).put(jpeg, 2, jpeg.length - 2);
        return file.array();
    }

    /** A PNG with one more chunk right behind its header. */
    public static byte[] withChunk(byte[] png, String type, byte[] data) {
        int behindHeader = 8 + 25;
        ByteBuffer file = ByteBuffer.allocate(png.length + data.length + 12);
        file.put(png, 0, behindHeader).put(chunk(type, data)).put(png, behindHeader, png.length - behindHeader);
        return file.array();
    }

    /** A PNG chunk with a right checksum. */
    public static byte[] chunk(String type, byte[] data) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        return ByteBuffer.allocate(data.length + 12)
                .putInt(data.length)
                .put(name)
                .put(data)
                .putInt((int) crc.getValue())
                .array();
    }

    /** EXIF data (big-endian TIFF structure) that holds an orientation and nothing else. */
    public static byte[] exif(int orientation) {
        return ByteBuffer.allocate(26)
                .put("MM".getBytes(StandardCharsets.US_ASCII))
                .putShort((short) 42)
                .putInt(8)
                .putShort((short) 1)
                .putShort((short) 0x0112)
                .putShort((short) 3)
                .putInt(1)
                .putShort((short) orientation)
                .putShort((short) 0)
                .putInt(0)
                .array();
    }

    /** The payload of a JPEG's APP1 segment for EXIF data. */
    public static byte[] exifSegment(byte[] exif) {
        return ByteBuffer.allocate(6 + exif.length)
                .put("Exif\0\0".getBytes(StandardCharsets.US_ASCII))
                .put(exif)
                .array();
    }

    /** Several byte arrays as one. */
    public static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    /** A file of the commons-imaging test jar. */
    public static byte[] commonsImaging(String name) {
        try (InputStream in = TestPictures.class.getResourceAsStream("/" + name)) {
            if (in == null) {
                throw new IllegalArgumentException("the commons-imaging test jar has no " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Every file of the commons-imaging test jar that is no class, by name. */
    public static Map<String, byte[]> commonsImaging() {
        URL known = TestPictures.class.getResource("/data/images/info.txt");
        if (known == null) {
            throw new IllegalStateException("the commons-imaging test jar is not on the class path");
        }
        try {
            JarURLConnection connection = (JarURLConnection) known.openConnection();
            connection.setUseCaches(false);
            try (JarFile jar = connection.getJarFile()) {
                Map<String, byte[]> files = new TreeMap<>();
                for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); ) {
                    JarEntry entry = entries.nextElement();
                    if (!entry.isDirectory() && !entry.getName().endsWith(".class")) {
                        files.put(entry.getName(), jar.getInputStream(entry).readAllBytes());
                    }
                }
                return files;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Photographs of 400 to 640 pixels; skips the test where they are not at hand. */
    public static Map<String, byte[]> largePhotographs() {
        Map<String, byte[]> photographs = new TreeMap<>();
        for (String name : new String[] {"astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"}) {
            photographs.put(name, read(shared("photos/large/" + name)));
        }
        return photographs;
    }

    /** The first photographs of 32x32 pixels; skips the test where they are not at hand. */
    public static Map<String, byte[]> smallPhotographs(int count) {
        Map<String, byte[]> photographs = new TreeMap<>();
        try (ZipFile zip = new ZipFile(shared("photos/cifar10-8k.zip").toFile())) {
            for (Enumeration<? extends ZipEntry> entries = zip.entries();
                    entries.hasMoreElements() && photographs.size() < count; ) {
                ZipEntry entry = entries.nextElement();
                if (entry.getName().endsWith(".jpg")) {
                    photographs.put(entry.getName(), zip.getInputStream(entry).readAllBytes());
                }
            }
            return photographs;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path shared(String name) {
        Path file = Path.of(System.getProperty("realalign.shared", "shared"), name);
        Assumptions.assumeTrue(Files.isRegularFile(file), name + " is not at hand: this test needs its photographs");
        return file;
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
