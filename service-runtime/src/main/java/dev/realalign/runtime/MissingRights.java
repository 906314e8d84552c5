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
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof AuthorizationException missing) {
                return Optional.of("The broker does not let this user use " + resource(missing) + "." + REMEDY);
            }
        }
        return Optional.empty();
    }

    private static String resource(AuthorizationException missing) {
        if (missing instanceof TopicAuthorizationException topic
                && !topic.unauthorizedTopics().isEmpty()) {
            return "topic " + String.join(", ", new TreeSet<>(topic.unauthorizedTopics()));
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
