package dev.realalign.app.inspect;

import dev.realalign.schemas.PairGap;
import dev.realalign.schemas.PreferenceTriple;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/** What a sheet shows of triples. */
public final class TripleRows {
    /** What the columns of pictures show. */
    public static final List<String> HEADINGS = List.of("real", "mask", "negative", "difference x 4");

    private static final int DIFFERENCE_SHOWN = 4;
    private static final int ID_SHOWN = 12;

    private TripleRows() {}

    /** A row for a triple. */
    public static SheetRow of(PreferenceTriple triple) {
        Optional<BufferedImage> real = picture(triple.getReal());
        Optional<BufferedImage> negative = picture(triple.getNegative());
        return new SheetRow(
                List.of(
                        real,
                        picture(triple.getMask()),
                        negative,
                        real.flatMap(r -> negative.flatMap(n -> difference(r, n)))),
                lines(triple));
    }

    static List<String> lines(PreferenceTriple triple) {
        List<String> lines = new ArrayList<>();
        lines.add(format("%s %.2f", triple.getKind(), triple.getStrength()) + generator(triple));
        lines.add("caption: " + (triple.getCaption().isEmpty() ? "none" : triple.getCaption()));
        PairGap gap = triple.getGap();
        if (gap != null) {
            lines.add(format("%s %.4f, %s", gap.getMeasure(), gap.getValue(), gap.getRule()) + rank(gap));
        }
        if (!triple.getScores().isEmpty()) {
            lines.add("scores: " + numbers(triple.getScores()));
        }
        lines.add(format("RMS difference %.1f", triple.getRmsDifference())
                + (triple.getFallback() == null ? "" : ", instead of a generated one: " + triple.getFallback()));
        triple.getShadow().forEach(found -> lines.add("shadow " + found.getReason() + ": " + found.getEvidence()));
        lines.add(triple.getImageId()
                        .substring(0, Math.min(ID_SHOWN, triple.getImageId().length())) + ", " + triple.getSource());
        return lines;
    }

    private static String generator(PreferenceTriple triple) {
        if (triple.getGeneratorModel() == null) {
            return "";
        }
        return " by " + triple.getGeneratorModel()
                + (triple.getGeneratorVersion() == null ? " (base)" : " version " + triple.getGeneratorVersion());
    }

    private static String rank(PairGap gap) {
        return gap.getRank() == null
                ? ""
                : format(
                        "; rank %.4f, least %s of %d",
                        gap.getRank(),
                        gap.getRankLeast() == null ? "-" : format("%.4f", gap.getRankLeast()),
                        gap.getWindow());
    }

    /** Names with numbers, in the order of the names. */
    static String numbers(Map<String, Double> values) {
        List<String> named = new ArrayList<>();
        new TreeMap<>(values).forEach((name, value) -> named.add(name + " " + format("%.4g", value)));
        return String.join(", ", named);
    }

    /** A picture; empty where there are no bytes, or bytes that are none. */
    static Optional<BufferedImage> picture(@Nullable ByteBuffer png) {
        if (png == null || !png.hasRemaining()) {
            return Optional.empty();
        }
        byte[] bytes = new byte[png.remaining()];
        png.duplicate().get(bytes);
        try {
            return Optional.ofNullable(ImageIO.read(new ByteArrayInputStream(bytes)));
        } catch (IOException | RuntimeException damaged) {
            return Optional.empty();
        }
    }

    /** Absolute differences, enlarged so that small ones are seen. */
    static Optional<BufferedImage> difference(BufferedImage real, BufferedImage negative) {
        if (real.getWidth() != negative.getWidth() || real.getHeight() != negative.getHeight()) {
            return Optional.empty();
        }
        BufferedImage difference = new BufferedImage(real.getWidth(), real.getHeight(), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < real.getHeight(); y++) {
            for (int x = 0; x < real.getWidth(); x++) {
                int one = real.getRGB(x, y);
                int other = negative.getRGB(x, y);
                int shown = 0;
                for (int shift = 16; shift >= 0; shift -= 8) {
                    int distance = Math.abs((one >> shift & 0xFF) - (other >> shift & 0xFF));
                    shown |= Math.min(255, DIFFERENCE_SHOWN * distance) << shift;
                }
                difference.setRGB(x, y, shown);
            }
        }
        return Optional.of(difference);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
