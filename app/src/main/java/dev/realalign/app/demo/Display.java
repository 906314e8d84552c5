package dev.realalign.app.demo;

import dev.realalign.app.console.Terminal;
import java.time.Duration;
import java.util.function.Function;

/** Shows how the demo goes: a screen that is redrawn on a terminal, a line every few seconds elsewhere. */
final class Display {
    private static final Duration REDRAW = Duration.ofMillis(500);
    private static final Duration LINE = Duration.ofSeconds(5);

    private final Terminal terminal;
    private final Function<String, Snapshot> look;
    private String phase = "starting";
    private long shown = Long.MIN_VALUE / 2;

    /**
     * A display.
     *
     * @param look makes a snapshot for a phase
     */
    Display(Terminal terminal, Function<String, Snapshot> look) {
        this.terminal = terminal;
        this.look = look;
    }

    /** Goes over to a phase and shows it at once. */
    void phase(String words) {
        if (!words.equals(phase)) {
            phase = words;
            print();
        }
    }

    /** Shows the present, unless it was shown a moment ago. */
    void show() {
        if (System.nanoTime() - shown >= (terminal.redraws() ? REDRAW : LINE).toNanos()) {
            print();
        }
    }

    private void print() {
        shown = System.nanoTime();
        Snapshot now = look.apply(phase);
        if (terminal.redraws()) {
            terminal.draw(Summary.screen(now));
        } else {
            terminal.line(Summary.line(now));
        }
    }
}
