package dev.realalign.trainer.bench;

import dev.realalign.diffusion.bench.BenchmarkBatch;
import dev.realalign.diffusion.bench.BenchmarkNetworks;
import dev.realalign.diffusion.bench.Scale;
import dev.realalign.diffusion.bench.Workload;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.optim.AdamW;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import dev.realalign.trainer.learn.EngineSettings;
import dev.realalign.trainer.learn.NoisedPairs;
import dev.realalign.trainer.learn.Replica;
import dev.realalign.trainer.learn.Replicas;
import dev.realalign.trainer.learn.ReplicatedPass;
import dev.realalign.trainer.objective.Dpo;
import dev.realalign.trainer.objective.Safeguards;

/**
 * A step of Diffusion-DPO of a LoRA of rank 4 on the attention projections: the reference, which is the plain network, and
 * the policy predict the same noised pairs, and the policy's gradient is clipped and applied.
 */
public final class DpoStep implements Workload {
    static final LoraConfig LORA = new LoraConfig(4, 4);
    private static final long SEED = 1;
    private static final double BETA = 2000;
    private static final double LEARNING_RATE = 1e-5;
    private static final double CLIP = 1;

    private final EngineSettings engine;

    /**
     * @param engine in F32; its first device is the one that is measured on
     */
    public DpoStep(EngineSettings engine) {
        this.engine = engine;
    }

    @Override
    public String name() {
        return "dpo";
    }

    @Override
    public String description() {
        return "reference forward, policy forward and backward on half as many pairs; clip and AdamW on the LoRA";
    }

    @Override
    public Prepared prepare(Scale scale) {
        UNet2DConditionModel unet = BenchmarkNetworks.unet(scale.device());
        LoraAdapter policy = LoraAdapter.create(unet, LORA, SEED);
        BenchmarkBatch batch = BenchmarkBatch.of(unet, scale);
        NoisedPairs pairs =
                new NoisedPairs(batch.noisy(), batch.timesteps(), batch.target(), batch.conditioning(), batch.levels());
        AdamW optimizer = new AdamW(policy.parameters(), AdamW.Config.DEFAULT);
        Replicas replicas = new Replicas(new Replica(unet, policy, policy, policy, policy), engine);
        ReplicatedPass pass = new ReplicatedPass(replicas, pairs.pairs(), true);
        return new Prepared() {
            @Override
            public void step() {
                try (TensorScope scope = TensorScope.open()) {
                    replicas.follow();
                    pass.backward(new Dpo(BETA), Safeguards.NONE, pairs);
                }
                optimizer.clip(CLIP);
                optimizer.step(LEARNING_RATE);
                optimizer.clear();
            }

            @Override
            public void close() {
                replicas.close();
                optimizer.close();
                policy.close();
                batch.close();
                unet.close();
            }
        };
    }
}
