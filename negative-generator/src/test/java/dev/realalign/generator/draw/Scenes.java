package dev.realalign.generator.draw;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;

/** Small pictures with one thing in them, a different one for each number. */
final class Scenes {
    private Scenes() {}

    static Subject subject(int number, int side) {
        return new Subject("a photo of a ship", 1000 + number, picture(number, side));
    }

    static BufferedImage picture(int number, int side) {
        BufferedImage picture = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        Graphics2D pen = picture.createGraphics();
        pen.setPaint(new GradientPaint(0, 0, new Color(90, 140, 200), 0, side, new Color(60, 110, 60)));
        pen.fillRect(0, 0, side, side);
        pen.setColor(new Color(220, 40 * (number % 5), 30));
        pen.fillRect(side / 4 + number % 3, side / 3, side / 4, side / 4);
        pen.dispose();
        return picture;
    }

    static BufferedImage oneColour(int side) {
        BufferedImage picture = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        Graphics2D pen = picture.createGraphics();
        pen.setColor(Color.GRAY);
        pen.fillRect(0, 0, side, side);
        pen.dispose();
        return picture;
    }
}
