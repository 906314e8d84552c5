package dev.realalign.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.pipeline.Sampler;
import dev.realalign.diffusion.schedule.FlowSchedule;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TrajectoriesTest {
    private static DiffusionModel model;
    private static LoraAdapter adapter;

    @BeforeAll
    static void load() {
        model = TinyPhoto.load();
        adapter = LoraAdapter.create(model.denoiser(), new LoraConfig(2, 2), 7);
    }

    @AfterAll
    static void close() {
        if (model != null) {
            adapter.close();
            model.close();
        }
    }

    @Test
    void twenty_evaluations_of_phase_p_visit_timesteps_50_k_plus_p() {
        Trajectories published = new Trajectories(model.schedule(), 20);
        assertThat(published.stride()).isEqualTo(50);
        assertThat(published.plan(37).timesteps())
                .containsExactly(IntStream.range(0, 20)
                        .mapToDouble(i -> 50 * (19 - i) + 37)
                        .toArray());
        assertThat(new Trajectories(model.schedule(), 4).plan(0).timesteps()).containsExactly(750, 500, 250, 0);
    }

    @Test
    void in_rectified_flow_the_levels_run_from_noise_to_image_through_the_shifted_schedule() {
        FlowSchedule schedule = new FlowSchedule(1000, 3);
        List<NoiseLevel> levels = new Trajectories(schedule, 4).plan(10).levels();
        for (int i = 0; i < 4; i++) {
            assertThat(levels.get(i).noise())
                    .isCloseTo(schedule.level(250 * i + 10).noise(), Offset.offset(1e-12));
        }
    }

    @Test
    void trajectories_side_by_side_are_those_of_the_sampler_one_by_one() {
        Trajectories trajectories = new Trajectories(model.schedule(), 5);
        List<Integer> phases = List.of(3, 150);
        try (TensorScope scope = TensorScope.open()) {
            Conditioning captions = model.encodePrompts(List.of("a red car", ""));
            Tensor start = Tensor.randn(5, 2, 3, 32, 32);
            Tensor together = trajectories.samples(model.denoiser(), adapter, captions, start, phases);
            Trajectories.Points points = trajectories.points(
                    model.denoiser(),
                    adapter,
                    captions,
                    start,
                    phases,
                    List.of(
                            new Trajectories.Wanted(1, 3),
                            new Trajectories.Wanted(0, 0),
                            new Trajectories.Wanted(1, 1)));
            for (int g = 0; g < 2; g++) {
                Conditioning one = captions.rows(g);
                List<Tensor> seen = new ArrayList<>();
                List<Tensor> said = new ArrayList<>();
                model.denoiser().use(adapter);
                Tensor alone = new Sampler(
                                trajectories.plan(phases.get(g)),
                                (sample, level) -> model.denoiser()
                                        .predict(sample, Tensor.of(new double[] {level.timestep()}), one),
                                i -> start)
                        .run(start.slice(0, g, g + 1L), new Sampler.Listener() {
                            @Override
                            public void evaluated(int i, NoiseLevel level, Tensor sample, Tensor output) {
                                seen.add(sample.copy().unscoped());
                                said.add(output.copy().unscoped());
                            }
                        });
                assertThat(furthest(together.slice(0, g, g + 1L), alone)).isLessThan(1e-4);
                if (g == 0) {
                    assertThat(furthest(points.noisy().slice(0, 1, 2), seen.get(0)))
                            .isZero();
                } else {
                    assertThat(furthest(points.noisy().slice(0, 0, 1), seen.get(3)))
                            .isLessThan(1e-4);
                    assertThat(furthest(points.output().slice(0, 0, 1), said.get(3)))
                            .isLessThan(1e-4);
                    assertThat(furthest(points.output().slice(0, 2, 3), said.get(1)))
                            .isLessThan(1e-4);
                }
                seen.forEach(Tensor::close);
                said.forEach(Tensor::close);
            }
            assertThat(points.levels().stream().map(NoiseLevel::timestep)).containsExactly(350.0, 803.0, 750.0);
        }
    }

    private static double furthest(Tensor a, Tensor b) {
        return a.sub(b).abs().max().item();
    }
}
