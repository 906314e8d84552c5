package dev.realalign.runtime;

import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something the user can mend. The command line prints {@link #problems()} without a stack trace and ends with
 * {@link #exitCode()}. Every problem is a sentence that names the thing and the remedy.
 */
public final class UserErrorException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Exit code of work that failed: an unreachable broker, a full disk, a missing file. */
    public static final int FAILURE = 1;
    /** Exit code of wrong usage or configuration. */
    public static final int USAGE = 2;

    private final int exitCode;
    private final List<String> problems;

    private UserErrorException(int exitCode, List<String> problems, @Nullable Throwable cause) {
        super(String.join(System.lineSeparator(), problems), cause);
        this.exitCode = exitCode;
        this.problems = problems;
    }

    /** The work failed for a reason outside of the program. */
    public static UserErrorException failure(String problem) {
        return new UserErrorException(FAILURE, List.of(problem), null);
    }

    /** The work failed for a reason outside of the program; the cause is for logs. */
    public static UserErrorException failure(String problem, @Nullable Throwable cause) {
        return new UserErrorException(FAILURE, List.of(problem), cause);
    }

    /** The work failed for several reasons outside of the program; each is said once. */
    public static UserErrorException failure(List<String> problems) {
        return new UserErrorException(FAILURE, distinct(problems), null);
    }

    /** One thing is wrong with the usage or configuration. */
    public static UserErrorException usage(String problem) {
        return usage(List.of(problem));
    }

    /** Several things are wrong with the usage or configuration; each is said once. */
    public static UserErrorException usage(List<String> problems) {
        return new UserErrorException(USAGE, distinct(problems), null);
    }

    private static List<String> distinct(List<String> problems) {
        if (problems.isEmpty()) {
            throw new IllegalArgumentException("an error needs a problem");
        }
        return List.copyOf(new LinkedHashSet<>(problems));
    }

    /** Exit code of the process: {@link #FAILURE} or {@link #USAGE}. */
    public int exitCode() {
        return exitCode;
    }

    /** Every problem, each a sentence; at least one. */
    public List<String> problems() {
        return problems;
    }
}
