package dev.realalign.app.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class TerminalTest {
    private final StringWriter written = new StringWriter();

    @Test
    void aLineThatStaysIsPrintedAboveWhatIsRedrawn() {
        Terminal terminal = new Terminal(new PrintWriter(written), true);
        terminal.draw(List.of("one", "two"));
        terminal.line("a message");
        terminal.draw(List.of("three"));
        assertThat(written.toString().replace(System.lineSeparator(), "\n"))
                .isEqualTo("\u001b[2Kone\n\u001b[2Ktwo\n\u001b[J" + "\u001b[2A\r\u001b[Ja message\n"
                        + "\u001b[2Kthree\n\u001b[J");
    }

    @Test
    void aPipeIsNeverDrawnOver() {
        Terminal pipe = new Terminal(new PrintWriter(written), false);
        assertThatThrownBy(() -> pipe.draw(List.of("one"))).isInstanceOf(IllegalStateException.class);
    }
}
