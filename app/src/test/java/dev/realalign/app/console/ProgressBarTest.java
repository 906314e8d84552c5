package dev.realalign.app.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
    private final StringWriter written = new StringWriter();
    private final long[] clock = {0};

    @Test
    void aTerminalGetsOneLineThatIsDrawnOver() {
        ProgressBar bar = new ProgressBar(new Terminal(new PrintWriter(written), true), "pictures", 40, () -> clock[0]);
        clock[0] = Duration.ofMillis(100).toNanos();
        bar.show(1);
        assertThat(written.toString()).as("too soon to redraw").isEmpty();
        clock[0] = Duration.ofSeconds(2).toNanos();
        bar.show(20);
        clock[0] = Duration.ofSeconds(4).toNanos();
        bar.finish(40);
        assertThat(written.toString())
                .isEqualTo(
                        "\u001b[2K[###############...............] 20 of 40 pictures, 10 a second\n\u001b[J"
                                + "\u001b[1A\r\u001b[2K[##############################] 40 of 40 pictures, 10 a second\n\u001b[J");
    }

    @Test
    void aFileGetsAPlainLineEveryFiveSecondsAndAtTheEnd() {
        ProgressBar bar =
                new ProgressBar(new Terminal(new PrintWriter(written), false), "pictures", 2000, () -> clock[0]);
        for (int second = 1; second <= 11; second++) {
            clock[0] = Duration.ofSeconds(second).toNanos();
            bar.show(second * 100L);
        }
        bar.finish(2000);
        assertThat(written.toString().lines())
                .containsExactly(
                        "500 of 2,000 pictures, 100 a second",
                        "1,000 of 2,000 pictures, 100 a second",
                        "2,000 of 2,000 pictures, 182 a second");
    }
}
