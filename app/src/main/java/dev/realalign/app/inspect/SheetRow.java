package dev.realalign.app.inspect;

import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Optional;

/**
 * One record on a sheet.
 *
 * @param pictures its pictures from left to right; an empty cell where there is none
 * @param lines what is written beside them, the first one in bold
 */
public record SheetRow(List<Optional<BufferedImage>> pictures, List<String> lines) {
    public SheetRow {
        pictures = List.copyOf(pictures);
        lines = List.copyOf(lines);
    }
}
