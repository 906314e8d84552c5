package dev.realalign.diffusion.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ParityChecksTest {
    private static final Path GOLDEN = Path.of(System.getProperty("realalign.shared", "none"), "golden");

    static Stream<String> names() {
        return ParityChecks.all().stream().map(ParityCheck::name);
    }

    @ParameterizedTest(name = "{0} reproduces the reference")
    @MethodSource("names")
    void reproduces(String name) {
        assumeTrue(Files.isDirectory(GOLDEN), "reference tensors are not at " + GOLDEN);
        Golden golden = new Golden(GOLDEN);
        ParityCheck check = ParityChecks.all().stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
        assertThat(check.isPresent(golden)).isTrue();
        assertThat(check.run(golden)).isNotEmpty().allSatisfy(result -> {
            assertThat(result.name()).startsWith(name);
            assertThat(result.error()).isLessThanOrEqualTo(result.tolerance());
        });
    }

    @Test
    @DisplayName("the error is relative, and what cannot be compared fails")
    void errors() {
        assertThat(ParityResult.relativeError(new float[] {3, 4.5f}, new float[] {3, 4}))
                .isEqualTo(0.1);
        assertThat(ParityResult.relativeError(new float[] {0}, new float[] {0})).isZero();
        assertThat(ParityResult.relativeError(new float[] {Float.NaN}, new float[] {1}))
                .isEqualTo(Double.MAX_VALUE);
        assertThat(ParityResult.relativeError(new float[] {1}, new float[] {1, 2}))
                .isEqualTo(Double.MAX_VALUE);
        assertThat(new ParityResult("x", Double.MAX_VALUE, 1e-5).ok()).isFalse();
        assertThat(new ParityResult("x", 1e-5, 1e-5).ok()).isTrue();
    }
}
