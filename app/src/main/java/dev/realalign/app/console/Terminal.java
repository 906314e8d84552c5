package dev.realalign.app.console;

import java.io.PrintWriter;
import java.util.List;

/**
 * Output that is either a terminal, where earlier lines can be drawn over, or a file or pipe, where they cannot.
 */
public final class Terminal {
    private static final String UP = "\u001b[%dA";
    private static final String CLEAR_LINE = "\u001b[2K";
    private static final String CLEAR_BELOW = "\u001b[J";

    private final PrintWriter out;
    private final boolean redraws;
    private int drawn;

    /** An output that is known to redraw or not. */
    public Terminal(PrintWriter out, boolean redraws) {
        this.out = out;
        this.redraws = redraws;
    }

    /** The process's own output: it redraws when standard input and output are a terminal that knows how. */
    public static Terminal of(PrintWriter out) {
        String kind = System.getenv("TERM");
        return new Terminal(out, System.console() != null && kind != null && !kind.equals("dumb"));
    }

    /** Whether earlier lines can be drawn over. */
    public boolean redraws() {
        return redraws;
    }

    /** Prints a line that stays, above whatever is being redrawn. */
    public synchronized void line(String text) {
        erase();
        out.println(text);
        out.flush();
    }

    /** Draws these lines over the ones drawn before; only where {@link #redraws()}. */
    public synchronized void draw(List<String> lines) {
        if (!redraws) {
            throw new IllegalStateException("this output cannot draw over earlier lines");
        }
        StringBuilder screen = new StringBuilder();
        if (drawn > 0) {
            screen.append(UP.formatted(drawn)).append('\r');
        }
        for (String line : lines) {
            screen.append(CLEAR_LINE).append(line).append('\n');
        }
        screen.append(CLEAR_BELOW);
        out.print(screen);
        out.flush();
        drawn = lines.size();
    }

    /** Lets what is drawn stay where it is; the next drawing begins below it. */
    public synchronized void keep() {
        drawn = 0;
    }

    private void erase() {
        if (drawn > 0) {
            out.print(UP.formatted(drawn) + "\r" + CLEAR_BELOW);
            drawn = 0;
        }
    }
}
