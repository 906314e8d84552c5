package dev.realalign.evaluation;

import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** Drawn pictures that are a function of their number. */
final class Pictures {
    private static final int SIDE = 32;

    private Pictures() {}

    /** A picture with one negative, the picture upside down in other colours. */
    static EvaluationImage number(int i) {
        return new EvaluationImage(
                id(i), "a photo of a dog", waves(i, false), new TreeMap<>(Map.of("UPSIDE_DOWN", waves(i, true))));
    }

    /** The same picture as its own negative. */
    static EvaluationImage againstItself(int i) {
        return new EvaluationImage(id(i), "", waves(i, false), new TreeMap<>(Map.of("NOTHING", waves(i, false))));
    }

    static String id(int i) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256")
                            .digest(("picture " + i).getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static BufferedImage waves(int i, boolean upsideDown) {
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                int row = upsideDown ? SIDE - 1 - y : y;
                int red = level(Math.sin(0.13 * (i % 5 + 1) * x + 0.05 * i));
                int green = level(Math.cos(0.11 * (i % 3 + 1) * row));
                int blue = level(Math.sin(0.07 * (x + row) + i));
                image.setRGB(x, y, upsideDown ? blue << 16 | red << 8 | green : red << 16 | green << 8 | blue);
            }
        }
        return image;
    }

    private static int level(double wave) {
        return (int) Math.round(127.5 + 127.5 * wave);
    }
}
