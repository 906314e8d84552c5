package dev.realalign.runtime;

import java.util.Optional;
import java.util.TreeSet;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;

/** Says which right a user lacks, from what Kafka's clients report. A missing right does not mend itself by trying again. */
public final class MissingRights {
    private static final String REMEDY = " Give it the rights that docs/security.md lists for its role.";

    private MissingRights() {}

    /** The sentence for a failure that a missing right caused, anywhere in its chain of causes; empty for any other. */
    public static Optional<String> sentence(Throwable failure) {
        return sentence(failure, Optional.empty());
    }

    /**
     * As {@link #sentence(Throwable)}.
     *
     * @param unnamedTopics which topics it must be about where the client reports a topic without its name
     */
    public static Optional<String> sentence(Throwable failure, String unnamedTopics) {
        return sentence(failure, Optional.of(unnamedTopics));
    }

    private static Optional<String> sentence(Throwable failure, Optional<String> unnamedTopics) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof AuthorizationException missing) {
                return Optional.of(
                        "The broker does not let this user use " + resource(missing, unnamedTopics) + "." + REMEDY);
            }
        }
        return Optional.empty();
    }

    private static String resource(AuthorizationException missing, Optional<String> unnamedTopics) {
        if (missing instanceof TopicAuthorizationException topic) {
            if (!topic.unauthorizedTopics().isEmpty()) {
                return "topic " + String.join(", ", new TreeSet<>(topic.unauthorizedTopics()));
            }
            if (unnamedTopics.isPresent()) {
                return unnamedTopics.get();
            }
        }
        if (missing instanceof GroupAuthorizationException group && group.groupId() != null) {
            return "consumer group " + group.groupId();
        }
        if (missing instanceof TransactionalIdAuthorizationException) {
            return "its transactional id";
        }
        return "what it asked for (" + AdminCalls.reason(missing) + ")";
    }
}
