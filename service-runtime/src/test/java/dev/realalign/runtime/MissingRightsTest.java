package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class MissingRightsTest {
    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(new TopicAuthorizationException(Set.of("b", "a")), "topic a, b"),
                Arguments.of(
                        new TopicAuthorizationException("Topic authorization failed."), "topics that begin with app-"),
                Arguments.of(GroupAuthorizationException.forGroupId("curators"), "consumer group curators"),
                Arguments.of(new TransactionalIdAuthorizationException("no"), "transactional id writer"),
                Arguments.of(new GroupAuthorizationException("No group."), "what it asked for (No group)"),
                Arguments.of(new ClusterAuthorizationException("No."), "what it asked for (No)"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void a_sentence_names_what_the_user_may_not_use(RuntimeException failure, String resource) {
        assertThat(MissingRights.sentence(
                        new IllegalStateException("thread died", failure),
                        Map.of(
                                TopicAuthorizationException.class,
                                "topics that begin with app-",
                                TransactionalIdAuthorizationException.class,
                                "transactional id writer")))
                .contains("The broker does not let this user use " + resource
                        + ". Give it the rights that docs/security.md lists for its role.");
    }

    @Test
    void other_failures_have_none() {
        assertThat(MissingRights.sentence(new TimeoutException("slow"))).isEmpty();
    }
}
