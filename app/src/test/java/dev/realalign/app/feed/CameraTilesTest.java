package dev.realalign.app.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.ImageId;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class CameraTilesTest {
    private static final int SIDE = 32;

    @Test
    void theTilesAreManyDistinctFullOfContrastAndInTheSameOrderEachTime() throws IOException {
        List<String> first = new ArrayList<>();
        List<String> names = new ArrayList<>();
        try (ImageSource tiles = new CameraTiles(SIDE, "a caption")) {
            assertThat(tiles.count()).isBetween(1_500L, 6_000L);
            for (Iterator<SourceImage> all = tiles.iterator(); all.hasNext(); ) {
                SourceImage tile = all.next();
                first.add(idOf(tile));
                names.add(tile.name());
                assertThat(tile.note().open().caption()).isEqualTo("a caption");
            }
            assertThat(first).hasSize((int) tiles.count()).doesNotHaveDuplicates();
            assertThat(names).doesNotHaveDuplicates();
            BufferedImage one = ImageIO.read(tiles.iterator().next().content().open());
            assertThat(one.getWidth()).isEqualTo(SIDE);
            assertThat(one.getHeight()).isEqualTo(SIDE);
        }
        List<String> second = new ArrayList<>();
        for (Iterator<SourceImage> all = new CameraTiles(SIDE, "").iterator(); all.hasNext(); ) {
            second.add(idOf(all.next()));
        }
        assertThat(second).isEqualTo(first);
    }

    @Test
    void anyHundredTilesInARowShowEveryPhotograph() {
        List<String> names = new ArrayList<>();
        new CameraTiles(SIDE, "").iterator().forEachRemaining(tile -> names.add(tile.name()));
        for (int start = 0; start + 100 <= names.size(); start += 100) {
            List<String> some = names.subList(start, start + 100);
            for (String photograph : CameraTiles.PHOTOGRAPHS) {
                String file = Path.of(photograph).getFileName().toString();
                assertThat(some).as("tiles %s to %s", start, start + 99).anyMatch(name -> name.startsWith(file));
            }
        }
    }

    private static String idOf(SourceImage tile) throws IOException {
        try (InputStream in = tile.content().open()) {
            return ImageId.of(in.readAllBytes()).hex();
        }
    }
}
