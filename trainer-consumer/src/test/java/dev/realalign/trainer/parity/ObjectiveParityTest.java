package dev.realalign.trainer.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.realalign.diffusion.parity.Golden;
import dev.realalign.diffusion.parity.ParityCheck;
import dev.realalign.diffusion.parity.ParityResult;
import dev.realalign.trainer.objective.Dpo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ObjectiveParityTest {
    static List<ParityCheck> checks() {
        return ObjectiveParityChecks.all();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("checks")
    void training_steps_are_those_of_pytorch(ParityCheck check) {
        List<ParityResult> results = check.run(golden());
        assertThat(results).hasSizeGreaterThanOrEqualTo(5).allSatisfy(result -> assertThat(result.error())
                .as(result.name())
                .isLessThanOrEqualTo(result.tolerance()));
    }

    @Test
    void another_objective_does_not_pass_for_the_right_one() {
        ObjectiveParity wrong =
                new ObjectiveParity("objective_dpo_sd15", "sd15-tiny", ObjectiveParityChecks.UNET, new Dpo(2000, 0.5));
        assertThat(wrong.run(golden()))
                .filteredOn(result -> !result.ok())
                .extracting(ParityResult::name)
                .contains("objective_dpo_sd15.loss", "objective_dpo_sd15.update");
    }

    private static Golden golden() {
        Path folder = Path.of(System.getProperty("realalign.shared", "shared"), "golden");
        assumeTrue(Files.isDirectory(folder), "no golden tensors at " + folder);
        return new Golden(folder);
    }
}
