package dev.realalign.diffusion.pipeline;

import java.util.List;

/** A request that the model cannot fulfil; the message lists everything wrong with it and is meant for the user. */
public final class RequestException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    RequestException(List<String> problems) {
        super(
                problems.size() == 1
                        ? problems.get(0)
                        : problems.size() + " problems:\n  - " + String.join("\n  - ", problems));
        this.problems = List.copyOf(problems);
    }

    /** Each problem by itself. */
    public List<String> problems() {
        return problems;
    }
}
