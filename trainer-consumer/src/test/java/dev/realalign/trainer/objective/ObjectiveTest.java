package dev.realalign.trainer.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ObjectiveTest {
    private static final int ELEMENTS = 5;
    private static final int PAIRS = 3;

    static Stream<Arguments> objectives() {
        return Stream.of(
                Arguments.of("sft", new Sft(LossWeighting.minSnrEpsilon(0.5))),
                Arguments.of("dpo", new Dpo(20)),
                Arguments.of("dpo-positive", new Dpo(20, 0.5)),
                Arguments.of("ipo", new Ipo(20)),
                Arguments.of("hinge", new Hinge(2)),
                Arguments.of("dro", new Dro(0.3)),
                Arguments.of("mapo", new Mapo(0.1, 30, 0.5)),
                Arguments.of("mapo near its series", new Mapo(0.1, 1000, 0.01)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("objectives")
    void the_gradient_is_the_numeric_one(String name, Objective objective) {
        Safeguards terms = new Safeguards(OptionalDouble.empty(), 0.7, 0.3);
        for (int seed = 0; seed < 8; seed++) {
            List<Vectors> batch = batch(seed);
            List<PairGradient> gradients = terms.guard(objective, errors(batch));
            for (int pair = 0; pair < PAIRS; pair++) {
                Vectors v = batch.get(pair);
                PairGradient g = gradients.get(pair);
                for (int i = 0; i < ELEMENTS; i++) {
                    double analyticW = g.preferredError() * (v.policyPreferred()[i] - v.targetPreferred()[i])
                            + g.preferredDrift() * (v.policyPreferred()[i] - v.referencePreferred()[i]);
                    double analyticL = g.rejectedError() * (v.policyRejected()[i] - v.targetRejected()[i])
                            + g.rejectedDrift() * (v.policyRejected()[i] - v.referenceRejected()[i]);
                    assertThat(analyticW)
                            .isCloseTo(numeric(terms, objective, batch, v.policyPreferred(), i), within(1e-6));
                    assertThat(analyticL)
                            .isCloseTo(numeric(terms, objective, batch, v.policyRejected(), i), within(1e-6));
                }
            }
        }
    }

    @Test
    void the_gradient_of_kto_is_the_numeric_one_at_a_fixed_kl() {
        // kl is not differentiated: the numeric gradient is of the loss at the kl of the unchanged batch, which here is
        // 0
        List<Vectors> batch =
                batch(3).stream().map(ObjectiveTest::worseThanReference).toList();
        Kto kto = new Kto(2);
        List<PairGradient> gradients = Safeguards.NONE.guard(kto, errors(batch));
        for (int pair = 0; pair < PAIRS; pair++) {
            Vectors v = batch.get(pair);
            PairGradient g = gradients.get(pair);
            for (int i = 0; i < ELEMENTS; i++) {
                assertThat(g.preferredError() * (v.policyPreferred()[i] - v.targetPreferred()[i]))
                        .isCloseTo(numeric(Safeguards.NONE, kto, batch, v.policyPreferred(), i), within(1e-7));
                assertThat(g.rejectedError() * (v.policyRejected()[i] - v.targetRejected()[i]))
                        .isCloseTo(numeric(Safeguards.NONE, kto, batch, v.policyRejected(), i), within(1e-7));
            }
        }
    }

    private static Vectors worseThanReference(Vectors v) {
        return new Vectors(
                v.policyPreferred(),
                v.policyRejected(),
                v.targetPreferred(),
                v.targetRejected(),
                v.targetPreferred(),
                v.targetRejected());
    }

    @Test
    void where_policy_equals_reference_dpo_is_ln_2_and_pulls_with_half_its_strength() {
        PairErrors start = policyEqualsReference();
        PairLoss loss = new Dpo(2000).evaluate(start);
        assertThat(loss.loss()).isEqualTo(Math.log(2));
        assertThat(loss.factor()).isEqualTo(0.5);
        assertThat(loss.byPreferred()).isEqualTo(500.0);
        assertThat(loss.byRejected()).isEqualTo(-500.0);
    }

    @Test
    void where_policy_equals_reference_hinge_is_1_and_dro_its_margin_and_ipo_its_squared_target() {
        PairErrors start = policyEqualsReference();
        assertThat(new Hinge(100).evaluate(start).loss()).isEqualTo(1.0);
        assertThat(new Dro(0.001).evaluate(start).loss()).isEqualTo(0.001);
        assertThat(new Ipo(100).evaluate(start).loss()).isCloseTo(1e-4, within(1e-18));
        assertThat(new Kto(1000).evaluate(List.of(start)).get(0).loss()).isEqualTo(0.5);
        assertThat(start.implicitAccuracy()).isEqualTo(0.5);
    }

    private static PairErrors policyEqualsReference() {
        double[] w = {0.3, -0.7, 0.2};
        double[] l = {0.1, 0.4, -0.5};
        double[] target = {0.0, 0.1, 0.2};
        return new Vectors(w, l, target, target, w, l).errors();
    }

    @Test
    void a_saturated_pair_stays_finite() {
        for (double beta : new double[] {1e6, 1e9}) {
            PairErrors easy = new PairErrors(1, 0, 9, 1, 1, 0, 0, 0, 1);
            PairErrors hard = new PairErrors(1, 9, 0, 1, 1, 0, 0, 0, 1);
            assertThat(new Dpo(beta).evaluate(easy).loss()).isEqualTo(0.0);
            assertThat(new Dpo(beta).evaluate(hard).loss()).isEqualTo(0.5 * beta * 9);
            assertThat(new Dpo(beta).evaluate(hard).factor()).isEqualTo(1.0);
        }
    }

    @Test
    void sdpo_keeps_the_preferred_error_from_rising_to_first_order() {
        // a step against the gradient, both halves answering to the same output perturbation
        for (int seed = 0; seed < 200; seed++) {
            PairErrors pair = batch(seed).get(0).errors();
            PairGradient g =
                    Safeguards.sdpo(0).guard(new Dpo(50), List.of(pair)).get(0);
            double change = -(g.preferredError() * pair.policyPreferred() + g.rejectedError() * pair.innerProduct());
            assertThat(change).isLessThanOrEqualTo(1e-12);
        }
    }

    @Test
    void sdpo_does_not_depend_on_how_many_pairs_share_the_batch() {
        List<PairErrors> batch = errors(batch(5));
        List<PairGradient> together = Safeguards.sdpo(0.9).guard(new Dpo(50), batch);
        for (int i = 0; i < PAIRS; i++) {
            PairGradient alone = Safeguards.sdpo(0.9)
                    .guard(new Dpo(50), List.of(batch.get(i)))
                    .get(0);
            assertThat(together.get(i).lambda()).isEqualTo(alone.lambda());
            assertThat(together.get(i).rejectedError() * PAIRS).isCloseTo(alone.rejectedError(), within(1e-12));
        }
    }

    @Test
    void dpo_positive_pulls_harder_on_a_preferred_half_that_got_worse_and_not_otherwise() {
        PairErrors worse = new PairErrors(4, 4, 8, 2, 2, 0, 0, 0, 1);
        PairErrors better = new PairErrors(4, 1, 8, 2, 2, 0, 0, 0, 1);
        PairLoss plain = new Dpo(2).evaluate(worse);
        PairLoss positive = new Dpo(2, 0.5).evaluate(worse);
        assertThat(positive.loss()).isGreaterThan(plain.loss());
        assertThat(positive.byPreferred() / positive.byRejected()).isEqualTo(-1.5);
        assertThat(new Dpo(2, 0.5).evaluate(better)).isEqualTo(new Dpo(2).evaluate(better));
    }

    @Test
    void settings_outside_their_range_are_refused_by_name() {
        assertThatThrownBy(() -> Safeguards.sdpo(1.5)).hasMessage("mu of SDPO lies in [0, 1], not 1.5");
        assertThatThrownBy(() -> new Safeguards(OptionalDouble.empty(), -1, 0))
                .hasMessage("weights are not negative: winner-SFT -1.0, anchor 0.0");
    }

    private static double numeric(
            Safeguards terms, Objective objective, List<Vectors> batch, double[] prediction, int i) {
        double h = 1e-5;
        double kept = prediction[i];
        prediction[i] = kept + h;
        double above = meanLoss(terms, objective, batch);
        prediction[i] = kept - h;
        double below = meanLoss(terms, objective, batch);
        prediction[i] = kept;
        return (above - below) / (2 * h);
    }

    private static double meanLoss(Safeguards terms, Objective objective, List<Vectors> batch) {
        return terms.guard(objective, errors(batch)).stream()
                .mapToDouble(PairGradient::loss)
                .average()
                .orElseThrow();
    }

    private static List<PairErrors> errors(List<Vectors> batch) {
        return batch.stream().map(Vectors::errors).toList();
    }

    private static List<Vectors> batch(int seed) {
        Random random = new Random(seed);
        List<Vectors> batch = new ArrayList<>();
        for (int i = 0; i < PAIRS; i++) {
            double[][] v = IntStream.range(0, 6)
                    .mapToObj(row -> random.doubles(ELEMENTS, -1, 1).toArray())
                    .toArray(double[][]::new);
            batch.add(new Vectors(v[0], v[1], v[2], v[3], v[4], v[5]));
        }
        return batch;
    }
}
