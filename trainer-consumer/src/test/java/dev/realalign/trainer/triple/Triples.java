package dev.realalign.trainer.triple;

import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.TrustedRecords;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Random;
import javax.imageio.ImageIO;

/** Triples for tests: pictures of coloured blocks, the negative with noise in one quarter. */
public final class Triples {
    static {
        TrustedRecords.allow();
    }

    private Triples() {}

    public static String imageId(int number) {
        return Sha256.hex(("image " + number).getBytes(StandardCharsets.UTF_8));
    }

    public static PreferenceTriple triple(int number, int resolution) {
        return draft(number, resolution).build();
    }

    public static PreferenceTriple.Builder draft(int number, int resolution) {
        Random random = new Random(number);
        BufferedImage real = new BufferedImage(resolution, resolution, BufferedImage.TYPE_INT_RGB);
        int block = Math.max(1, resolution / 4);
        for (int y = 0; y < resolution; y++) {
            for (int x = 0; x < resolution; x++) {
                real.setRGB(x, y, new Random(number * 1000L + (y / block) * 7L + x / block).nextInt(1 << 24));
            }
        }
        BufferedImage negative = new BufferedImage(resolution, resolution, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < resolution; y++) {
            for (int x = 0; x < resolution; x++) {
                boolean changed = x < resolution / 2 && y < resolution / 2;
                negative.setRGB(x, y, changed ? random.nextInt(1 << 24) : real.getRGB(x, y));
            }
        }
        return draft(number, "a photo of a block", png(real), png(negative), resolution);
    }

    public static PreferenceTriple triple(int number, String caption, byte[] real, byte[] negative, int resolution) {
        return draft(number, caption, real, negative, resolution).build();
    }

    private static PreferenceTriple.Builder draft(
            int number, String caption, byte[] real, byte[] negative, int resolution) {
        return PreferenceTriple.newBuilder()
                .setImageId(imageId(number))
                .setCaption(caption)
                .setReal(ByteBuffer.wrap(real))
                .setNegative(ByteBuffer.wrap(negative))
                .setWidth(resolution)
                .setHeight(resolution)
                .setKind("LOCAL_NOISE")
                .setStrength(0.5)
                .setSeed((long) number)
                .setRegion(null)
                .setRmsDifference(20.0)
                .setRecord(new RecordPosition(0, (long) number))
                .setSource("test/" + number)
                .setCuratorVersion("test")
                .setGeneratorVersion(null)
                .setIngestTime(Instant.ofEpochMilli(1_700_000_000_000L + number))
                .setEventTime(null)
                .setAcceptedAt(Instant.ofEpochMilli(1_700_000_001_000L + number));
    }

    public static TrainingPair pair(int number, int resolution) {
        try {
            return TrainingPair.of(imageId(number), triple(number, resolution), resolution);
        } catch (UnusableTripleException e) {
            throw new IllegalStateException(e);
        }
    }

    public static byte[] png(BufferedImage image) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
