package dev.realalign.trainer.objective;

/**
 * An objective's verdict on one pair: its loss and the slopes of that loss by the quantities the policy can change.
 *
 * @param loss the pair's loss; a batch's loss is the mean over its pairs
 * @param byPreferred dL/dm_w
 * @param byRejected dL/dm_l
 * @param factor how hard this pair pulls, relative to the objective's greatest pull: sigmoid(-u) for dpo
 */
public record PairLoss(double loss, double byPreferred, double byRejected, double factor) {}
