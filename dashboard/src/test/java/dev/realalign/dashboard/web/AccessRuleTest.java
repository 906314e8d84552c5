package dev.realalign.dashboard.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AccessRuleTest {
    private static final AccessRule LOCKED = new AccessRule(Optional.of("correct horse battery"));
    private static final AccessRule OPEN = new AccessRule(Optional.empty());

    @Test
    void whoShowsTheTokenMaySeeTheData() {
        assertThat(LOCKED.allows("Bearer correct horse battery", List.of())).isTrue();
    }

    @Test
    void theCookieGivenForTheTokenWillDo() {
        assertThat(LOCKED.allows(null, List.of("something else", LOCKED.cookie())))
                .isTrue();
        assertThat(LOCKED.cookie()).matches("[0-9a-f]{64}");
        assertThat(new AccessRule(Optional.of("another token of somebody")).cookie())
                .isNotEqualTo(LOCKED.cookie());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Bearer",
                "Bearer ",
                "Bearer correct horse batterY",
                "Basic correct horse battery",
                "correct horse battery"
            })
    void anythingElseIsRefused(String authorization) {
        assertThat(LOCKED.allows(authorization, List.of())).isFalse();
        assertThat(LOCKED.showsToken(authorization)).isFalse();
    }

    @Test
    void theTokenItselfIsNoCookie() {
        assertThat(LOCKED.allows(null, List.of("correct horse battery"))).isFalse();
    }

    @Test
    void withoutATokenEverybodyOnThisMachineMaySeeTheDataAndNobodyGetsACookie() {
        assertThat(OPEN.allows(null, List.of())).isTrue();
        assertThat(OPEN.showsToken("Bearer ")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "127.0.0.1", "[::1]", "LOCALHOST"})
    void withoutATokenTheNamesOfThisMachineAreAnswered(String host) {
        assertThat(OPEN.isMeant(host)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"evil.example", "127.0.0.1.evil.example", "10.0.0.7"})
    void withoutATokenAnyOtherNameIsASignOfDnsRebinding(String host) {
        assertThat(OPEN.isMeant(host)).isFalse();
        assertThat(LOCKED.isMeant(host)).isTrue();
    }

    @Test
    void theTokenIsNotPrinted() {
        assertThat(LOCKED.toString()).doesNotContain("horse");
    }
}
