package dev.realalign.trainer.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NftTest {
    private static final int ELEMENTS = 6;
    private static final double SIGMA = 0.6;

    /** What an image is, element by element: velocities of policy, old policy and base, and the target. */
    private record Image(double[] policy, double[] old, double[] base, double[] target) {
        static Image random(long seed) {
            Random random = new Random(seed);
            return new Image(
                    random.doubles(ELEMENTS, -1, 1).toArray(),
                    random.doubles(ELEMENTS, -1, 1).toArray(),
                    random.doubles(ELEMENTS, -1, 1).toArray(),
                    random.doubles(ELEMENTS, -1, 1).toArray());
        }

        Nft.ImageErrors errors(Nft nft, boolean real) {
            return errors(nft, real, SIGMA);
        }

        Nft.ImageErrors errors(Nft nft, boolean real, double sigma) {
            double[] mix = nft.mix(real);
            double squared = 0;
            double absolute = 0;
            double drift = 0;
            for (int i = 0; i < policy.length; i++) {
                double mixed = mix[0] * (policy[i] - target[i]) + mix[1] * (old[i] - target[i]);
                squared += mixed * mixed;
                absolute += Math.abs(mixed);
                drift += (policy[i] - base[i]) * (policy[i] - base[i]);
            }
            return new Nft.ImageErrors(policy.length, sigma, squared, absolute, drift);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void the_gradient_is_the_numeric_one_at_a_fixed_denominator(boolean real) {
        Nft nft = new Nft(0.7);
        Image image = Image.random(3);
        Nft.ImageErrors start = image.errors(nft, real);
        Nft.ImageGradient gradient = nft.evaluate(real, start);
        for (int i = 0; i < ELEMENTS; i++) {
            double analytic = gradient.error() * (image.policy()[i] - image.target()[i])
                    + gradient.old() * (image.old()[i] - image.target()[i])
                    + gradient.base() * (image.policy()[i] - image.base()[i]);
            double h = 1e-6;
            double kept = image.policy()[i];
            image.policy()[i] = kept + h;
            double above =
                    nft.evaluate(real, frozen(image.errors(nft, real), start)).loss();
            image.policy()[i] = kept - h;
            double below =
                    nft.evaluate(real, frozen(image.errors(nft, real), start)).loss();
            image.policy()[i] = kept;
            assertThat(analytic).isCloseTo((above - below) / (2 * h), within(1e-7));
        }
    }

    /** The denominator is not differentiated: it stays what it was. */
    private static Nft.ImageErrors frozen(Nft.ImageErrors moved, Nft.ImageErrors start) {
        return new Nft.ImageErrors(moved.elements(), moved.sigma(), moved.squared(), start.absolute(), moved.drift());
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 1})
    void where_the_policy_is_the_old_one_the_loss_does_not_depend_on_r(double strength) {
        Nft nft = new Nft(strength);
        Image random = Image.random(5);
        Image same = new Image(random.policy(), random.policy(), random.base(), random.target());
        assertThat(nft.evaluate(true, same.errors(nft, true)).loss())
                .isCloseTo(nft.evaluate(false, same.errors(nft, false)).loss(), within(1e-12));
    }

    @Test
    void a_strength_of_zero_is_refused() {
        assertThatThrownBy(() -> new Nft(0)).hasMessage("the strength of nft is positive, not 0.0");
    }
}
