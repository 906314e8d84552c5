package dev.realalign.trainer.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every objective against the values of golden/losses.json, which plain Python computed from the same vectors. */
class GoldenLossesTest {
    private static final double[] TARGET = {0.10, -0.20, 0.30, 0.40};
    private static final double[] FLOW_TARGET_REJECTED = {0.50, 0.25, -0.10, 0.05};
    private static final double[] POLICY_W = {0.12, -0.15, 0.20, 0.45};
    private static final double[] POLICY_L = {0.30, -0.10, 0.10, 0.20};
    private static final double[] REFERENCE_W = {0.15, -0.10, 0.25, 0.30};
    private static final double[] REFERENCE_L = {0.20, -0.12, 0.22, 0.25};
    private static final double[] POLICY_W_BAD = {0.20, -0.05, 0.15, 0.50};

    private static final PairErrors PAIR = pair(POLICY_W, POLICY_L, TARGET);
    private static final PairErrors SWAPPED = pair(POLICY_L, POLICY_W, TARGET);
    private static final PairErrors FLOW = pair(POLICY_W, POLICY_L, FLOW_TARGET_REJECTED);
    private static final PairErrors BAD = pair(POLICY_W_BAD, POLICY_L, TARGET);
    private static final PairErrors START = pair(REFERENCE_W, REFERENCE_L, TARGET);

    private static JsonNode golden;

    private static PairErrors pair(double[] policyW, double[] policyL, double[] targetL) {
        return new Vectors(policyW, policyL, TARGET, targetL, REFERENCE_W, REFERENCE_L).errors();
    }

    @BeforeAll
    static void readGolden() throws IOException {
        Path file = Path.of(System.getProperty("realalign.shared", "shared"), "golden", "losses.json");
        assumeTrue(Files.exists(file), "no golden losses at " + file);
        golden = new ObjectMapper().readTree(file.toFile());
    }

    static Stream<Arguments> losses() {
        Mapo mapo = new Mapo(0.1, 1000, 0.5);
        return Stream.of(
                Arguments.of("/dpo_beta100", new Dpo(100), PAIR),
                Arguments.of("/hinge_beta100", new Hinge(100), PAIR),
                Arguments.of("/ipo_beta100", new Ipo(100), PAIR),
                Arguments.of("/dpop_beta100_lam5", new Dpo(100, 5), PAIR),
                Arguments.of("/irl_hinge_margin1e-3", new Dro(1e-3), PAIR),
                Arguments.of("/mapo_0.1_1000_0.5", mapo, PAIR),
                Arguments.of("/swapped/dpo", new Dpo(100), SWAPPED),
                Arguments.of("/swapped/hinge", new Hinge(100), SWAPPED),
                Arguments.of("/swapped/ipo", new Ipo(100), SWAPPED),
                Arguments.of("/swapped/dpop_lam5", new Dpo(100, 5), SWAPPED),
                Arguments.of("/swapped/irl", new Dro(1e-3), SWAPPED),
                Arguments.of("/swapped/mapo", mapo, SWAPPED),
                Arguments.of("/dpop_penalty_active/dpo", new Dpo(100), BAD),
                Arguments.of("/dpop_penalty_active/dpop", new Dpo(100, 5), BAD),
                Arguments.of("/dpo_beta100_flow_target", new Dpo(100), FLOW),
                Arguments.of("/init_policy_is_ref/dpo", new Dpo(100), START),
                Arguments.of("/init_policy_is_ref/hinge", new Hinge(100), START),
                Arguments.of("/init_policy_is_ref/irl", new Dro(1e-3), START),
                Arguments.of("/equiv_salesforce_5000_vs_diffusers_2500/0", new Dpo(5000), PAIR));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("losses")
    void the_loss_is_the_golden_one(String pointer, Objective.Pairwise objective, PairErrors pair) {
        assertThat(objective.evaluate(pair).loss()).isCloseTo(at(pointer), within(1e-9));
    }

    @Test
    void the_mean_errors_are_the_golden_ones() {
        assertThat(PAIR.mW()).isCloseTo(at("/mse/m_w"), within(1e-12));
        assertThat(PAIR.mL()).isCloseTo(at("/mse/m_l"), within(1e-12));
        assertThat(PAIR.rW()).isCloseTo(at("/mse/r_w"), within(1e-12));
        assertThat(PAIR.rL()).isCloseTo(at("/mse/r_l"), within(1e-12));
    }

    @Test
    void the_gradient_of_dpo_is_the_golden_one() {
        PairGradient gradient =
                Safeguards.NONE.guard(new Dpo(100), List.of(PAIR)).get(0);
        assertThat(gradient.factor()).isCloseTo(at("/dpo_beta100_grad/gradient_factor"), within(1e-12));
        assertGradient(gradient, "/dpo_beta100_grad", 1e-9);
    }

    @Test
    void sdpo_scales_the_rejected_half_as_golden() {
        double perElement = 2.0 / TARGET.length; // the golden lambda is taken of normalised gradients
        double lambda = Safeguards.lambda(
                0.9, perElement * perElement * PAIR.policyPreferred(), perElement * perElement * PAIR.innerProduct());
        assertThat(lambda).isCloseTo(at("/sdpo_mu0.9/lam"), within(1e-12));

        PairGradient gradient =
                Safeguards.sdpo(0.9).guard(new Dpo(100), List.of(PAIR)).get(0);
        // from unnormalised sums the published 1e-9 weighs 4 times less on these four elements
        assertThat(gradient.lambda()).isCloseTo(at("/sdpo_mu0.9/lam"), within(1e-7));
        assertGradient(gradient, "/sdpo_mu0.9", 1e-7);
    }

    @Test
    void sdpo_leaves_the_rejected_half_alone_where_it_does_not_interfere() {
        assertThat(FLOW.innerProduct()).isNegative();
        PairGradient gradient =
                Safeguards.sdpo(0.9).guard(new Dpo(100), List.of(FLOW)).get(0);
        assertThat(gradient.lambda()).isEqualTo(at("/sdpo_mu0.9_flow_target/lam"));
    }

    @ParameterizedTest(name = "beta {0}")
    @MethodSource("ktoBetas")
    void the_kto_loss_is_the_golden_one(double beta, String pointer) {
        // golden has one preferred image and one rejected image with a target of its own
        double loss = new Kto(beta).evaluate(List.of(FLOW)).get(0).loss();
        assertThat(loss).isCloseTo(at(pointer + "/loss"), within(1e-9));
    }

    static Stream<Arguments> ktoBetas() {
        return Stream.of(Arguments.of(1000.0, "/kto_beta1000"), Arguments.of(50.0, "/kto_beta50"));
    }

    @Test
    void the_nft_losses_are_the_golden_ones() {
        assertThat(nft(1, POLICY_W, true)).isCloseTo(at("/nft_r1"), within(1e-9));
        assertThat(nft(1, POLICY_W, false)).isCloseTo(at("/nft_r0"), within(1e-9));
        assertThat((nft(0.1, POLICY_W, true) + nft(0.1, POLICY_W, false)) / 2)
                .isCloseTo(at("/nft_r.5_beta.1"), within(1e-9));
        double identity = at("/nft_identity_theta_eq_old_r_independent/0");
        // there the base is the old policy as well, so that nothing holds the policy to another one
        double anchor = Nft.ANCHOR * distance(REFERENCE_W, REFERENCE_L) / REFERENCE_W.length;
        assertThat(nft(1, REFERENCE_W, true) - anchor).isCloseTo(identity, within(1e-9));
        assertThat(nft(1, REFERENCE_W, false) - anchor).isCloseTo(identity, within(1e-9));
    }

    /** x_0 = (0.2, -0.1, 0.4, 0), noise (0.3, 0.5, -0.2, 0.1), t = 0.6; old policy and base are the two references. */
    private static double nft(double strength, double[] policy, boolean real) {
        double[] target = {0.1, 0.6, -0.6, 0.1};
        Nft nft = new Nft(strength);
        double[] mix = nft.mix(real);
        double squared = 0;
        double absolute = 0;
        for (int i = 0; i < target.length; i++) {
            double mixed = mix[0] * (policy[i] - target[i]) + mix[1] * (REFERENCE_W[i] - target[i]);
            squared += mixed * mixed;
            absolute += Math.abs(mixed);
        }
        return nft.evaluate(
                        real, new Nft.ImageErrors(target.length, 0.6, squared, absolute, distance(policy, REFERENCE_L)))
                .loss();
    }

    private static double distance(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return sum;
    }

    @ParameterizedTest(name = "abar {0}")
    @MethodSource("abars")
    void the_min_snr_weights_are_the_golden_ones(double abar) {
        double snr = abar / (1 - abar);
        JsonNode weights = golden.at("/min_snr_gamma5").get("abar=" + abar);
        assertThat(LossWeighting.minSnrEpsilon(5).weight(snr))
                .isCloseTo(weights.get("eps").asDouble(), within(1e-12));
        assertThat(LossWeighting.minSnrVelocity(5).weight(snr))
                .isCloseTo(weights.get("v").asDouble(), within(1e-12));
    }

    static Stream<Double> abars() {
        return Stream.of(0.99, 0.9, 0.5, 0.05);
    }

    private static void assertGradient(PairGradient gradient, String pointer, double tolerance) {
        for (int i = 0; i < TARGET.length; i++) {
            assertThat(gradient.preferredError() * (POLICY_W[i] - TARGET[i]))
                    .isCloseTo(at(pointer + "/d_pred_w/" + i), within(tolerance));
            assertThat(gradient.rejectedError() * (POLICY_L[i] - TARGET[i]))
                    .isCloseTo(at(pointer + "/d_pred_l/" + i), within(tolerance));
        }
    }

    private static double at(String pointer) {
        JsonNode node = golden.at(pointer);
        assertThat(node.isNumber()).as("golden value " + pointer).isTrue();
        return node.asDouble();
    }
}
