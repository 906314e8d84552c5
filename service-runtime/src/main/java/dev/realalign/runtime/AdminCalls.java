package dev.realalign.runtime;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;

/** Calls of Kafka's admin client that end in time, with what stands in the way said in one sentence. */
final class AdminCalls {
    private AdminCalls() {}

    /** An admin client of the cluster; opening it connects to nothing yet. */
    static Admin open(ClusterConfig cluster) {
        try {
            return Admin.create(cluster.admin());
        } catch (KafkaException e) {
            throw UserErrorException.usage("the settings for brokers at " + cluster.bootstrapServers()
                    + " cannot be used: " + reason(e) + ". Check " + ClusterConfig.BOOTSTRAP_SERVERS
                    + " and the security settings.");
        }
    }

    /**
     * The answer.
     *
     * @throws UserErrorException for failure when there is none in time, or the broker refuses this user
     * @throws ApiException what else the broker answered
     */
    static <T> T await(ClusterConfig cluster, KafkaFuture<T> answer) {
        return await(cluster, answer, Map.of());
    }

    /**
     * As {@link #await(ClusterConfig, KafkaFuture)}.
     *
     * @param unnamed as in {@link MissingRights#sentence(Throwable, Map)}
     */
    static <T> T await(
            ClusterConfig cluster,
            KafkaFuture<T> answer,
            Map<Class<? extends AuthorizationException>, String> unnamed) {
        try {
            return answer.get(cluster.timeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw unreachable(cluster, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw UserErrorException.failure("interrupted while waiting for " + cluster.bootstrapServers(), e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof AuthenticationException) {
                throw UserErrorException.failure(
                        "the broker at " + cluster.bootstrapServers() + " refuses the connection: " + reason(cause)
                                + ". Check security.protocol, sasl.* and ssl.*.",
                        cause);
            }
            Optional<String> missing = MissingRights.sentence(cause, unnamed);
            if (missing.isPresent()) {
                throw UserErrorException.failure(missing.get(), cause);
            }
            if (ranOutOfTime(cause)) {
                throw unreachable(cluster, cause);
            }
            if (cause instanceof ApiException answered) {
                throw answered;
            }
            throw UserErrorException.failure(
                    "the broker at " + cluster.bootstrapServers() + " failed: " + reason(cause), cause);
        }
    }

    /** Some calls wrap it once more. */
    private static boolean ranOutOfTime(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof org.apache.kafka.common.errors.TimeoutException) {
                return true;
            }
        }
        return false;
    }

    private static UserErrorException unreachable(ClusterConfig cluster, Throwable cause) {
        return UserErrorException.failure(
                "no broker answers at " + cluster.bootstrapServers() + " within "
                        + cluster.timeout().toMillis() / 1000.0 + " s. Start it, correct "
                        + ClusterConfig.BOOTSTRAP_SERVERS
                        + ", or check that security.protocol is what the listener speaks.",
                cause);
    }

    /** The reason at the bottom of a chain of causes, without its closing punctuation. */
    static String reason(Throwable e) {
        Throwable reason = e;
        while (reason.getCause() != null) {
            reason = reason.getCause();
        }
        String message = reason.getMessage();
        return message == null || message.isBlank()
                ? reason.getClass().getSimpleName()
                : message.lines().findFirst().orElse("").strip().replaceAll("[.;:]+$", "");
    }
}
