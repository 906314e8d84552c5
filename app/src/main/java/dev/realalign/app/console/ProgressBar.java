package dev.realalign.app.console;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/** A bar that is redrawn on a terminal; elsewhere a plain line every few seconds. */
public final class ProgressBar {
    private static final Duration REDRAW = Duration.ofMillis(200);
    private static final Duration LINE = Duration.ofSeconds(5);
    private static final int WIDTH = 30;

    private final Terminal terminal;
    private final String unit;
    private final long total;
    private final LongSupplier nanoTime;
    private final long started;
    private long shown;

    /**
     * A bar at zero.
     *
     * @param unit what is counted, in the plural
     * @param total how many there will be
     */
    public ProgressBar(Terminal terminal, String unit, long total) {
        this(terminal, unit, total, System::nanoTime);
    }

    ProgressBar(Terminal terminal, String unit, long total, LongSupplier nanoTime) {
        this.terminal = terminal;
        this.unit = unit;
        this.total = total;
        this.nanoTime = nanoTime;
        started = nanoTime.getAsLong();
        shown = started;
    }

    /** Shows the count, unless it was shown a moment ago. */
    public void show(long done) {
        long now = nanoTime.getAsLong();
        if (now - shown >= (terminal.redraws() ? REDRAW : LINE).toNanos()) {
            shown = now;
            print(done, now);
        }
    }

    /** Shows the final count, whenever the last one was shown. */
    public void finish(long done) {
        print(done, nanoTime.getAsLong());
        terminal.keep();
    }

    private void print(long done, long now) {
        double rate = done / Math.max(1e-9, (now - started) / 1e9);
        String numbers = String.format(Locale.ROOT, "%,d of %,d %s, %.0f a second", done, total, unit, rate);
        if (terminal.redraws()) {
            int filled = total == 0 ? WIDTH : Math.toIntExact(Math.min(WIDTH, done * WIDTH / total));
            terminal.draw(List.of("[" + "#".repeat(filled) + ".".repeat(WIDTH - filled) + "] " + numbers));
        } else {
            terminal.line(numbers);
        }
    }
}
