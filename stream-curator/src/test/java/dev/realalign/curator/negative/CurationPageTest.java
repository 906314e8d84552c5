package dev.realalign.curator.negative;

import static dev.realalign.curator.TestPictures.scene;
import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.image.DamagedImageException;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.PngEncoder;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.image.TrainingPicture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Keeps docs/curation.md and its pictures true. */
class CurationPageTest {
    private static final int SIDE = 128;
    private static final double STRENGTH = 0.6;
    /** Chosen so that every local kind meets the house or the sun. */
    private static final long SEED = 4;

    private static final Path DOCS = Path.of(System.getProperty("realalign.home"), "docs");
    private static final Pattern NAMED_IN_FIRST_COLUMN = Pattern.compile("(?m)^\\| `([A-Z_]+)` \\|");

    @Test
    void the_page_lists_every_reason_in_order_and_then_every_kind() throws IOException {
        String page = Files.readString(DOCS.resolve("curation.md"));

        assertThat(NAMED_IN_FIRST_COLUMN.matcher(page).results().map((MatchResult row) -> row.group(1)))
                .containsExactly(Stream.concat(
                                Arrays.stream(Reason.values()).map(Reason::name),
                                Arrays.stream(NegativeKind.values()).map(NegativeKind::name))
                        .toArray(String[]::new));
        for (NegativeKind kind : perturbations()) {
            assertThat(page).contains("](images/" + fileName(kind) + ")");
        }
    }

    @Test
    void the_real_picture_of_the_page_is_the_one_its_negatives_are_made_of() throws Exception {
        assertFresh("real.png", scene(SIDE, SIDE));
    }

    @ParameterizedTest
    @MethodSource("perturbations")
    void the_picture_of_every_kind_is_what_the_kind_makes_today(NegativeKind kind) throws Exception {
        Negative negative = PerturbedNegatives.make(kind, scene(SIDE, SIDE), STRENGTH, SEED);

        assertFresh(fileName(kind), negative.image());
    }

    static List<NegativeKind> perturbations() {
        return Arrays.stream(NegativeKind.values())
                .filter(kind -> !kind.isGenerated())
                .toList();
    }

    private static void assertFresh(String name, RgbImage fresh) throws IOException, DamagedImageException {
        Path file = DOCS.resolve("images").resolve(name);
        if (Boolean.getBoolean("realalign.write.docs")) {
            Files.createDirectories(file.getParent());
            Files.write(file, PngEncoder.encode(fresh));
        }
        RgbImage shown = new TrainingPicture(SIDE, 0).of(ImageContainer.read(Files.readAllBytes(file), ImageType.PNG));
        // another JDK's JPEG may round differently
        assertThat(shown.rmsDifference(fresh))
                .as("%s; draw it anew with -Drealalign.write.docs=true", file)
                .isLessThan(1);
    }

    private static String fileName(NegativeKind kind) {
        return "negative-" + kind.name().toLowerCase(Locale.ROOT).replace('_', '-') + ".png";
    }
}
