package dev.realalign.curator.pair;

import dev.realalign.curator.gate.GateLimits;
import dev.realalign.curator.gate.GateModes;
import dev.realalign.curator.gate.RightsPolicy;
import dev.realalign.curator.negative.NegativeMixes;

/**
 * Everything a pair depends on besides the picture and its id.
 *
 * @param resolution width and height of both halves in pixels
 * @param background colour behind transparent pixels, 0xRRGGBB
 * @param limits where the gates draw their lines
 * @param policy which licences may be learned from
 * @param modes what each gate's no means
 * @param mixes how often each kind of negative is drawn, by source
 * @param leastRmsDifference a pair closer than this, in 8-bit levels, is not made
 * @param seed seed of the run, mixed into every image's own
 */
public record PairSettings(
        int resolution,
        int background,
        GateLimits limits,
        RightsPolicy policy,
        GateModes modes,
        NegativeMixes mixes,
        double leastRmsDifference,
        long seed) {}
