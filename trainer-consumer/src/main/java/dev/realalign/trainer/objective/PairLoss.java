package dev.realalign.trainer.objective;

/**
 * An objective's verdict on one pair: its loss and the slopes of that loss by the quantities the policy can change.
 *
 * @param loss the pair's loss; a batch's loss is the mean over its pairs
 * @param byPreferred dL/dm_w
 * @param byRejected dL/dm_l
 * @param factor how hard this pair pulls: sigmoid(-u) for dpo, 1 or 0 for hinge and dro (whether the pair pulls at all),
 *     the distance from the margin aimed at over that margin for ipo; see {@link Objective#factorMinimum}
 */
public record PairLoss(double loss, double byPreferred, double byRejected, double factor) {}
