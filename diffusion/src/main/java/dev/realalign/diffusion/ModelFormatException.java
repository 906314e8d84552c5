package dev.realalign.diffusion;

import java.util.ArrayList;
import java.util.List;

/**
 * A model file, folder or configuration that cannot be used as it is. The message names the file, every problem found
 * in it (not only the first) and, where one is known, the remedy; it is meant to be shown to a user without a stack
 * trace.
 */
public final class ModelFormatException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** A file that is wrong for its configuration has hundreds of problems; the first ones tell the story. */
    private static final int SHOWN = 20;

    private final transient List<String> problems;

    /**
     * @param subject the file, folder or configuration, named as the user knows it
     * @param problems what is wrong with it, one sentence each; never empty
     */
    public ModelFormatException(String subject, List<String> problems) {
        super(message(subject, problems));
        this.problems = List.copyOf(problems);
    }

    /** One problem. */
    public ModelFormatException(String subject, String problem) {
        this(subject, List.of(problem));
    }

    /** The problems alone, without the subject. */
    public List<String> problems() {
        return problems;
    }

    private static String message(String subject, List<String> problems) {
        if (problems.isEmpty()) {
            throw new IllegalArgumentException("a ModelFormatException needs at least one problem");
        }
        String head = subject + " cannot be used: ";
        if (problems.size() == 1) {
            return head + problems.get(0);
        }
        List<String> shown = new ArrayList<>(problems.subList(0, Math.min(problems.size(), SHOWN)));
        if (problems.size() > SHOWN) {
            shown.add("and " + (problems.size() - SHOWN) + " more");
        }
        return head + "\n  - " + String.join("\n  - ", shown);
    }
}
