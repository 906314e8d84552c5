package dev.realalign.runtime;

import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;

/** Says which right a user lacks, from what Kafka's clients report. A missing right does not mend itself by trying again. */
public final class MissingRights {
    private static final String REMEDY = " Give it the rights that docs/security.md lists for its role.";

    private MissingRights() {}

    /** The sentence for a failure that a missing right caused, anywhere in its chain of causes; empty for any other. */
    public static Optional<String> sentence(Throwable failure) {
        return sentence(failure, Map.of());
    }

    /**
     * As {@link #sentence(Throwable)}.
     *
     * @param unnamed what it must be about where the client reports a failure of this type without a name
     */
    public static Optional<String> sentence(
            Throwable failure, Map<Class<? extends AuthorizationException>, String> unnamed) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof AuthorizationException missing) {
                return Optional.of(
                        "The broker does not let this user use " + resource(missing, unnamed) + "." + REMEDY);
            }
        }
        return Optional.empty();
    }

    private static String resource(
            AuthorizationException missing, Map<Class<? extends AuthorizationException>, String> unnamed) {
        if (missing instanceof TopicAuthorizationException topic
                && !topic.unauthorizedTopics().isEmpty()) {
            return "topic " + String.join(", ", new TreeSet<>(topic.unauthorizedTopics()));
        }
        if (missing instanceof GroupAuthorizationException group && group.groupId() != null) {
            return "consumer group " + group.groupId();
        }
        return unnamed.getOrDefault(missing.getClass(), "what it asked for (" + AdminCalls.reason(missing) + ")");
    }
}
