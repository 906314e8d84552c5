package dev.realalign.generator.mask;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class MaskRulesTest {
    private static final MaskRules RULES = new MaskRules(0, 0.05, 0.9);

    @Test
    @DisplayName("A pixel belongs to the mask from 0.5 on")
    void threshold() {
        float[] values = {0, 0.4999f, 0.5f, 0.5001f};

        MaskRules.Outcome outcome = RULES.apply(new SaliencyMap(2, 2, values));

        assertThat(outcome).isInstanceOfSatisfying(MaskRules.Usable.class, usable -> assertThat(
                        usable.mask().inside())
                .containsExactly(false, false, true, true));
    }

    @Test
    @DisplayName("Constant maps, and such with values that are no numbers, are empty masks")
    void constant() {
        float[] broken = {0, Float.NaN, 1, 1};
        float[] nothingButNaN = {Float.NaN, Float.NaN, Float.NaN, Float.NaN};
        String evidence = "the saliency map is constant: nothing stands out";

        assertThat(RULES.apply(new SaliencyMap(2, 2, new float[4])))
                .isEqualTo(new MaskRules.Useless(MaskRules.Flaw.EMPTY_MASK, evidence));
        assertThat(RULES.apply(new SaliencyMap(2, 2, new float[] {1, 1, 1, 1})))
                .isEqualTo(new MaskRules.Useless(MaskRules.Flaw.EMPTY_MASK, evidence));
        assertThat(RULES.apply(new SaliencyMap(2, 2, nothingButNaN)))
                .isEqualTo(new MaskRules.Useless(MaskRules.Flaw.EMPTY_MASK, evidence));
        assertThat(RULES.apply(new SaliencyMap(2, 2, broken))).isInstanceOf(MaskRules.Useless.class);
    }

    @Test
    @DisplayName("A mask outside its bounds is refused with its share and the bound")
    void bounds() {
        float[] little = new float[100];
        Arrays.fill(little, 0, 4, 1);
        float[] much = new float[100];
        Arrays.fill(much, 0, 91, 1);
        float[] enough = new float[100];
        Arrays.fill(enough, 0, 5, 1);

        assertThat(RULES.apply(new SaliencyMap(10, 10, little)))
                .isEqualTo(new MaskRules.Useless(
                        MaskRules.Flaw.EMPTY_MASK, "4.0 % of the picture stands out; at least 5.0 % must"));
        assertThat(RULES.apply(new SaliencyMap(10, 10, much)))
                .isEqualTo(new MaskRules.Useless(
                        MaskRules.Flaw.FULL_MASK, "91.0 % of the picture stands out; at most 90.0 % may"));
        assertThat(RULES.apply(new SaliencyMap(10, 10, enough))).isInstanceOf(MaskRules.Usable.class);
    }

    @Test
    @DisplayName("Dilation grows a pixel to a square and stops at the borders")
    void dilation() {
        boolean[] one = new boolean[5 * 4];
        one[0] = true; // the corner
        one[2 * 5 + 3] = true;

        boolean[] grown = new Mask(5, 4, one).dilated(1).inside();

        assertThat(picture(grown, 5)).containsExactly("##...", "#####", "..###", "..###");
    }

    private static String[] picture(boolean[] inside, int width) {
        String[] rows = new String[inside.length / width];
        for (int y = 0; y < rows.length; y++) {
            StringBuilder row = new StringBuilder();
            for (int x = 0; x < width; x++) {
                row.append(inside[y * width + x] ? '#' : '.');
            }
            rows[y] = row.toString();
        }
        return rows;
    }
}
