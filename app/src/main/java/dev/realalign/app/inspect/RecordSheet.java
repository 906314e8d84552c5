package dev.realalign.app.inspect;

import dev.realalign.runtime.UserErrorException;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Draws records one below the other: pictures side by side, what is known about them beside. */
public final class RecordSheet {
    private static final int CELL = 160;
    private static final int MARGIN = 8;
    private static final int TEXT_WIDTH = 520;
    private static final int TEXT_SIZE = 12;
    private static final int LINE = 15;
    private static final Color PAPER = Color.WHITE;
    private static final Color NOTHING = new Color(0xEEEEEE);

    private RecordSheet() {}

    /**
     * The sheet.
     *
     * @param headings one for each column of pictures
     * @throws UserErrorException when this Java finds no font to write with
     */
    public static BufferedImage of(List<String> headings, List<SheetRow> rows) {
        int text = MARGIN + headings.size() * (CELL + MARGIN);
        BufferedImage sheet = new BufferedImage(
                text + TEXT_WIDTH + MARGIN,
                LINE + 2 * MARGIN + rows.size() * (CELL + MARGIN),
                BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = sheet.createGraphics();
        try {
            requireFont(graphics);
            graphics.setColor(PAPER);
            graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
            graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            for (int column = 0; column < headings.size(); column++) {
                write(
                        graphics,
                        headings.get(column),
                        MARGIN + column * (CELL + MARGIN),
                        MARGIN + TEXT_SIZE,
                        CELL,
                        true);
            }
            for (int row = 0; row < rows.size(); row++) {
                draw(graphics, rows.get(row), MARGIN + LINE + MARGIN + row * (CELL + MARGIN), text);
            }
        } finally {
            graphics.dispose();
        }
        return sheet;
    }

    /** A Java without any font fails at the first letter, with an error of its own kind. */
    private static void requireFont(Graphics2D graphics) {
        try {
            graphics.getFontMetrics(font(false)).stringWidth("x");
        } catch (RuntimeException | LinkageError | InternalError e) {
            throw UserErrorException.failure(
                    "This Java finds no font to write with (" + e.getMessage()
                            + "): install fontconfig and a font such as DejaVu Sans.",
                    e);
        }
    }

    private static void draw(Graphics2D graphics, SheetRow row, int top, int text) {
        for (int column = 0; column < row.pictures().size(); column++) {
            int left = MARGIN + column * (CELL + MARGIN);
            Optional<BufferedImage> picture = row.pictures().get(column);
            if (picture.isPresent()) {
                boolean small = picture.get().getWidth() < CELL;
                graphics.setRenderingHint(
                        RenderingHints.KEY_INTERPOLATION,
                        small
                                ? RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR
                                : RenderingHints.VALUE_INTERPOLATION_BICUBIC);
                graphics.drawImage(picture.get(), left, top, CELL, CELL, null);
            } else {
                graphics.setColor(NOTHING);
                graphics.fillRect(left, top, CELL, CELL);
            }
        }
        int y = top + TEXT_SIZE;
        boolean first = true;
        for (String line : row.lines()) {
            for (String part : wrapped(graphics, line)) {
                if (y > top + CELL) {
                    return;
                }
                write(graphics, part, text, y, TEXT_WIDTH, first);
                y += LINE;
            }
            first = false;
        }
    }

    private static void write(Graphics2D graphics, String line, int x, int y, int width, boolean bold) {
        graphics.setColor(Color.BLACK);
        graphics.setFont(font(bold));
        graphics.drawString(cut(graphics.getFontMetrics(), line, width), x, y);
    }

    private static Font font(boolean bold) {
        return new Font(Font.SANS_SERIF, bold ? Font.BOLD : Font.PLAIN, TEXT_SIZE);
    }

    private static String cut(FontMetrics metrics, String line, int width) {
        String shown = line;
        while (!shown.isEmpty() && metrics.stringWidth(shown) > width) {
            shown = shown.substring(0, shown.offsetByCodePoints(shown.length(), -1));
        }
        return shown;
    }

    /** A line in parts that fit; a word longer than the line is cut where it ends. */
    private static List<String> wrapped(Graphics2D graphics, String line) {
        FontMetrics metrics = graphics.getFontMetrics(font(false));
        List<String> parts = new ArrayList<>();
        StringBuilder part = new StringBuilder();
        for (String word : readable(line).split(" ", -1)) {
            if (!part.isEmpty() && metrics.stringWidth(part + " " + word) > TEXT_WIDTH) {
                parts.add(part.toString());
                part.setLength(0);
            }
            part.append(part.isEmpty() ? "" : " ").append(word);
        }
        parts.add(part.toString());
        return parts;
    }

    /** Longest text that is laid out: a sheet has no room for more. */
    static final int LONGEST = 600;

    /** The beginning of a text with everything that is no visible character as a blank, so that nothing but letters is drawn. */
    static String readable(String text) {
        StringBuilder readable = new StringBuilder();
        text.codePoints()
                .limit(LONGEST)
                .map(c -> switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.UNASSIGNED,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR -> ' ';
                    default -> c;
                })
                .forEach(readable::appendCodePoint);
        return readable.toString().strip();
    }
}
