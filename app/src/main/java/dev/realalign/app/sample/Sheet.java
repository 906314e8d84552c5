package dev.realalign.app.sample;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;

/** Pictures side by side on one sheet; small ones are enlarged in whole steps, so that every pixel stays what it is. */
public final class Sheet {
    private static final int MARGIN = 4;
    private static final int SMALL_BELOW = 128;

    private Sheet() {}

    /** One picture as it is, several in rows of {@code columns}; all of one size. */
    public static BufferedImage of(List<BufferedImage> pictures, int columns) {
        if (pictures.size() == 1) {
            return pictures.get(0);
        }
        int factor = Math.max(1, SMALL_BELOW / pictures.get(0).getWidth());
        int width = pictures.get(0).getWidth() * factor;
        int height = pictures.get(0).getHeight() * factor;
        int rows = (pictures.size() + columns - 1) / columns;
        BufferedImage sheet = new BufferedImage(
                columns * (width + MARGIN) + MARGIN, rows * (height + MARGIN) + MARGIN, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = sheet.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        graphics.setRenderingHint(
                RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
        for (int i = 0; i < pictures.size(); i++) {
            int x = MARGIN + i % columns * (width + MARGIN);
            int y = MARGIN + i / columns * (height + MARGIN);
            graphics.drawImage(pictures.get(i), x, y, width, height, null);
        }
        graphics.dispose();
        return sheet;
    }

    /** Writes a sheet as PNG; the folder is made where it is missing. */
    public static void write(BufferedImage sheet, Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        if (!ImageIO.write(sheet, "png", file.toFile())) {
            throw new IOException("this Java has no PNG encoder");
        }
    }
}
