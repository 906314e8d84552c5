package dev.realalign.trainer.learn;

import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.trainer.objective.Nft;
import dev.realalign.trainer.objective.Objective;
import dev.realalign.trainer.objective.PairErrors;
import dev.realalign.trainer.objective.PairGradient;
import dev.realalign.trainer.objective.Safeguards;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A pass over a batch that replicas share: each goes forward and back through a part of the pairs, and the policy's gradients
 * are summed up on the first replica.
 *
 * @param replicas their adapters are those of the first one, see {@link Replicas#follow}
 * @param microPairs pairs in a replica's network at once
 * @param plainReference whether the plain network stands in for the reference: an adapter that changes nothing predicts the
 *     same and takes its time
 */
public record ReplicatedPass(Replicas replicas, int microPairs, boolean plainReference) {

    /** Adds the gradient of an objective's batch loss to what the first replica's policy has gathered. */
    public PreferencePass backward(Objective objective, Safeguards safeguards, NoisedPairs batch) {
        int pairs = batch.pairs();
        List<Part> parts = parts(batch);
        boolean seenWhole = microPairs >= pairs && parts.size() == 1;
        List<PairGradient> known = objective instanceof Objective.Pairwise || seenWhole
                ? List.of()
                : safeguards.guard(objective, measured(parts));
        return joined(replicas.map(
                parts,
                (replica, part) -> PreferencePass.backward(
                        replica.denoiser(),
                        replica.policy(),
                        reference(replica),
                        part.batch(),
                        objective,
                        safeguards,
                        microPairs,
                        pairs,
                        known.isEmpty()
                                ? known
                                : known.subList(
                                        part.share().from(), part.share().to()))));
    }

    /** The same for DiffusionNFT, whose old policy is the lagged one. */
    PreferencePass backward(Nft nft, NoisedPairs batch) {
        return joined(replicas.map(
                parts(batch),
                (replica, part) -> NftPass.backward(
                        replica.denoiser(),
                        replica.policy(),
                        replica.lagged(),
                        reference(replica),
                        part.batch(),
                        nft,
                        microPairs,
                        batch.pairs())));
    }

    private PreferencePass joined(List<PreferencePass> passes) {
        replicas.gather();
        return PreferencePass.joined(passes);
    }

    private List<PairErrors> measured(List<Part> parts) {
        return replicas
                .map(
                        parts,
                        (replica, part) -> PreferencePass.measured(
                                replica.denoiser(), replica.policy(), reference(replica), part.batch(), microPairs))
                .stream()
                .flatMap(List::stream)
                .toList();
    }

    private @Nullable Adapter reference(Replica replica) {
        return plainReference ? null : replica.reference();
    }

    /**
     * Some pairs of a batch, on the device of the replica they are for.
     *
     * @param share which of them
     */
    private record Part(Replicas.Share share, NoisedPairs batch) {}

    private List<Part> parts(NoisedPairs batch) {
        List<Replicas.Share> shares = replicas.shares(batch.pairs());
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < shares.size(); i++) {
            Replicas.Share share = shares.get(i);
            parts.add(new Part(share, batch.of(share.from(), share.to()).to(replicas.device(i))));
        }
        return parts;
    }
}
