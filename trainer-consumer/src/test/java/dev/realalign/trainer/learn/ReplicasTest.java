package dev.realalign.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.tensor.TorchEngine;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReplicasTest {
    private static final EngineSettings THREE =
            new EngineSettings(List.of(Device.CPU, Device.CPU, Device.CPU), ElementType.F32, false);

    private static DiffusionModel model;

    private LoraAdapter adapter;
    private Replica own;

    @BeforeAll
    static void load() {
        model = TinyPhoto.load();
    }

    @AfterAll
    static void close() {
        if (model != null) {
            model.close();
        }
    }

    @BeforeEach
    void create() {
        adapter = LoraAdapter.create(model.denoiser(), new LoraConfig(2, 2), 7);
        own = new Replica(model.denoiser(), adapter, adapter, adapter, adapter);
    }

    @AfterEach
    void free() {
        adapter.close();
    }

    @Test
    void shares_are_even_in_order_and_never_empty() {
        try (Replicas replicas = new Replicas(own, THREE)) {
            assertThat(replicas.shares(8))
                    .containsExactly(new Replicas.Share(0, 2), new Replicas.Share(2, 5), new Replicas.Share(5, 8));
            assertThat(replicas.shares(3))
                    .containsExactly(new Replicas.Share(0, 1), new Replicas.Share(1, 2), new Replicas.Share(2, 3));
            assertThat(replicas.shares(2)).containsExactly(new Replicas.Share(0, 1), new Replicas.Share(1, 2));
        }
    }

    @Test
    void each_part_is_worked_on_by_its_own_replica_on_its_own_thread() {
        try (Replicas replicas = new Replicas(own, THREE)) {
            CountDownLatch allAtWork = new CountDownLatch(3);
            List<String> threads = replicas.map(List.of("a", "b", "c"), (replica, part) -> {
                allAtWork.countDown();
                try {
                    allAtWork.await(); // ends only if the parts are worked on at the same time
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                assertThat(replica.equals(own)).isEqualTo(part.equals("a"));
                return part + " " + Thread.currentThread().getName();
            });
            assertThat(threads)
                    .containsExactly(
                            "a " + Thread.currentThread().getName(), "b trainer-replica-1", "c trainer-replica-2");
        }
    }

    @Test
    void every_replica_computes_with_as_many_threads_as_were_set() {
        int before = TorchEngine.threads();
        TorchEngine.setThreads(before == 1 ? 2 : 1);
        try (Replicas replicas = new Replicas(own, THREE)) {
            assertThat(replicas.map(List.of(0, 1, 2), (replica, part) -> TorchEngine.threads()))
                    .containsOnly(TorchEngine.threads())
                    .doesNotContain(before);
        } finally {
            TorchEngine.setThreads(before);
        }
    }

    @Test
    void a_part_that_fails_is_thrown_when_all_others_have_ended() {
        try (Replicas replicas = new Replicas(own, THREE)) {
            AtomicBoolean ended = new AtomicBoolean();
            CountDownLatch failing = new CountDownLatch(1);
            assertThatThrownBy(() -> replicas.map(List.of(0, 1, 2), (replica, part) -> {
                        if (part == 0) {
                            failing.countDown();
                            throw new IllegalArgumentException("part 0");
                        }
                        if (part == 2) {
                            try {
                                failing.await();
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                            ended.set(true);
                        }
                        return part;
                    }))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("part 0");
            assertThat(ended).isTrue();
        }
    }

    @Test
    void the_others_follow_the_first_and_give_it_their_gradients() {
        long before = Tensor.liveCount();
        try (Replicas replicas = new Replicas(own, THREE);
                TensorScope scope = TensorScope.open()) {
            Tensor up = adapter.zeroAtStart().get(0);
            up.assignInPlace(Tensor.full(3, ElementType.F32, up.shape()));
            replicas.follow();
            List<Double> seen = replicas.map(List.of(1.0, 10.0, 100.0), (replica, factor) -> {
                Tensor leaf = replica.policy().zeroAtStart().get(0);
                Tensor loss = Autograd.withGrad(() -> leaf.mul(factor).sum());
                Autograd.backward(loss, Tensor.scalar(1));
                return leaf.max().item();
            });
            assertThat(seen).containsExactly(3.0, 3.0, 3.0);
            replicas.gather();
            assertThat(Autograd.gradient(up).max().item()).isEqualTo(111);
            replicas.gather();
            assertThat(Autograd.gradient(up).max().item()).as("given once").isEqualTo(111);
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }
}
